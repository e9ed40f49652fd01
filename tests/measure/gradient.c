/* Derivatives against differences of results, by every element of every input. */
#include "measure/interface.h"

#include <math.h>

#include "catalogue/interface.h"
#include "ir/interface.h"
#include "support/arena.h"
#include "support/test.h"

static double result_of(const ns_aten_program *program, const ns_tensor *inputs, size_t element)
{
    double **values;
    ns_error error;
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, inputs, arena, &values, &error));
    return values[program->outputs[0]][element];
}

static void check(const char *op, const char *name, size_t element)
{
    const ns_suite_row *row = NULL;
    ns_aten_program *program = NULL;
    ns_tensor *inputs;
    double **values, **gradient;
    ns_error error;
    ASSERT_OK(ns_suite_find_row(&(ns_suite_row_name){"seed", op, name, "u85", NAN, -1}, arena, &row, &error));
    ASSERT_OK(ns_suite_quantise_row(row, 0, arena, &program, &inputs, &error));
    assert_true(ns_gradient_known(program));
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, inputs, arena, &values, &error));
    ASSERT_OK(ns_gradient(program, values, element, arena, &gradient, &error));
    double largest = 0;
    for (int i = 0; i < program->input_count; i++)
        for (size_t e = 0; e < ns_tensor_count(&inputs[i]); e++) {
            float *x = &((float *)inputs[i].data)[e];
            const float before = *x;
            /* Results are of degree one or two in an element: the difference of both sides is exact. */
            *x = before + 0.125f;
            const double up = result_of(program, inputs, element), right = (double)*x;
            *x = before - 0.125f;
            const double slope = (up - result_of(program, inputs, element)) / (right - (double)*x);
            *x = before;
            assert_true(fabs(slope - gradient[program->inputs[i]][e]) <= 1e-6 * fmax(1, fabs(slope)));
            largest = fmax(largest, fabs(slope));
        }
    assert_true(largest > 0);
}

static void test_sums_of_products(void **state)
{
    (void)state;
    check("bmm", "same_shape", 1);
    check("mean.dim", "dims_minus321", 0);
    check("mean.dim", "dim_minus1", 34);
    check("var", "rank3_correction0", 0);
    check("conv1d", "k3_dilation2_per_channel", 130);
    check("conv1d", "k3_depthwise_per_tensor", 511);
}

static void test_other_operators(void **state)
{
    (void)state;
    const ns_suite_row *row = NULL;
    ns_aten_program *program = NULL;
    ns_tensor *inputs;
    double **values, **gradient;
    ns_error error;
    ASSERT_OK(
        ns_suite_find_row(&(ns_suite_row_name){"seed", "exp", "rank1", "u85", NAN, -1}, arena, &row, &error));
    ASSERT_OK(ns_suite_quantise_row(row, 0, arena, &program, &inputs, &error));
    assert_false(ns_gradient_known(program));
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, inputs, arena, &values, &error));
    assert_int_equal(ns_gradient(program, values, 0, arena, &gradient, &error), NS_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "aten.exp.default"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_of_products),
        cmocka_unit_test(test_other_operators),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
