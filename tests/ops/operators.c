/* Operators in exact reals: values known in closed form or computed with 400 bits (mpmath). An operator of
 * which nothing is said but its shape: whoever needs a fact says that it is not known, and nobody assumes
 * one. */
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

#include "ir/interface.h"
#include "lower/interface.h"
#include "measure/interface.h"
#include "npuscope/budget.h"
#include "ops/cases.h"
#include "ops/families/arithmetic.h"
#include "ops/operators.h"
#include "quant/interface.h"
#include "support/arena.h"
#include "support/aten.h"
#include "support/quantised_program.h"
#include "sweep/sweep.h"

typedef struct bench {
    ns_arena *arena;
    ns_aten_program *program;
} bench;

static int setup(void **state)
{
    static bench b;
    b.arena = ns_arena_new();
    *state = &b;
    return ns_aten_program_new(b.arena, &b.program, NULL) == NS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    ns_arena_free(((bench *)*state)->arena);
    return 0;
}

static int leaf(bench *b, int rank, const int64_t *shape, const float *data)
{
    ns_error error;
    int node = 0;
    ASSERT_OK(ns_aten_add_parameter(b->program, NULL, rank, shape, data, &node, &error));
    return node;
}

#define LEAF(b, shape, ...) \
    leaf(b, (int)(sizeof(int64_t[]) shape / sizeof(int64_t)), (int64_t[])shape, (const float[]){__VA_ARGS__})
#define S(...)      \
    {               \
        __VA_ARGS__ \
    }

static void expect(bench *b, int node, const double *expected, size_t count)
{
    ns_error error;
    double **values;
    ASSERT_OK(ns_aten_evaluate(b->program, NS_ATEN_IDEAL, NULL, b->arena, &values, &error));
    assert_int_equal(ns_aten_count(&b->program->nodes[node]), count);
    for (size_t i = 0; i < count; i++) {
        if (values[node][i] != expected[i])
            fail_msg("element %zu is %a, expected %a", i, values[node][i], expected[i]);
    }
}
#define EXPECT(b, node, ...) \
    expect(b, node, (const double[]){__VA_ARGS__}, sizeof(double[]){__VA_ARGS__} / sizeof(double))

static void transcendental(void **state)
{
    bench *b = *state;
    ns_error error;
    int erf_form, tanh_form, exponential, x = LEAF(b, S(8), 0, 1, -1, 0.5f, -3.25f, -8, -20, -37);
    ASSERT_OK(ns_aten_add_gelu(b->program, x, false, &erf_form, &error));
    ASSERT_OK(ns_aten_add_gelu(b->program, x, true, &tanh_form, &error));
    ASSERT_OK(ns_aten_add_exp(b->program, x, &exponential, &error));
    EXPECT(b, erf_form, 0, 0x1.aec4bd120d37dp-1, -0x1.44ed0bb7cb20bp-3, 0x1.62075e232ac77p-2,
           -0x1.eb9b5beb2548ap-10, -0x1.669d2c90d55cep-48, -0x1.1876296f504b2p-290, -0x1.1bbe62e6f3e25p-989);
    EXPECT(b, tanh_form, 0, 0x1.aeb0b772a3ae1p-1, -0x1.453d22357147ap-3, 0x1.6202da77df3f9p-2,
           -0x1.9b34c9252dfc8p-10, -0x1.d5a2877434651p-69, -0x1.a927dc6157cb0p-866, -0.0);
    EXPECT(b, exponential, 1, 0x1.5bf0a8b145769p+1, 0x1.78b56362cef38p-2, 0x1.a61298e1e069cp+0,
           0x1.3da368521902dp-5, 0x1.5fc21041027adp-12, 0x1.1b48655f37267p-29, 0x1.898471fca6055p-54);
}

