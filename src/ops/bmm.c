/* bmm: out[b, n, m] = sum over k of left[b, n, k] * right[b, k, m].
 * Exact sum of exact products to the bound of ns_double2, then rounded to double.
 *
 * MATMUL to INT48, RESCALE with 16-bit multipliers. Source: ExecuTorch 1.5.0,
 * backends/arm/_passes/rewrite_matmul.py; operator_support/ethos_u55_support.py. */
#include <string.h>

#include "lower/lowering.h"
#include "num/double2.h"
#include "ops/cases.h"
#include "ops/families/elementwise.h"

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *a = ns_aten_operand(program, node, 0), *b = ns_aten_operand(program, node, 1);
    char left[128], right[128];
    if (!a || !b || a->rank != 3 || b->rank != 3 || a->shape[0] != b->shape[0] || a->shape[2] != b->shape[1])
        return ns_fail(error, NS_ERROR_INPUT, "aten.bmm.default needs [b, n, k] and [b, k, m], got %s and %s",
                       a ? ns_aten_shape_text(a, left, sizeof left) : "nothing",
                       b ? ns_aten_shape_text(b, right, sizeof right) : "nothing");
    node->rank = 3;
    node->shape[0] = a->shape[0];
    node->shape[1] = a->shape[1];
    node->shape[2] = b->shape[2];
    return NS_OK;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    (void)error;
    int64_t batches = node->shape[0], rows = node->shape[1], columns = node->shape[2];
    int64_t depth = operands->nodes[0]->shape[2];
    for (int64_t batch = 0; batch < batches; batch++) {
        const double *a = operands->values[0] + batch * rows * depth;
        const double *b = operands->values[1] + batch * depth * columns;
        for (int64_t row = 0; row < rows; row++) {
            for (int64_t column = 0; column < columns; column++) {
                ns_double2 sum = {0, 0};
                for (int64_t k = 0; k < depth; k++)
                    ns_double2_add_product(&sum, a[row * depth + k], b[k * columns + column]);
                *out++ = sum.hi + sum.lo;
            }
        }
    }
    return NS_OK;
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    if (target != NS_TARGET_U55)
        return NS_OK;
    return ns_keep_off(node, target, error, "operand %s is int16, int8 is supported",
                       ns_aten_operand(program, node, 0)->name);
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int inputs[2], step = 0;
    for (int i = 0; i < 2; i++)
        NS_TRY(ns_lowering_own(lowering, result->inputs[i], &inputs[i], error));
    ns_step matmul = ns_plan_like(&lowering->plan, NS_OP_MATMUL, &inputs[0]);
    matmul.input_count = 2;
    matmul.inputs = inputs;
    ns_step_zero(&matmul, "_A_ZP", lowering->plan.steps[inputs[0]].dtype);
    ns_step_zero(&matmul, "_B_ZP", lowering->plan.steps[inputs[1]].dtype);
    matmul.dtype = NS_DTYPE_INT48;
    memcpy(matmul.shape, result->shape, sizeof matmul.shape);
    NS_TRY(ns_plan_add(&lowering->plan, &matmul, NS_PLAN_END, &step, error));
    double scale = ns_lowering_scale(lowering, result->inputs[0]) *
                   ns_lowering_scale(lowering, result->inputs[1]) / ns_lowering_scale(lowering, node);
    NS_TRY(ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, 1, &scale, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static void terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                  ns_term_visit visit, void *context)
{
    const ns_aten_node *a = ns_aten_operand(program, node, 0);
    const int64_t rows = a->shape[1], inner = a->shape[2], columns = node->shape[2];
    int64_t at[NS_MAX_RANK];
    ns_coordinates(node, element, at);
    for (int64_t k = 0; k < inner; k++) {
        const ns_term term = {
            2, {{0, (at[0] * rows + at[1]) * inner + k}, {1, (at[0] * inner + k) * columns + at[2]}}};
        visit(context, &term);
    }
}

typedef struct ns_bmm_case {
    int64_t x[3], y[3];
    ns_case_data x_data, y_data;
} ns_bmm_case;

/* Batch, rows, inner, columns. */
#define BMM(batch, rows, inner, columns, x_data, y_data) \
    (&(const ns_bmm_case){{(batch), (rows), (inner)}, {(batch), (inner), (columns)}, x_data, y_data})
#define RAND             \
    {                    \
        NS_UNIFORM, 0, 1 \
    }
#define NEGATIVE          \
    {                     \
        NS_NORMAL, 0, -10 \
    }
#define SHIFTED         \
    {                   \
        NS_NORMAL, 5, 5 \
    }

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "same_shape", BMM(2, 1, 1, 1, RAND, RAND)},
    {NS_LIST_SEED, "different_shapes", BMM(5, 3, 5, 2, RAND, RAND)},
    {NS_LIST_SEED, "rectangular", BMM(1, 55, 3, 44, RAND, RAND)},
    {NS_LIST_SEED, "batch10", BMM(10, 1, 10, 5, RAND, RAND)},
    {NS_LIST_SEED, "negative", BMM(2, 32, 64, 32, NEGATIVE, SHIFTED)},
    {NS_LIST_EXECUTORCH, "rand_same", BMM(2, 1, 1, 1, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_diff", BMM(5, 3, 5, 2, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_rect", BMM(1, 55, 3, 44, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_batch10", BMM(10, 1, 10, 5, RAND, RAND)},
    {NS_LIST_EXECUTORCH, "rand_neg", BMM(2, 32, 64, 32, NEGATIVE, SHIFTED)},
};

static ns_code build(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                     ns_error *error)
{
    const ns_bmm_case *bmm = parameters;
    int operands[2], result;
    NS_TRY(ns_case_input(maker, "x", 3, bmm->x, bmm->x_data, &operands[0], error));
    NS_TRY(ns_case_input(maker, "y", 3, bmm->y, bmm->y_data, &operands[1], error));
    NS_TRY(ns_aten_call(maker->program, op, 2, operands, NULL, &result, error));
    return ns_aten_add_output(maker->program, result, error);
}

const ns_aten_operator ns_aten_op_bmm = {
    .name = "bmm",
    .aten = "aten.bmm.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"mat2", NS_ATEN_TENSOR}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_OWN,
    .supported = supported,
    .lower = lower,
    .terms = terms,
    .term_kind = NS_TERMS_SUM,
    .slope = ns_slope_product,
    .bound = ns_bound_product,
    .catalogue = NS_CATALOGUE(cases, 1, 0x1p-16, build),
};
