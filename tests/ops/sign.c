/* sign, floor_divide, any.dim: values by definition; what sign and floor_divide decompose into computes the
 * same. */
#include "support/test.h"

#include <string.h>

#include "ir/interface.h"
#include "lower/interface.h"
#include "support/aten.h"

enum { COUNT = 6 };

static void check(const ns_aten_operator *op, int count, const float values[][COUNT], const double *expected)
{
    ns_error error;
    ns_arena *arena = ns_arena_new();
    ns_aten_program *program, *decomposed;
    ns_tensor inputs[2];
    double **got;
    int operands[2], node = 0;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    for (int i = 0; i < count; i++) {
        ASSERT_OK(ns_aten_add_input(program, NULL, 2, (int64_t[]){2, 3}, &operands[i], &error));
        inputs[i] =
            (ns_tensor){.dtype = NS_DTYPE_FP32, .rank = 2, .shape = {2, 3}, .data = (void *)values[i]};
    }
    ASSERT_OK(ns_aten_call(program, op, count, operands, NULL, &node, &error));
    ASSERT_OK(ns_aten_add_output(program, node, &error));
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, inputs, arena, &got, &error));
    for (int i = 0; i < COUNT; i++)
        assert_true(got[node][i] == expected[i]);
    ASSERT_OK(ns_aten_decompose(program, arena, &decomposed, &error));
    ASSERT_OK(ns_aten_evaluate(decomposed, NS_ATEN_IDEAL, inputs, arena, &got, &error));
    for (int i = 0; i < COUNT; i++)
        assert_true(got[decomposed->outputs[0]][i] == expected[i]);
    ns_arena_free(arena);
}

static void test_sign(void **state)
{
    (void)state;
    check(&ns_aten_op_sign, 1, (const float[][COUNT]){{-3, 0, 2.5f, 1e-9f, -1e-9f, 7}},
          (const double[]){-1, 0, 1, 1, -1, 1});
}

static void test_floor_divide(void **state)
{
    (void)state;
    check(&ns_aten_op_floor_divide, 2,
          (const float[][COUNT]){{7, -7, 6, 0.5f, -0.5f, 9}, {2, 2, 4, 1, 1, -2}},
          (const double[]){3, -4, 1, 0, -1, -5});
}

static void test_any(void **state)
{
    (void)state;
    ns_error error = {0};
    ns_arena *arena = ns_arena_new();
    ns_aten_program *program;
    double **got;
    int x = 0, node = 0;
    const int64_t last = -1;
    ns_tensor input;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_typed_input(program, "x", NS_DTYPE_BOOL, 2, (int64_t[]){2, 3}, &x, &error));
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_BOOL, 2, (int64_t[]){2, 3}, &input, &error));
    ns_tensor_set(&input, 4, 1);
    ASSERT_OK(ns_aten_call(program, &ns_aten_op_any, 1, &x, NS_ARGUMENTS({"dim", NS_INTS(1, &last)}), &node,
                           &error));
    assert_true(program->nodes[node].dtype == NS_DTYPE_BOOL && program->nodes[node].rank == 1);
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, &input, arena, &got, &error));
    assert_true(got[node][0] == 0 && got[node][1] == 1);
    ASSERT_OK(ns_lower_takes(program, node, NS_TARGET_U85, &error));
    assert_int_equal(ns_lower_takes(program, node, NS_TARGET_U55, &error), NS_ERROR_UNSUPPORTED);
    ASSERT_OK(ns_aten_add_input(program, "y", 2, (int64_t[]){2, 3}, &x, &error));
    assert_int_equal(ns_aten_call(program, &ns_aten_op_any, 1, &x, NULL, &node, &error),
                     NS_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "of numbers"));
    ns_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sign), cmocka_unit_test(test_floor_divide),
                                       cmocka_unit_test(test_any)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
