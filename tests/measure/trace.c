#include "measure/interface.h"

#include "ir/interface.h"
#include "support/arena.h"
#include "support/aten.h"
#include "support/test.h"

/* A tensor whose element i is i. */
static ns_tensor counting(int rank, const int64_t *shape)
{
    ns_tensor tensor;
    ns_error error;
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_FP32, rank, shape, &tensor, &error));
    for (size_t i = 0; i < ns_tensor_count(&tensor); i++)
        ((float *)tensor.data)[i] = (float)i;
    return tensor;
}

static void assert_operand(const ns_suite_operand *operand, const char *name, size_t count, double first,
                           double minimum, double maximum)
{
    assert_string_equal(operand->name, name);
    assert_int_equal(operand->count, count);
    assert_true(operand->values[0] == first && operand->minimum == minimum && operand->maximum == maximum);
}

static void test_row_and_column_of_bmm(void **state)
{
    (void)state;
    const int64_t a[] = {2, 3, 4}, b[] = {2, 4, 5};
    ns_aten_program *program;
    ns_suite_operand *operands;
    int x, y, node, count;
    ns_error error;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_input(program, "x", 3, a, &x, &error));
    ASSERT_OK(ns_aten_add_input(program, "y", 3, b, &y, &error));
    ASSERT_OK(ns_aten_add_bmm(program, x, y, &node, &error));
    ASSERT_OK(ns_aten_add_output(program, node, &error));
    const ns_tensor inputs[] = {counting(3, a), counting(3, b)};
    /* Element [1, 2, 3]: row [1, 2] of x and column [1, :, 3] of y. */
    ASSERT_OK(ns_trace(program, inputs, 0, (1 * 3 + 2) * 5 + 3, arena, &operands, &count, &error));
    assert_int_equal(count, 2);
    assert_operand(&operands[0], "x", 4, 20, 20, 23);
    assert_operand(&operands[1], "y", 4, 23, 23, 38);
}

/* A circular pad, then a strided and dilated convolution in two groups, then gelu. */
static void test_window_of_conv1d(void **state)
{
    (void)state;
    const int64_t shape[] = {1, 4, 10}, weight_shape[] = {2, 2, 3};
    const float weights[12] = {0};
    ns_aten_program *program;
    ns_suite_operand *operands;
    int x, w, node, count;
    ns_error error;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_input(program, "x", 3, shape, &x, &error));
    ASSERT_OK(ns_aten_add_parameter(program, "w", 3, weight_shape, weights, &w, &error));
    ASSERT_OK(ns_aten_add_pad(program, x, 1, 1, NS_PAD_CIRCULAR, 0, &node, &error));
    ASSERT_OK(ns_aten_add_conv1d(program, &(conv1d_arguments){node, w, -1, 2, 0, 2, 2}, &node, &error));
    ASSERT_OK(ns_aten_add_gelu(program, node, false, &node, &error));
    ASSERT_OK(ns_aten_add_output(program, node, &error));
    assert_int_equal(program->nodes[node].shape[2], 4);
    const ns_tensor input = counting(3, shape);
    /* Element [0, 1, 0]: channels 2 and 3 at padded positions 0, 2, 4, which are 9, 1, 3. */
    ASSERT_OK(ns_trace(program, &input, 0, 4, arena, &operands, &count, &error));
    assert_int_equal(count, 1);
    assert_operand(&operands[0], "x", 6, 21, 21, 39);
    assert_int_equal(operands[0].shown, 4);
    assert_true(operands[0].values[1] == 23 && operands[0].values[2] == 29 && operands[0].values[3] == 31);
}

static void test_slice_of_a_mean(void **state)
{
    (void)state;
    const int64_t shape[] = {2, 3, 4};
    const int dims[] = {0, -1};
    ns_aten_program *program;
    ns_suite_operand *operands;
    int x, node, count;
    ns_error error;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_input(program, "x", 3, shape, &x, &error));
    ASSERT_OK(ns_aten_add_mean(program, x, 2, dims, false, &node, &error));
    ASSERT_OK(ns_aten_add_output(program, node, &error));
    const ns_tensor input = counting(3, shape);
    /* Element [1]: x[:, 1, :] is 4 to 7 and 16 to 19. */
    ASSERT_OK(ns_trace(program, &input, 0, 1, arena, &operands, &count, &error));
    assert_int_equal(count, 1);
    assert_operand(&operands[0], "x", 8, 4, 4, 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_and_column_of_bmm),
        cmocka_unit_test(test_window_of_conv1d),
        cmocka_unit_test(test_slice_of_a_mean),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