static void sums_do_not_cancel(void **state)
{
    bench *b = *state;
    ns_error error;
    int sum, mean, product, x = LEAF(b, S(2, 4), 0x1p30f, 1, -0x1p30f, 0x1p-40f, 3, 4, 5, 6);
    ASSERT_OK(ns_aten_add_sum(b->program, x, 1, (int[]){1}, false, &sum, &error));
    ASSERT_OK(ns_aten_add_mean(b->program, x, 1, (int[]){-1}, true, &mean, &error));
    EXPECT(b, sum, 1 + 0x1p-40, 18);
    EXPECT(b, mean, (1 + 0x1p-40) / 4, 4.5);
    /* 2^60 * 1 - 2^60 * 1 + 2^-30: products and sum beyond 53 bits. */
    int left = LEAF(b, S(1, 1, 3), 0x1p60f, -0x1p60f, 0x1p-30f);
    int right = LEAF(b, S(1, 3, 1), 1, 1, 1);
    ASSERT_OK(ns_aten_add_bmm(b->program, left, right, &product, &error));
    EXPECT(b, product, 0x1p-30);
}

static void variance(void **state)
{
    bench *b = *state;
    ns_error error;
    int biased, unbiased, half, empty, x = LEAF(b, S(2, 2), 10000001, 10000003, 2, 6);
    ASSERT_OK(ns_aten_add_var(b->program, x, 1, (int[]){1}, 0, false, &biased, &error));
    ASSERT_OK(ns_aten_add_var(b->program, x, 1, (int[]){1}, 1, true, &unbiased, &error));
    ASSERT_OK(ns_aten_add_var(b->program, x, 1, (int[]){-1}, 0.5, false, &half, &error));
    ASSERT_OK(ns_aten_add_var(b->program, x, 1, (int[]){1}, 2, false, &empty, &error));
    EXPECT(b, biased, 1, 4);
    EXPECT(b, unbiased, 2, 8);
    EXPECT(b, half, 2 / 1.5, 8 / 1.5);
    EXPECT(b, empty, INFINITY, INFINITY);
    assert_int_equal(b->program->nodes[unbiased].rank, 2);
    assert_int_equal(b->program->nodes[half].rank, 1);
}

static void convolution(void **state)
{
    bench *b = *state;
    ns_error error;
    int dense, strided, grouped, x = LEAF(b, S(1, 2, 4), 1, 2, 3, 4, 10, 20, 30, 40);
    int w = LEAF(b, S(1, 2, 2), 1, -1, 2, 0.5f), bias = LEAF(b, S(1), 100);
    ASSERT_OK(ns_aten_add_conv1d(b->program, &(conv1d_arguments){x, w, bias, 1, 0, 1, 1}, &dense, &error));
    EXPECT(b, dense, 100 - 1 + 30, 100 - 1 + 55, 100 - 1 + 80);
    ASSERT_OK(ns_aten_add_conv1d(b->program, &(conv1d_arguments){x, w, -1, 2, 1, 2, 1}, &strided, &error));
    /* positions -1, 1 and 1, 3 */
    EXPECT(b, strided, -2 + 10, 2 - 4 + 40 + 20);
    int depthwise = LEAF(b, S(2, 1, 2), 1, 1, 1, -1);
    ASSERT_OK(
        ns_aten_add_conv1d(b->program, &(conv1d_arguments){x, depthwise, -1, 1, 0, 1, 2}, &grouped, &error));
    EXPECT(b, grouped, 3, 5, 7, -10, -10, -10);
}

