#include "support/data.h"

#include "program/value.h"
#include "support/test.h"

static const char *case_path(const char *name, const char *file, ns_arena *arena)
{
    return ns_arena_format(arena, "program/%s/%s", name, file);
}

/* The tensor's elements in the order of its dims. */
static uint8_t *in_order(const ns_program_tensor *tensor, ns_arena *arena)
{
    const size_t size = (size_t)ns_scalar_bytes(tensor->scalar);
    uint8_t *out = ns_arena_alloc(arena, tensor->count, size);
    int64_t strides[NS_PROGRAM_MAX_RANK], index[NS_PROGRAM_MAX_RANK] = {0};
    ns_program_tensor_strides(tensor, strides);
    for (size_t i = 0; i < tensor->count; i++) {
        int64_t offset = 0;
        for (int d = 0; d < tensor->rank; d++)
            offset += index[d] * strides[d];
        memcpy(out + i * size, (const uint8_t *)tensor->data + (size_t)offset * size, size);
        for (int d = tensor->rank - 1; d >= 0 && ++index[d] == tensor->shape[d]; d--)
            index[d] = 0;
    }
    return out;
}

void program_case_check_output(const char *name, int index, const ns_program_tensor *output, ns_arena *arena)
{
    ns_error error = {0};
    ns_npy expected;
    char file[32];
    snprintf(file, sizeof file, "out%d.npy", index);
    ASSERT_OK(test_data_array(case_path(name, file, arena), arena, &expected, &error));
    /* NumPy has no bfloat16: its bits. */
    const ns_scalar scalar = output->scalar == NS_SCALAR_BFLOAT16 ? NS_SCALAR_UINT16 : output->scalar;
    assert_string_equal(ns_npy_type_text(expected.type), ns_scalar_text(scalar));
    assert_int_equal(expected.rank, output->rank);
    for (int d = 0; d < output->rank; d++)
        assert_int_equal(expected.shape[d], output->shape[d]);
    const uint8_t *is = in_order(output, arena), *wanted = expected.data;
    for (size_t i = 0; i < expected.count; i++)
        if (memcmp(is + i * expected.item_size, wanted + i * expected.item_size, expected.item_size) != 0)
            fail_msg("%s: output %d: element %zu of %zu differs", name, index, i, expected.count);
}

ns_code program_case_read(const char *name, ns_arena *arena, ns_program **program, ns_program_inputs *out,
                          ns_error *error)
{
    ns_bytes file;
    const void **inputs = NS_ARENA_ARRAY(arena, PROGRAM_CASE_INPUTS, const void *);
    size_t *sizes = NS_ARENA_ARRAY(arena, PROGRAM_CASE_INPUTS, size_t);
    NS_TRY(test_data_read(case_path(name, "program.pte", arena), arena, &file, error));
    NS_TRY(ns_program_read(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, program, error));
    const int input_count = ns_program_input_count(*program);
    assert_in_range(input_count, 1, PROGRAM_CASE_INPUTS);
    for (int i = 0; i < input_count; i++) {
        char input[32];
        ns_bytes bytes;
        snprintf(input, sizeof input, "in%d.bin", i);
        NS_TRY(test_data_read(case_path(name, input, arena), arena, &bytes, error));
        inputs[i] = bytes.data;
        sizes[i] = bytes.size;
    }
    *out = (ns_program_inputs){input_count, inputs, sizes};
    return NS_OK;
}

ns_code program_case_run(const char *name, const ns_npu_options *options, int output_count, ns_arena *arena,
                         ns_program_tensor *outputs, ns_error *error)
{
    ns_program *program = NULL;
    ns_program_inputs inputs;
    NS_TRY(program_case_read(name, arena, &program, &inputs, error));
    assert_int_equal(ns_program_output_count(program), output_count);
    return ns_program_run(program, options, &inputs, arena, outputs, NULL, error);
}

void program_case_check(const char *name, int output_count)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_program_tensor outputs[PROGRAM_CASE_OUTPUTS];
    assert_in_range(output_count, 1, PROGRAM_CASE_OUTPUTS);
    if (program_case_run(name, NULL, output_count, arena, outputs, &error) != NS_OK)
        fail_msg("%s: %s", name, error.message);
    for (int i = 0; i < output_count; i++)
        program_case_check_output(name, i, &outputs[i], arena);
    ns_arena_free(arena);
}
