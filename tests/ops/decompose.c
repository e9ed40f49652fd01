/* Decomposed programs compute what the originals compute, in exact reals up to the float32 constants, for all
 * ranks, dims and corrections. (That they have ExecuTorch's shape is tested in tests/quant.)
 * sign, floor_divide, any.dim: values by definition. */
#include "support/test.h"

#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "ir/interface.h"
#include "lower/interface.h"
#include "npuscope/eval.h"
#include "quant/interface.h"
#include "support/aten.h"

static void compare(ns_aten_program *program, const ns_tensor *input, ns_arena *arena, int node)
{
    ns_error error;
    ns_aten_program *decomposed;
    double **expected, **got;
    ASSERT_OK(ns_aten_add_output(program, node, &error));
    ASSERT_OK(ns_aten_decompose(program, arena, &decomposed, &error));
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, input, arena, &expected, &error));
    ASSERT_OK(ns_aten_evaluate(decomposed, NS_ATEN_IDEAL, input, arena, &got, &error));
    int result = decomposed->outputs[0];
    size_t count = ns_aten_count(&program->nodes[node]);
    assert_int_equal(ns_aten_count(&decomposed->nodes[result]), count);
    for (int n = 0; n < decomposed->node_count; n++) {
        assert_true(decomposed->nodes[n].op != &ns_aten_op_mean_dim);
        assert_true(decomposed->nodes[n].op != &ns_aten_op_var);
    }
    for (size_t i = 0; i < count; i++) {
        /* The constants 1 / n are float32: 2^-24 relative, of terms below 1. */
        if (fabs(got[result][i] - expected[node][i]) > 0x1p-21)
            fail_msg("element %zu is %g, expected %g", i, got[result][i], expected[node][i]);
    }
}

static void reductions(void **state)
{
    (void)state;
    ns_error error;
    static const int64_t dims_of[] = {2, 3, 1, 4, 2};
    ns_random random = {5};
    int cases = 0;
    for (int rank = 1; rank <= 5; rank++) {
        for (int mask = 0; mask < 1 << rank; mask++) {
            for (int variant = 0; variant < 8; variant++) {
                ns_arena *arena = ns_arena_new();
                ns_aten_program *program;
                ns_tensor tensor;
                int x, node, dims[5], dim_count = 0;
                int64_t n = 1;
                for (int d = 0; d < rank; d++) {
                    if (mask >> d & 1)
                        dims[dim_count++] = variant & 1 ? d : d - rank;
                    if (mask == 0 || mask >> d & 1)
                        n *= dims_of[d];
                }
                ASSERT_OK(ns_aten_program_new(arena, &program, &error));
                ASSERT_OK(ns_aten_add_input(program, "x", rank, dims_of, &x, &error));
                ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_FP32, rank, dims_of, &tensor, &error));
                for (size_t i = 0; i < ns_tensor_count(&tensor); i++)
                    ((float *)tensor.data)[i] = (float)ns_random_unit(&random);
                double correction = variant >> 1 == 1 ? 0 : variant >> 1 == 2 ? 0.5 : 1;
                bool keepdim = ns_random_u64(&random) & 1;
                if (variant < 2)
                    ASSERT_OK(ns_aten_add_mean(program, x, dim_count, dims, keepdim, &node, &error));
                else
                    ASSERT_OK(
                        ns_aten_add_var(program, x, dim_count, dims, correction, keepdim, &node, &error));
                if (variant < 2 || (double)n > correction) {
                    compare(program, &tensor, arena, node);
                    cases++;
                } else {
                    ns_aten_program *decomposed;
                    ASSERT_OK(ns_aten_add_output(program, node, &error));
                    assert_int_equal(ns_aten_decompose(program, arena, &decomposed, &error),
                                     NS_ERROR_UNSUPPORTED);
                }
                ns_arena_free(arena);
            }
        }
    }
    assert_true(cases > 400);
}

/* ---- every reduction over every set of axes, ranks to 6, with and without the axes, as a graph ---- */

enum { RANK = 6 };

static const int64_t sizes[RANK] = {2, 3, 1, 4, 2, 3};

/* x of the first `rank` sizes, drawn, or truth values. */
static ns_tensor draw(ns_arena *arena, ns_random *random, ns_dtype dtype, int rank)
{
    ns_error error;
    ns_tensor tensor;
    ASSERT_OK(ns_tensor_new(arena, dtype, rank, sizes, &tensor, &error));
    for (size_t i = 0; i < ns_tensor_count(&tensor); i++)
        if (dtype == NS_DTYPE_FP32)
            ((float *)tensor.data)[i] = (float)(2 * ns_random_unit(random) - 1);
        else
            ns_tensor_set(&tensor, i, ns_random_u64(random) % 8 == 0);
    return tensor;
}