static void padding(void **state)
{
    bench *b = *state;
    ns_error error;
    int node, x = LEAF(b, S(1, 3), 1, 2, 3);
    ASSERT_OK(ns_aten_add_pad(b->program, x, 2, 1, NS_PAD_CONSTANT, 9, &node, &error));
    EXPECT(b, node, 9, 9, 1, 2, 3, 9);
    ASSERT_OK(ns_aten_add_pad(b->program, x, 2, 1, NS_PAD_REFLECT, 0, &node, &error));
    EXPECT(b, node, 3, 2, 1, 2, 3, 2);
    ASSERT_OK(ns_aten_add_pad(b->program, x, 2, 1, NS_PAD_REPLICATE, 0, &node, &error));
    EXPECT(b, node, 1, 1, 1, 2, 3, 3);
    ASSERT_OK(ns_aten_add_pad(b->program, x, 2, 1, NS_PAD_CIRCULAR, 0, &node, &error));
    EXPECT(b, node, 2, 3, 1, 2, 3, 1);
    assert_int_equal(ns_aten_add_pad(b->program, x, 3, 0, NS_PAD_REFLECT, 0, &node, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_aten_add_pad(b->program, x, 4, 0, NS_PAD_CIRCULAR, 0, &node, &error), NS_ERROR_INPUT);
    assert_int_equal(ns_aten_add_pad(b->program, x, -1, 0, NS_PAD_CONSTANT, 0, &node, &error),
                     NS_ERROR_INPUT);
}

static void elementwise(void **state)
{
    bench *b = *state;
    ns_error error;
    int product, difference, inverse, x = LEAF(b, S(2, 3), 1, 2, 3, 4, 5, 8), y = LEAF(b, S(2, 1), 10, -1);
    ASSERT_OK(ns_aten_add_mul(b->program, x, y, &product, &error));
    EXPECT(b, product, 10, 20, 30, -4, -5, -8);
    int row = LEAF(b, S(3), 1, 1, 2);
    ASSERT_OK(ns_aten_add_sub(b->program, row, x, &difference, &error));
    EXPECT(b, difference, 0, -1, -1, -3, -4, -6);
    ASSERT_OK(ns_aten_add_reciprocal(b->program, x, &inverse, &error));
    EXPECT(b, inverse, 1, 0.5, 1 / 3.0, 0.25, 0.2, 0.125);
    int pair = LEAF(b, S(2), 1, 2), node = 0;
    assert_int_equal(ns_aten_add_mul(b->program, x, pair, &node, &error), NS_ERROR_INPUT);
    assert_non_null(strstr(error.message, "[2, 3] and [2] do not broadcast"));
}

/* Every third of the elements 1 to 8 of an axis; the sizes of pieces; axes of 1 that go; a number under a
 * mask. */
static void moves(void **state)
{
    bench *b = *state;
    ns_error error;
    int node = 0, mask = 0, x = LEAF(b, S(1, 9), 0, 1, 2, 3, 4, 5, 6, 7, 8);
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_slice, 1, &x,
                           NS_ARGUMENTS({"dim", NS_INT(1)}, {"start", NS_INT(1)}, {"step", NS_INT(3)}), &node,
                           &error));
    EXPECT(b, node, 1, 4, 7);
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_slice, 1, &x,
                           NS_ARGUMENTS({"dim", NS_INT(1)}, {"end", NS_INT(7)}, {"step", NS_INT(2)}), &node,
                           &error));
    EXPECT(b, node, 0, 2, 4, 6);
    assert_int_equal(
        ns_aten_call(b->program, &ns_aten_op_slice, 1, &x, NS_ARGUMENTS({"step", NS_INT(0)}), &node, &error),
        NS_ERROR_INPUT);
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_split, 1, &x,
                           NS_ARGUMENTS({"split_size", NS_INTS(3, ((const int64_t[]){2, 4, 3}))},
                                        {"dim", NS_INT(1)}, {"result", NS_INT(1)}),
                           &node, &error));
    EXPECT(b, node, 2, 3, 4, 5);
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_squeeze_dim, 1, &x, NULL, &node, &error));
    assert_int_equal(b->program->nodes[node].rank, 1);
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_unbind, 1, &x,
                           NS_ARGUMENTS({"dim", NS_INT(1)}, {"result", NS_INT(5)}), &node, &error));
    EXPECT(b, node, 5);
    ASSERT_OK(ns_aten_add_integer_parameter(b->program, NULL, NS_DTYPE_BOOL, 2, (int64_t[]){1, 9},
                                            (int32_t[]){1, 0, 0, 0, 0, 0, 0, 0, 1}, &mask, &error));
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_masked_fill, 2, (int[]){x, mask},
                           NS_ARGUMENTS({"value", NS_REAL(-2)}), &node, &error));
    EXPECT(b, node, -2, 1, 2, 3, 4, 5, 6, 7, -2);
}

