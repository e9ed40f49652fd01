/* Each captured ExecuTorch program, run on its float inputs, gives the captured float outputs, bit for bit.
 * Those came from tosa_reference_model in the NPU's place, with ExecuTorch's quantize and dequantize around.
 */
#include "formats/interface.h"
#include "npuscope/program.h"
#include "support/data.h"
#include "support/test.h"

static void check_outputs(const char *name, const ns_program_tensor *outputs, int count, ns_arena *arena)
{
    ns_error error = {0};
    for (int i = 0; i < count; i++) {
        char file[64];
        snprintf(file, sizeof file, "program_out%d.npy", i);
        ns_npy expected;
        ASSERT_OK(test_data_array(captured_path(name, file, arena), arena, &expected, &error));
        assert_int_equal(expected.type, NS_NPY_FLOAT32);
        assert_int_equal(outputs[i].scalar, NS_SCALAR_FLOAT32);
        assert_int_equal(outputs[i].count, expected.count);
        if (memcmp(outputs[i].data, expected.data, expected.count * sizeof(float)) == 0)
            continue;
        for (size_t k = 0; k < expected.count; k++)
            if (((float *)outputs[i].data)[k] != ((float *)expected.data)[k])
                fail_msg("%s: output %d, element %zu: %.9g, expected %.9g", name, i, k,
                         (double)((float *)outputs[i].data)[k], (double)((float *)expected.data)[k]);
    }
}

static void check_case(const char *name, const char *family, int *count)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    if (!strstr(name, family)) {
        ns_arena_free(arena);
        return;
    }
    ns_bytes file;
    ns_program *program = NULL;
    ASSERT_OK(test_data_read(captured_path(name, "program.pte", arena), arena, &file, &error));
    ASSERT_OK(ns_program_read(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &program, &error));
    const void *inputs[8];
    size_t sizes[8];
    const int input_count = ns_program_input_count(program);
    assert_in_range(input_count, 1, 8);
    for (int i = 0; i < input_count; i++) {
        char input[32];
        snprintf(input, sizeof input, "i%d.bin", i);
        ns_bytes bytes;
        ASSERT_OK(test_data_read(captured_path(name, input, arena), arena, &bytes, &error));
        inputs[i] = bytes.data;
        sizes[i] = bytes.size;
    }
    ns_program_tensor outputs[8];
    ns_program_statistics statistics;
    assert_in_range(ns_program_output_count(program), 1, 8);
    /* Twice: what a run leaves behind must not reach the next. */
    for (int run = 0; run < 2; run++) {
        if (ns_program_run(program, NULL, &(ns_program_inputs){input_count, inputs, sizes}, arena, outputs,
                           &statistics, &error) != NS_OK)
            fail_msg("%s: %s", name, error.message);
        assert_int_equal(statistics.delegate_calls, 1);
        check_outputs(name, outputs, ns_program_output_count(program), arena);
    }
    ++*count;
    ns_arena_free(arena);
}

static int check_family(const char *family)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    const char *const *names = NULL;
    int count = 0, checked = 0;
    ASSERT_OK(captured_list(arena, &names, &count, &error));
    for (int i = 0; i < count; i++)
        check_case(names[i], family, &checked);
    ns_arena_free(arena);
    return checked;
}

/* 127 cases were captured: 61 for U55 and 66 for U85. */
static void test_u55_programs(void **state)
{
    (void)state;
    assert_int_equal(check_family("_u55_"), 61);
}

static void test_u85_programs(void **state)
{
    (void)state;
    assert_int_equal(check_family("_u85_"), 66);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_u55_programs),
        cmocka_unit_test(test_u85_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
