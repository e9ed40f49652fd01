/* TFLite models compiled by Vela: the simulator's outputs equal those of LiteRT's reference kernels.
 *
 * tests/data/tflite_streams.zip, <model>: in0.npy, LiteRT's out0.npy, and streams
 * <accelerator>_v<version>_vela.npz, made by tests/conformance/tflite. 4.5.0 is Vela's legacy core, which is
 * also in 5.1.0. */
#include "npu/captured.h"

#include "npu/internal.h"

static int check_model(const char *name, ns_arena *arena)
{
    char folder[256];
    int streams = 0, count = 0;
    ns_error error = {0};
    const char *const *files = NULL;
    snprintf(folder, sizeof folder, "tflite_streams/%s", name);
    ASSERT_OK(test_data_list(folder, arena, &files, &count, &error));
    for (int i = 0; i < count; i++) {
        if (strncmp(files[i], "ethos-", 6) != 0)
            continue;
        const int64_t differing = run_case(folder, "", files[i], NS_ACCELERATOR_UNKNOWN, &error);
        if (differing < 0)
            fail_msg("%s %s: %s", name, files[i], error.message);
        if (differing > 0)
            fail_msg("%s %s: %lld elements differ", name, files[i], (long long)differing);
        streams++;
    }
    return streams;
}

static void equal_to_reference_kernels(void **state)
{
    (void)state;
    int streams = 0, count = 0;
    ns_error error = {0};
    const char *const *names = NULL;
    ns_arena *arena = ns_arena_new();
    ASSERT_OK(test_data_list("tflite_streams", arena, &names, &count, &error));
    for (int i = 0; i < count; i++)
        streams += check_model(names[i], arena);
    ns_arena_free(arena);
    assert_true(streams >= 14);
}

/* The legacy core gives fast scratch the region and the size of scratch when both are one memory. */
static void one_memory_for_both_scratches(void **state)
{
    (void)state;
    ns_error error = {0};
    ns_arena *arena = ns_arena_new();
    ns_bytes file;
    ns_npu_stream *stream;
    ASSERT_OK(
        test_data_read("tflite_streams/softmax_int8/ethos-u55-128_v4.5.0_vela.npz", arena, &file, &error));
    ASSERT_OK(ns_npu_load_npz(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &stream, &error));
    assert_int_equal(stream->scratch_region, 1);
    assert_int_equal(stream->scratch_fast_region, 2);
    assert_int_equal(stream->scratch_fast_size, 0);
    assert_int_equal(stream->scratch_size, 224);
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equal_to_reference_kernels),
                                       cmocka_unit_test(one_memory_for_both_scratches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
