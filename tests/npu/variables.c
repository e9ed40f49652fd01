/* Variables: where the container has their zero points they start there, and are kept from run to run:
 * TFLite's LSTM of 20 units, three frames of 2 steps of 28, Vela 5.1.0 for Ethos-U55, against TFLite Micro
 * (tflite-micro 0.dev20261023182759). Elsewhere a stream says that they start at zero: TFLite's LSTM of 8
 * units, 5 steps of 6, int8, zero point of the state 13, compiled by Vela 4.5.0 for Ethos-U85. */
#include "npu/captured.h"

typedef struct warnings {
    int count;
    bool named;
} warnings;

static void keep_warning(void *context, const char *text)
{
    warnings *kept = context;
    kept->count++;
    kept->named = strstr(text, "variables") && strstr(text, "start at zero");
}

static void run_file(const char *folder, const char *name, warnings *kept)
{
    char relative[128];
    ns_bytes file;
    ns_npu_stream *stream;
    ns_tensor input, output;
    ns_error error = {0};
    ns_arena *arena = ns_arena_new();
    ns_npu_options options = {.cpu_mask = ns_cpu_detect(), .message = keep_warning, .context = kept};
    snprintf(relative, sizeof relative, "%s/%s", folder, name);
    ASSERT_OK(test_data_read(relative, arena, &file, &error));
    ASSERT_OK(ns_npu_load_npz(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error));
    assert_int_equal(ns_npu_input_count(stream), 1);
    ASSERT_OK(load(folder, "in", 0, arena, &input, &error));
    ASSERT_OK(ns_npu_run(stream, &options, &input, 1, arena, &output, NULL, &error));
    ns_arena_free(arena);
}

static void variables_are_warned_of(void **state)
{
    (void)state;
    warnings kept = {0};
    run_file("variables/lstm", "stream.npz", &kept);
    assert_int_equal(kept.count, 1);
    assert_true(kept.named);
}

static void no_variables_no_warning(void **state)
{
    (void)state;
    warnings kept = {0};
    run_file("vela_versions/u85_dense_scales", "right-5.0.0.npz", &kept);
    assert_int_equal(kept.count, 0);
}

static ns_npu_stream *load_frames(ns_arena *arena, ns_tensor *input, ns_tensor *expected)
{
    ns_bytes file;
    ns_npu_stream *stream;
    ns_error error = {0};
    ASSERT_OK(test_data_read("variables/lstm_frames/stream.npz", arena, &file, &error));
    ASSERT_OK(ns_npu_load_npz(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error));
    ASSERT_OK(load("variables/lstm_frames", "in", 0, arena, input, &error));
    ASSERT_OK(load("variables/lstm_frames", "out", 0, arena, expected, &error));
    return stream;
}

/* The tensor's frame `index` of [3, ...]. */
static ns_tensor frame_of(const ns_tensor *tensor, int index)
{
    ns_tensor frame = {.dtype = tensor->dtype, .rank = tensor->rank - 1};
    memcpy(frame.shape, tensor->shape + 1, (size_t)frame.rank * sizeof frame.shape[0]);
    frame.data = (uint8_t *)tensor->data + (size_t)index * ns_tensor_count(&frame);
    return frame;
}

static void variables_start_at_zero_points_and_are_kept(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_tensor input, expected, variables[2], output;
    warnings kept = {0};
    ns_npu_stream *stream = load_frames(arena, &input, &expected);
    assert_int_equal(ns_npu_variable_count(stream), 2);
    assert_int_equal(ns_npu_variable(stream, 0)->zero_point, -12);
    assert_int_equal(ns_npu_variable(stream, 1)->element_bytes, 2);
    assert_true(ns_npu_input(stream, 0)->scale > 0.00392 && ns_npu_input(stream, 0)->scale < 0.00393);
    ASSERT_OK(ns_npu_make_variables(stream, arena, variables, &error));
    assert_int_equal(((int8_t *)variables[0].data)[19], -12);
    ns_npu_options options = {.cpu_mask = ns_cpu_detect(),
                              .message = keep_warning,
                              .context = &kept,
                              .check = true,
                              .variables = variables};
    for (int f = 0; f < 3; f++) {
        const ns_tensor in = frame_of(&input, f), out = frame_of(&expected, f);
        ns_npu_statistics statistics;
        ASSERT_OK(ns_npu_run(stream, &options, &in, 1, arena, &output, &statistics, &error));
        assert_memory_equal(output.data, out.data, ns_tensor_count(&out));
        assert_int_equal(statistics.signs + statistics.possible_signs, 0);
    }
    options.variables = NULL;
    const ns_tensor again = frame_of(&input, 0), first = frame_of(&expected, 0);
    ASSERT_OK(ns_npu_run(stream, &options, &again, 1, arena, &output, NULL, &error));
    assert_memory_equal(output.data, first.data, ns_tensor_count(&first));
    assert_int_equal(kept.count, 0);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(variables_start_at_zero_points_and_are_kept),
                                       cmocka_unit_test(variables_are_warned_of),
                                       cmocka_unit_test(no_variables_no_warning)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
