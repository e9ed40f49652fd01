/* Programs of ExecuTorch's own tests, and of scripts/executorch/several_delegates.py, whose delegates use
 * what the captured cases do not. The expected outputs are those of tosa_reference_model in the NPU's place
 * (scripts/executorch/reference_in_place.py). */
#include "support/program_case.h"
#include "support/test.h"

/* Ethos-U65, memory mode Dedicated_Sram: intermediate results lie in region 2, which is larger than the
 * scratch memory and apart from it. */
static void test_fast_scratch(void **state)
{
    (void)state;
    program_case_check("dedicated_sram", 1);
}

/* Conversions from and to int32 on the CPU around the delegate; int32 inputs. */
static void test_mixed_graph(void **state)
{
    (void)state;
    program_case_check("mixed_graph", 1);
}

/* Two delegates and a convolution on the CPU between them; each delegate's results feed others, or are
 * outputs. */
static void test_several_delegates(void **state)
{
    (void)state;
    program_case_check("several_delegates_u55_a16w8", 2);
    program_case_check("several_delegates_u65_int8", 2);
    program_case_check("several_delegates_u85_a16w8", 2);
    program_case_check("several_delegates_u85_int8", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fast_scratch),
        cmocka_unit_test(test_mixed_graph),
        cmocka_unit_test(test_several_delegates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
