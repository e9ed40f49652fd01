/* conv3d: sums that are counted by hand; what Ethos-U55 is kept from. (Recorded graphs:
 * tests/recorded/lowered.py.) */
#include "support/test.h"

#include <string.h>

#include "ir/interface.h"
#include "lower/interface.h"
#include "support/aten.h"

/* A kernel of ones, [1, 1, d, h, w], over 1, 2, .. 12 in [1, 1, 3, 2, 2]. */
static ns_code build(ns_arena *arena, const int64_t kernel[5], int64_t padding, ns_aten_program **program,
                     ns_error *error)
{
    static const float ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    static const int64_t shape[5] = {1, 1, 3, 2, 2};
    int nodes[3] = {0, 0, -1}, node;
    NS_TRY(ns_aten_program_new(arena, program, error));
    NS_TRY(ns_aten_add_input(*program, "x", 5, shape, &nodes[0], error));
    NS_TRY(ns_aten_add_parameter(*program, "w", 5, kernel, ones, &nodes[1], error));
    NS_TRY(ns_aten_call(*program, &ns_aten_op_conv3d, 3, nodes,
                        NS_ARGUMENTS({"padding", NS_INTS(1, &padding)}), &node, error));
    return ns_aten_add_output(*program, node, error);
}

static void test_sums(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *arena = ns_arena_new();
    ns_aten_program *program;
    float x[12];
    double **values;
    for (int i = 0; i < 12; i++)
        x[i] = (float)(i + 1);
    const ns_tensor input = {.dtype = NS_DTYPE_FP32, .rank = 5, .shape = {1, 1, 3, 2, 2}, .data = x};
    ASSERT_OK(build(arena, (int64_t[]){1, 1, 2, 2, 2}, 0, &program, &error));
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, &input, arena, &values, &error));
    assert_true(values[2][0] == 36 && values[2][1] == 68); /* 1 + .. + 8, 5 + .. + 12 */
    ASSERT_OK(build(arena, (int64_t[]){1, 1, 2, 2, 2}, 1, &program, &error));
    assert_int_equal(ns_aten_count(&program->nodes[2]), 4 * 3 * 3);
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, &input, arena, &values, &error));
    assert_true(values[2][0] == 1 && values[2][4] == 10 && values[2][13] == 36 && values[2][35] == 12);
    ns_arena_free(arena);
}

static void test_u55(void **state)
{
    (void)state;
    ns_error error;
    ns_arena *arena = ns_arena_new();
    ns_aten_program *program;
    ASSERT_OK(build(arena, (int64_t[]){1, 1, 2, 2, 1}, 0, &program, &error));
    ASSERT_OK(ns_lower_supported(program, NS_TARGET_U55, &error));
    ASSERT_OK(build(arena, (int64_t[]){1, 1, 2, 2, 2}, 0, &program, &error));
    assert_int_equal(ns_lower_supported(program, NS_TARGET_U55, &error), NS_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "needs to have kernel_z==1, got 2"));
    ASSERT_OK(ns_lower_supported(program, NS_TARGET_U85, &error));
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums), cmocka_unit_test(test_u55)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