/* Steps of the result's scale by which the lowered graph's integers are off the quantised program. */
static double steps_off(ns_aten_program *program, const ns_tensor *input, ns_arena *arena)
{
    ns_error error;
    ns_aten_program *decomposed;
    ns_graph *graph;
    ns_tensor codes, result;
    double **values, most = 0;
    const ns_quantise_options quantise = NS_QUANTISE_DEFAULTS;
    const ns_eval_options options = {0};
    ASSERT_OK(ns_aten_decompose(program, arena, &decomposed, &error));
    ASSERT_OK(ns_quantise_program(decomposed, &quantise, 1, input, &error));
    ASSERT_OK(ns_lower(decomposed, NS_TARGET_U85, &graph, &error));
    const ns_aten_node *x = &decomposed->nodes[decomposed->inputs[0]];
    const int out = decomposed->outputs[0];
    const ns_aten_node *y = &decomposed->nodes[out];
    codes = *input;
    if (x->quantisation.present) {
        int32_t *integers = NS_ARENA_ARRAY(arena, ns_aten_count(x), int32_t);
        ASSERT_OK(ns_quantise_values(&x->quantisation, x->rank, x->shape, input->data, integers, &error));
        ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_INT16, x->rank, x->shape, &codes, &error));
        for (size_t i = 0; i < ns_aten_count(x); i++)
            ns_tensor_set(&codes, i, integers[i]);
    }
    ASSERT_OK(ns_eval(graph, &options, &codes, 1, arena, &result, &error));
    ASSERT_OK(ns_aten_evaluate(decomposed, NS_ATEN_QUANTISED, input, arena, &values, &error));
    assert_int_equal(ns_tensor_count(&result), ns_aten_count(y));
    assert_int_equal(result.rank, y->rank);
    for (size_t i = 0; i < ns_aten_count(y); i++) {
        const double scale = y->quantisation.present ? (double)y->quantisation.scales[0] : 1;
        most = fmax(most, fabs((double)ns_tensor_get(&result, i) - values[out][i] / scale));
    }
    ns_graph_free(graph);
    return most;
}

/* Both round once where the operator computes once; mean and var do so at each of their steps. */
static void every_reduction(void **state)
{
    (void)state;
    static const struct {
        const ns_aten_operator *op;
        double steps;
    } ops[] = {{&ns_aten_op_amax, 0.01}, {&ns_aten_op_amin, 0.01},     {&ns_aten_op_any, 0},
               {&ns_aten_op_sum, 1.01},  {&ns_aten_op_mean_dim, 2.01}, {&ns_aten_op_var, 3.01}};
    ns_random random = {7};
    for (size_t o = 0; o < sizeof ops / sizeof ops[0]; o++)
        for (int rank = 1; rank <= RANK; rank++)
            for (int mask = 1; mask < 1 << rank; mask++)
                for (int keepdim = 0; keepdim < 2; keepdim++) {
                    ns_error error;
                    ns_arena *arena = ns_arena_new();
                    ns_aten_program *program;
                    int64_t dims[RANK], elements = 1;
                    int x = 0, y = 0, count = 0;
                    const ns_dtype dtype = ops[o].op == &ns_aten_op_any ? NS_DTYPE_BOOL : NS_DTYPE_FP32;
                    for (int d = 0; d < rank; d++)
                        if (mask >> d & 1) {
                            elements *= sizes[d];
                            dims[count++] = d;
                        }
                    const ns_tensor input = draw(arena, &random, dtype, rank);
                    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
                    ASSERT_OK(ns_aten_add_typed_input(program, "x", dtype, rank, sizes, &x, &error));
                    ASSERT_OK(ns_aten_call(
                        program, ops[o].op, 1, &x,
                        NS_ARGUMENTS({"dim", NS_INTS(count, dims)}, {"keepdim", NS_BOOL(keepdim)}), &y,
                        &error));
                    ASSERT_OK(ns_aten_add_output(program, y, &error));
                    const bool is_view = elements == 1 && ops[o].op == &ns_aten_op_mean_dim;
                    const double off = is_view || (elements == 1 && ops[o].op == &ns_aten_op_var)
                                           ? 0
                                           : steps_off(program, &input, arena);
                    if (off > ops[o].steps)
                        fail_msg("%s, rank %d, axes 0x%x, keepdim %d: %g steps", ops[o].op->name, rank, mask,
                                 keepdim, off);
                    ns_arena_free(arena);
                }
}

enum { COUNT = 6 };

static void check(const ns_aten_operator *op, int count, const float values[][COUNT],
                  const ns_aten_argument *arguments, const double *expected)
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
    ASSERT_OK(ns_aten_call(program, op, count, operands, arguments, &node, &error));
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
    check(&ns_aten_op_sign, 1, (const float[][COUNT]){{-3, 0, 2.5f, 1e-9f, -1e-9f, 7}}, NULL,
          (const double[]){-1, 0, 1, 1, -1, 1});
}

static void test_floor_divide(void **state)
{
    (void)state;
    check(&ns_aten_op_floor_divide, 2,
          (const float[][COUNT]){{7, -7, 6, 0.5f, -0.5f, 9}, {2, 2, 4, 1, 1, -2}}, NULL,
          (const double[]){3, -4, 1, 0, -1, -5});
}

static void test_rounded_division(void **state)
{
    (void)state;
    const float values[][COUNT] = {{7, -7, 6, 0.5f, -0.5f, 9}, {2, 2, 4, 1, 1, -2}};
    check(&ns_aten_op_div, 2, values, NULL, (const double[]){3.5, -3.5, 1.5, 0.5, -0.5, -4.5});
    check(&ns_aten_op_div, 2, values, NS_ARGUMENTS({"rounding_mode", NS_INT(0)}),
          (const double[]){3, -3, 1, 0, 0, -4});
    check(&ns_aten_op_div, 2, values, NS_ARGUMENTS({"rounding_mode", NS_INT(1)}),
          (const double[]){3, -4, 1, 0, -1, -5});
}

static void test_rsub(void **state)
{
    (void)state;
    check(&ns_aten_op_rsub, 1, (const float[][COUNT]){{-3, 0, 2.5f, 1, -1, 7}},
          NS_ARGUMENTS({"other", NS_REAL(1)}, {"alpha", NS_REAL(2)}), (const double[]){7, 1, -4, -1, 3, -13});
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(reductions), cmocka_unit_test(every_reduction),
                                       cmocka_unit_test(test_sign),  cmocka_unit_test(test_floor_divide),
                                       cmocka_unit_test(test_any),   cmocka_unit_test(test_rounded_division),
                                       cmocka_unit_test(test_rsub)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
