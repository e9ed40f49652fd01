/* The bound must hold for every rounding and must not be loose where it can be said exactly. */
#include "measure/interface.h"

#include <math.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/operators.h"
#include "quant/interface.h"
#include "support/arena.h"
#include "support/test.h"

/* x of one element -> operator; both with the scale 2^-4. */
static double unary_bound(const ns_aten_operator *op, float value)
{
    const int64_t shape[] = {1};
    ns_aten_program *program;
    ns_tensor input;
    int x, node;
    ns_error error;
    ASSERT_OK(ns_aten_program_new(arena, &program, &error));
    ASSERT_OK(ns_aten_add_input(program, "x", 1, shape, &x, &error));
    ASSERT_OK(ns_aten_call(program, op, 1, &x, NULL, &node, &error));
    ASSERT_OK(ns_aten_add_output(program, node, &error));
    static float scale = 0x1p-4f;
    for (int i = 0; i < program->node_count; i++)
        program->nodes[i].quantisation =
            (ns_quantisation){true, NS_DTYPE_INT16, -32767, 32767, -1, 1, &scale};
    ASSERT_OK(ns_tensor_new(arena, NS_DTYPE_FP32, 1, shape, &input, &error));
    *(float *)input.data = value;
    double **ideal, **bounds;
    ASSERT_OK(ns_aten_evaluate(program, NS_ATEN_IDEAL, &input, arena, &ideal, &error));
    ASSERT_OK(ns_format_bound(program, ideal, arena, &bounds, &error));
    return bounds[node][0];
}

static void assert_about(double value, double expected)
{
    if (fabs(value - expected) > 1e-5 * fmax(1, fabs(expected)))
        fail_msg("%.9g instead of %.9g", value, expected);
}

static void test_one_operator(void **state)
{
    (void)state;
    const double half = 0x1p-5;
    assert_about(unary_bound(&ns_aten_op_exp, 1), exp(1) * expm1(half) + half);
    assert_about(unary_bound(&ns_aten_op_reciprocal, -0.5f), 1 / (0.5 - half) - 2 + half);
    assert_true(isinf(unary_bound(&ns_aten_op_reciprocal, 0x1p-6f)));
    assert_about(unary_bound(&ns_aten_op_gelu, 3), 1.13 * half + half);
}

/* On every case of the catalogue, with several seeds: where no value is clamped, the stage quantised stays
 * inside the bound. A clamped value is one at the end of its range. */
static void test_holds_on_the_catalogue(void **state)
{
    (void)state;
    int checked = 0;
    ns_arena *scratch = ns_arena_new();
    for (int o = 0; o < ns_aten_operator_count; o++) {
        const ns_aten_operator *op = ns_aten_operators[o];
        for (int c = 0; op->catalogue && c < op->catalogue->case_count; c++) {
            ns_case_maker made;
            ns_aten_program *decomposed;
            double **ideal, **quantised, **bounds;
            ns_error error;
            ns_arena_reset(scratch);
            ASSERT_OK(ns_case_build(op, &op->catalogue->cases[c], 3, scratch, &made, &error));
            ASSERT_OK(ns_aten_decompose(made.program, scratch, &decomposed, &error));
            ns_quantise_options options = NS_QUANTISE_DEFAULTS;
            options.per_channel = !op->catalogue->cases[c].per_tensor;
            ASSERT_OK(ns_quantise_program(decomposed, &options, 1, made.inputs, &error));
            /* Wider scales clamp nothing; what is left is rounding. */
            for (int i = 0; i < decomposed->node_count; i++) {
                ns_aten_node *node = &decomposed->nodes[i];
                for (int k = 0; node->kind != NS_ATEN_PARAMETER && k < node->quantisation.count; k++)
                    node->quantisation.scales[k] *= 1.5f;
            }
            ASSERT_OK(ns_aten_evaluate(decomposed, NS_ATEN_IDEAL, made.inputs, scratch, &ideal, &error));
            ASSERT_OK(
                ns_aten_evaluate(decomposed, NS_ATEN_QUANTISED, made.inputs, scratch, &quantised, &error));
            const ns_code code = ns_format_bound(decomposed, ideal, scratch, &bounds, &error);
            if (code == NS_ERROR_UNSUPPORTED && strstr(error.message, "is not known"))
                continue; /* an operator without that hook, or made of one */
            ASSERT_OK(code);
            const int result = decomposed->outputs[0];
            for (size_t i = 0; i < ns_aten_count(&decomposed->nodes[result]); i++, checked++)
                if (!(fabs(quantised[result][i] - ideal[result][i]) <= bounds[result][i]))
                    fail_msg("%s %s, element %zu: %.9g, ideal %.9g, bound %.9g", op->name,
                             op->catalogue->cases[c].name, i, quantised[result][i], ideal[result][i],
                             bounds[result][i]);
        }
    }
    ns_arena_free(scratch);
    assert_true(checked > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_operator),
        cmocka_unit_test(test_holds_on_the_catalogue),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
