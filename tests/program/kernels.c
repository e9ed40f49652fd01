/* Kernels outside the NPU: programs without a delegate give what ExecuTorch 1.5.0's own runtime gave, bit for
 * bit (scripts/record-program). */
#include "program/internal.h"
#include "support/data.h"
#include "support/test.h"

/* Runs the case once for each result that is a tensor, made a constant. */
static int refused_constants(const char *name)
{
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_program *program = NULL;
    ns_program_inputs inputs;
    ns_program_tensor outputs[PROGRAM_CASE_OUTPUTS];
    int count = 0;
    ASSERT_OK(program_case_read(name, arena, &program, &inputs, &error));
    for (int i = 0; i < program->chains[0].instruction_count; i++) {
        const ns_instruction *instruction = &program->chains[0].instructions[i];
        const bool kernel = instruction->kind == NS_INSTRUCTION_KERNEL;
        const int result = kernel ? instruction->arguments[instruction->argument_count - 1] : 0;
        if (!kernel || program->values[result].kind != NS_VALUE_TENSOR)
            continue;
        const ns_value_plan before = program->plans[result];
        uint8_t *bytes = ns_arena_alloc(arena, program->values[result].as.tensor.capacity, 1);
        program->plans[result] = (ns_value_plan){.home = NS_HOME_CONSTANT, .initial = bytes};
        assert_int_equal(ns_program_run(program, NULL, &inputs, arena, outputs, NULL, &error),
                         NS_ERROR_INPUT);
        if (!strstr(error.message, "constant of the program"))
            fail_msg("%s, instruction %d: %s", name, i, error.message);
        for (size_t k = 0; k < program->values[result].as.tensor.capacity; k++)
            assert_int_equal(bytes[k], 0);
        program->plans[result] = before;
        count++;
    }
    ns_arena_free(arena);
    return count;
}

static void test_elementwise(void **state)
{
    (void)state;
    program_case_check("add", 4);
    program_case_check("integers", 6);
    program_case_check("compare", 10);
    program_case_check("clamp", 5);
}

static void test_layout(void **state)
{
    (void)state;
    program_case_check("layout", 7);
    program_case_check("memory_format", 3);
    program_case_check("full", 3);
}

static void test_index(void **state)
{
    (void)state;
    program_case_check("index", 4);
}

/* Inputs 1 and 3 are numbers, which the program holds: what the caller gives for them is not read. */
static void test_numbers(void **state)
{
    (void)state;
    program_case_check("numbers", 2);
}

static void test_sums(void **state)
{
    (void)state;
    program_case_check("mean", 4);
    program_case_check("bmm", 1);
    program_case_check("pool", 4);
    program_case_check("batch_norm", 1);
}

/* For each integer type; axes from the front and the back; an input in channels-last order; scales of float32
 * and zero points of int32. */
static void test_quantize_per_channel(void **state)
{
    (void)state;
    program_case_check("quantize_channel", 6);
    program_case_check("dequantize_channel", 4);
    program_case_check("dequantize_narrow", 3);
}

static void conv1d_arguments(void **state)
{
    (void)state;
    program_case_check("conv", 3);
    program_case_check("conv1d", 1);
}

/* Every operation's result is rounded to the tensor's type, as c10::Half and c10::BFloat16 do. */
static void test_half_precision(void **state)
{
    (void)state;
    program_case_check("float16", 5);
    program_case_check("bfloat16", 5);
    program_case_check("bmm_float16", 1);
    program_case_check("bmm_bfloat16", 1);
}

/* What CMSIS-NN makes of the same (scripts/executorch/cortex_m.py). */
static void test_cortex_m(void **state)
{
    (void)state;
    program_case_check("cortex_m_elementwise", 10);
    program_case_check("cortex_m_softmax", 7);
    program_case_check("cortex_m_conv", 11);
    program_case_check("cortex_m_pool", 6);
    program_case_check("cortex_m_product", 4);
}

/* Whatever kernel a program gives a constant of its own as the result, in place or not: it is refused, since
 * the next run would read what this one wrote. */
static void test_no_kernel_writes_a_constant(void **state)
{
    (void)state;
    static const char *const cases[] = {"add",
                                        "integers",
                                        "compare",
                                        "clamp",
                                        "layout",
                                        "full",
                                        "memory_format",
                                        "index",
                                        "mean",
                                        "bmm",
                                        "pool",
                                        "batch_norm",
                                        "conv",
                                        "conv1d",
                                        "quantize_channel",
                                        "cortex_m_conv",
                                        "cortex_m_pool",
                                        "cortex_m_product",
                                        "dequantize_channel",
                                        "cortex_m_elementwise",
                                        "cortex_m_softmax"};
    int tried = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        tried += refused_constants(cases[i]);
    assert_true(tried > 100);
}

/* A program for up to [4, 9, 6], given [2, 5, 6]. */
static void test_dynamic_shapes(void **state)
{
    (void)state;
    static const int64_t given[] = {2, 5, 6}, whole[] = {4, 9, 6}, more[] = {2, 10, 6};
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_program_tensor outputs[PROGRAM_CASE_OUTPUTS];
    ns_bytes file, input;
    ns_program *program = NULL;
    ASSERT_OK(test_data_read("program/dynamic/program.pte", arena, &file, &error));
    ASSERT_OK(test_data_read("program/dynamic/in0.bin", arena, &input, &error));
    ASSERT_OK(ns_program_read(file.data, file.size, NS_ACCELERATOR_UNKNOWN, arena, &program, &error));
    const ns_program_tensor *bound = ns_program_input(program, 0);
    assert_true(bound->dynamic);
    assert_memory_equal(bound->shape, whole, sizeof whole);
    const int64_t *shape = given;
    const ns_program_inputs inputs = {1, (const void *[]){input.data}, &input.size, &shape};
    ASSERT_OK(ns_program_run(program, NULL, &inputs, arena, outputs, NULL, &error));
    for (int i = 0; i < ns_program_output_count(program); i++)
        program_case_check_output("dynamic", i, &outputs[i], arena);
    shape = more;
    assert_int_equal(ns_program_run(program, NULL, &inputs, arena, outputs, NULL, &error), NS_ERROR_INPUT);
    assert_string_equal(error.message, "input 0: dim 1 is 10, at most 9");
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elementwise),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_quantize_per_channel),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(conv1d_arguments),
        cmocka_unit_test(test_half_precision),
        cmocka_unit_test(test_cortex_m),
        cmocka_unit_test(test_no_kernel_writes_a_constant),
        cmocka_unit_test(test_dynamic_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
