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

/* A device with less fast memory than the stream uses: an access beyond it is a fault. */
static void test_fast_scratch_too_small(void **state)
{
    (void)state;
    ns_arena *arena = ns_arena_new();
    ns_error error = {0};
    ns_program_tensor output;
    const ns_npu_options options = {.fast_scratch = 16};
    assert_int_equal(program_case_run("dedicated_sram", &options, 1, arena, &output, &error),
                     NS_ERROR_UNDEFINED);
    assert_non_null(strstr(error.message, "reach outside region 2, which has 0x10 bytes"));
    ns_arena_free(arena);
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

/* Arm's own Conformer on Ethos-U55: the mask of its attention is made on the CPU, between two delegates. */
static void test_conformer(void **state)
{
    (void)state;
    program_case_check("conformer_u55", 2);
}

/* A cache of keys and values that the program keeps: one row is scattered into each of two mutable buffers.
 */
static void test_mutable_buffers(void **state)
{
    (void)state;
    program_case_check("quantised_cache_u85", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fast_scratch), cmocka_unit_test(test_fast_scratch_too_small),
        cmocka_unit_test(test_mixed_graph),  cmocka_unit_test(test_several_delegates),
        cmocka_unit_test(test_conformer),    cmocka_unit_test(test_mutable_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