/* Two groups, one channel each, stride 2: out[2y + k] = x[y] * w[k]. */
static void transposed_groups(void **state)
{
    bench *b = *state;
    ns_error error;
    int node = 0, x = LEAF(b, S(1, 2, 1, 2), 1, 2, 3, 4), w = LEAF(b, S(2, 1, 1, 2), 1, 10, 2, 20);
    ASSERT_OK(
        ns_aten_call(b->program, &ns_aten_op_conv_transpose2d, 2, (int[]){x, w},
                     NS_ARGUMENTS({"stride", NS_INTS(2, ((const int64_t[]){1, 2}))}, {"groups", NS_INT(2)}),
                     &node, &error));
    EXPECT(b, node, 1, 10, 2, 20, 6, 60, 8, 80);
}

/* Every second element within the window, and nothing of the padding. */
static void dilated_pool(void **state)
{
    bench *b = *state;
    ns_error error;
    int node = 0, x = LEAF(b, S(1, 1, 1, 6), -5, 1, -2, 4, -1, 3);
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_max_pool2d, 1, &x,
                           NS_ARGUMENTS({"kernel_size", NS_INTS(2, ((const int64_t[]){1, 2}))},
                                        {"stride", NS_INTS(1, ((const int64_t[]){1}))},
                                        {"padding", NS_INTS(2, ((const int64_t[]){0, 1}))},
                                        {"dilation", NS_INTS(2, ((const int64_t[]){1, 2}))}),
                           &node, &error));
    EXPECT(b, node, 1, -2, 4, -1, 4, -1);
}

/* 'same' keeps the size; of an even span the odd element stands behind. */
static void padding_in_words(void **state)
{
    bench *b = *state;
    ns_error error;
    int node = 0, x = LEAF(b, S(1, 1, 4), 1, 2, 3, 4), w = LEAF(b, S(1, 1, 3), 1, 10, 100);
    const ns_aten_argument *same = NS_ARGUMENTS({"padding", NS_INT(1)}),
                           *valid = NS_ARGUMENTS({"padding", NS_INT(0)});
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_conv1d, 2, (int[]){x, w}, same, &node, &error));
    EXPECT(b, node, 210, 321, 432, 43);
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_conv1d, 2, (int[]){x, w}, valid, &node, &error));
    EXPECT(b, node, 321, 432);
    w = LEAF(b, S(1, 1, 2), 1, 10);
    ASSERT_OK(ns_aten_call(b->program, &ns_aten_op_conv1d, 2, (int[]){x, w}, same, &node, &error));
    EXPECT(b, node, 21, 32, 43, 4);
}

static ns_aten_operator unknown = {.name = "nothing",
                                   .aten = "aten.nothing.default",
                                   NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
                                   .infer = ns_infer_same};

/* x of two elements -> the operator. */
static ns_aten_program *make(ns_tensor *input, int *node)
{
    ns_aten_program *program;
    ns_error error;
    int x = 0;
    const int64_t shape[] = {2};
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_input(program, "x", 1, shape, &x, &error));
    ASSERT_OK(ns_aten_call(program, &unknown, 1, &x, NULL, node, &error));
    ASSERT_OK(ns_aten_add_output(program, *node, &error));
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_FP32, 1, shape, input, &error));
    test_quantise(program, x, 0.5f);
    test_quantise(program, *node, 0.5f);
    return program;
}

#define REFUSED(call, words)                                      \
    do {                                                          \
        ns_error error = {0};                                     \
        assert_int_equal((call), NS_ERROR_UNSUPPORTED);           \
        if (!strstr(error.message, (words)))                      \
            fail_msg("'%s' is not in: %s", words, error.message); \
    } while (0)

