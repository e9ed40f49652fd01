/* TFLite models compiled by Vela: the simulator's outputs equal those of LiteRT's reference kernels.
 *
 * tests/data/npu/tflite/<model>: in0.npy, LiteRT's out0.npy, and streams <accelerator>_v<version>_vela.npz,
 * made by tests/conformance/tflite. 4.5.0 is Vela's legacy core, which is also in 5.1.0. */
#include "npu/captured.h"

#include "npu/stream.h"

static int check_model(const char *root, const char *name)
{
    char folder[1024];
    snprintf(folder, sizeof folder, "%s/%s", root, name);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int streams = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strncmp(entry->d_name, "ethos-", 6) != 0)
            continue;
        ns_error error = {0};
        const int64_t differing = run_case(folder, "", entry->d_name, NS_ACCELERATOR_UNKNOWN, &error);
        if (differing < 0)
            fail_msg("%s %s: %s", name, entry->d_name, error.message);
        if (differing > 0)
            fail_msg("%s %s: %lld elements differ", name, entry->d_name, (long long)differing);
        streams++;
    }
    closedir(dir);
    return streams;
}

static void equal_to_reference_kernels(void **state)
{
    (void)state;
    char root[512];
    test_data(root, sizeof root, "npu/tflite");
    DIR *dir = opendir(root);
    assert_non_null(dir);
    int streams = 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            streams += check_model(root, entry->d_name);
    closedir(dir);
    assert_true(streams >= 14);
}

/* The legacy core gives fast scratch the region and the size of scratch when both are one memory. */
static void one_memory_for_both_scratches(void **state)
{
    (void)state;
    char path[512];
    ns_error error = {0};
    ns_arena *arena = ns_arena_new();
    ns_bytes file;
    ns_npu_stream *stream;
    test_data(path, sizeof path, "npu/tflite/softmax_int8/ethos-u55-128_v4.5.0_vela.npz");
    ASSERT_OK(ns_file_read(path, arena, &file, &error));
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
