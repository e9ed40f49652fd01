/* What tests of whole streams share: streams captured from ExecuTorch, and what the reference
 * model gave for their graphs. */
#ifndef NS_TESTS_NPU_CAPTURED_H
#define NS_TESTS_NPU_CAPTURED_H

#include "support/test.h"

#include "formats/tflite.h"
#include "npuscope/cpu.h"
#include "npuscope/npu.h"
#include "support/data.h"

#define MAX_IO 4

static ns_code load(const char *folder, const char *file, int index, ns_arena *arena, ns_tensor *out,
                    ns_error *error)
{
    char path[1024];
    ns_npy array;
    static const ns_dtype dtypes[] = {
        [1] = NS_DTYPE_INT8, [2] = NS_DTYPE_INT16, [4] = NS_DTYPE_INT32, [8] = NS_DTYPE_INT64};
    snprintf(path, sizeof path, "%s/%s%d.npy", folder, file, index);
    NS_TRY(test_data_array(path, arena, &array, error));
    return ns_npy_to_tensor(&array, dtypes[array.item_size], out, error);
}

/* Elements of the stream `file_name` in folder `folder` of the test data that differ from its expected
 * outputs, or -1 with a message when the stream could not be run. Inputs and outputs are named
 * <prefix>in<k>.npy and <prefix>out<k>.npy. */
static int64_t run_case(const char *folder, const char *prefix, const char *file_name,
                        ns_accelerator accelerator, ns_error *error)
{
    char in_name[64], out_name[64];
    snprintf(in_name, sizeof in_name, "%sin", prefix);
    snprintf(out_name, sizeof out_name, "%sout", prefix);
    char path[1024];
    ns_bytes file;
    ns_npu_stream *stream;
    ns_tensor inputs[MAX_IO], outputs[MAX_IO], expected;
    ns_npu_options options = {.cpu_mask = ns_cpu_detect(), .strict_chip = true}; /* REDUCE_SUM_48_BRICK */
    ns_arena *arena = ns_arena_new();
    int64_t differing = -1;
    snprintf(path, sizeof path, "%s/%s", folder, file_name);
    if (test_data_read(path, arena, &file, error) != NS_OK)
        goto end;
    if ((ns_tflite_probe(file) ? ns_npu_load_tflite : ns_npu_load_npz)(file.data, file.size, accelerator,
                                                                       arena, &stream, error) != NS_OK)
        goto end;
    assert_in_range(ns_npu_input_count(stream), 1, MAX_IO);
    assert_in_range(ns_npu_output_count(stream), 1, MAX_IO);
    for (int i = 0; i < ns_npu_input_count(stream); i++)
        if (load(folder, in_name, i, arena, &inputs[i], error) != NS_OK)
            goto end;
    if (ns_npu_run(stream, &options, inputs, ns_npu_input_count(stream), arena, outputs, NULL, error) !=
        NS_OK)
        goto end;
    differing = 0;
    for (int i = 0; i < ns_npu_output_count(stream); i++) {
        if (load(folder, out_name, i, arena, &expected, error) != NS_OK) {
            differing = -1;
            goto end;
        }
        assert_int_equal(ns_tensor_count(&outputs[i]), ns_tensor_count(&expected));
        assert_int_equal(outputs[i].dtype, expected.dtype);
        for (size_t e = 0; e < ns_tensor_count(&expected); e++)
            differing += ns_tensor_get(&outputs[i], e) != ns_tensor_get(&expected, e);
    }
end:
    ns_arena_free(arena);
    return differing;
}

/* Runs every captured case whose name contains `product` ("_u55_"). */
static inline void captured_streams_are_exact(const char *product, ns_accelerator accelerator, int expected)
{
    char folder[1024];
    int streams = 0, failed = 0, count = 0;
    ns_error error = {0};
    const char *const *names = NULL;
    ns_arena *arena = ns_arena_new();
    ASSERT_OK(test_data_list("captured", arena, &names, &count, &error));
    for (int i = 0; i < count; i++) {
        if (!strstr(names[i], product))
            continue;
        snprintf(folder, sizeof folder, "captured/%s", names[i]);
        int64_t differing = run_case(folder, "delegate0_", "delegate0_vela.npz", accelerator, &error);
        streams++;
        if (differing != 0) {
            failed++;
            print_error("%s: %lld elements differ%s%s\n", names[i], (long long)differing,
                        differing < 0 ? ": " : "", differing < 0 ? error.message : "");
        }
    }
    ns_arena_free(arena);
    print_message("%d streams\n", streams);
    assert_true(streams >= expected);
    assert_int_equal(failed, 0);
}

#endif