static void test_not_known(void **state)
{
    (void)state;
    ns_tensor input;
    int node = 0, count = 0;
    ns_aten_program *program = make(&input, &node);
    ns_graph *graph = NULL;
    double **values, **gradient, **bounds, *ideal[2] = {(double[]){1, 2}, (double[]){1, 2}};
    ns_suite_operand *operands;
    const ns_quantise_options options = NS_QUANTISE_DEFAULTS;
    REFUSED(ns_aten_evaluate(program, NS_ATEN_IDEAL, &input, arena, &values, &error), "exact meaning of");
    REFUSED(ns_aten_evaluate(program, NS_ATEN_FLOAT32, &input, arena, &values, &error), "float32 meaning of");
    REFUSED(ns_quantise_program(program, &options, 1, &input, &error), "how ExecuTorch quantises");
    REFUSED(ns_lower(program, NS_TARGET_U85, &graph, &error), "whether ExecuTorch gives");
    REFUSED(ns_format_bound(program, ideal, arena, &bounds, &error), "error bound of");
    REFUSED(ns_gradient(program, ideal, 0, arena, &gradient, &error), "no rule for its derivative");
    assert_false(ns_sweep_fits(program));
    assert_int_equal(ns_trace(program, &input, 0, 0, arena, &operands, &count, NULL), NS_OK);
    assert_null(operands);
    assert_int_equal(count, 0);
    ns_aten_operator supported = unknown;
    supported.supported = ns_supported_always;
    program->nodes[node].op = &supported;
    REFUSED(ns_lower(program, NS_TARGET_U85, &graph, &error), "lowering of");
}

/* ---- the clock ---- */

/* A call's own loops, after what evaluate charges before them. */
static void looks_at_the_clock(const ns_aten_program *program, const ns_aten_node *node,
                               double *const *values)
{
    const ns_aten_compute computes[] = {node->op->exact, node->op->float32};
    const ns_aten_node *nodes[256] = {NULL};
    const double *operands[256] = {NULL};
    double *out = calloc(ns_aten_count(node), sizeof *out);
    ns_error error = {0};
    for (int i = 0; i < node->input_count; i++) {
        nodes[i] = ns_aten_operand(program, node, i);
        operands[i] = nodes[i] ? values[node->inputs[i]] : NULL;
    }
    for (int k = 0; k < 2 && ns_aten_count(node); k++)
        if (computes[k] && computes[k](node, &(ns_aten_operands){program, nodes, operands}, out, &error) !=
                               NS_ERROR_CANCELLED)
            fail_msg("%s, %s: it does not look at the time", node->op->aten, k ? "float32" : "exact");
    free(out);
}

/* Whatever a recorded graph calls ends with the time limit within the call too. */
static void every_operator_looks_at_the_clock(void **state)
{
    (void)state;
    int calls = 0;
    for (int o = 0; o < ns_aten_operator_count; o++) {
        const ns_aten_operator *op = ns_aten_operators[o];
        ns_budget budget;
        ns_case_maker made;
        ns_error error = {0};
        double **values = NULL;
        if (!op->catalogue || !op->exact)
            continue;
        ns_budget_open(&budget, 0, 0, 0);
        ns_arena *scratch = ns_arena_new_within(&budget);
        ASSERT_OK(ns_case_build(op, &op->catalogue->cases[0], 3, scratch, &made, &error));
        ASSERT_OK(ns_aten_evaluate(made.program, NS_ATEN_IDEAL, made.inputs, scratch, &values, &error));
        ns_budget_cancel(&budget);
        for (int n = 0; n < made.program->node_count; n++, calls++)
            if (made.program->nodes[n].kind == NS_ATEN_CALL)
                looks_at_the_clock(made.program, &made.program->nodes[n], values);
        ns_arena_free(scratch);
    }
    assert_true(calls > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(transcendental, setup, teardown),
        cmocka_unit_test_setup_teardown(sums_do_not_cancel, setup, teardown),
        cmocka_unit_test_setup_teardown(variance, setup, teardown),
        cmocka_unit_test_setup_teardown(convolution, setup, teardown),
        cmocka_unit_test_setup_teardown(padding, setup, teardown),
        cmocka_unit_test_setup_teardown(elementwise, setup, teardown),
        cmocka_unit_test_setup_teardown(moves, setup, teardown),
        cmocka_unit_test_setup_teardown(transposed_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(dilated_pool, setup, teardown),
        cmocka_unit_test_setup_teardown(padding_in_words, setup, teardown),
        cmocka_unit_test(every_operator_looks_at_the_clock),
        cmocka_unit_test_setup_teardown(test_not_known, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
