/* A stream with variables says that they start at zero: TFLite's LSTM of 8 units, 5 steps of 6, int8,
 * compiled by Vela 4.5.0 for Ethos-U85. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(variables_are_warned_of),
                                       cmocka_unit_test(no_variables_no_warning)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
