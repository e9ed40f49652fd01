/* Kernels outside the NPU: programs without a delegate give what ExecuTorch 1.5.0's own runtime gave, bit for
 * bit (scripts/record-program). */
#include "support/data.h"
#include "support/test.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
