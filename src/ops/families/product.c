/* out[b, n, m] = sum over k of left[b, n, k] * right[b, k, m]: exact sum of exact products to the bound of
 * ns_double2, then rounded to double. */
#include "ops/families/products.h"

#include "num/interface.h"

/* Dim i of a shape [b, n, m] that has the axes of `node` at its end and 1 in front. */
static int64_t dim_of(const ns_aten_node *node, int i)
{
    const int own = i - (3 - node->rank);
    return own < 0 ? 1 : node->shape[own];
}

ns_code ns_product_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_product *product = node->op->family;
    const ns_aten_node *a = ns_aten_operand(program, node, 0), *b = ns_aten_operand(program, node, 1);
    char left[128], right[128];
    if (a->rank != product->rank || b->rank != product->rank || dim_of(a, 0) != dim_of(b, 0) ||
        dim_of(a, 2) != dim_of(b, 1))
        return ns_fail(error, NS_ERROR_INPUT, "%s needs %s, got %s and %s", node->op->aten,
                       product->rank == 3 ? "[b, n, k] and [b, k, m]" : "[n, k] and [k, m]",
                       ns_aten_shape_text(a, left, sizeof left), ns_aten_shape_text(b, right, sizeof right));
    node->rank = a->rank;
    node->shape[0] = a->shape[0];
    node->shape[node->rank - 2] = a->shape[a->rank - 2];
    node->shape[node->rank - 1] = b->shape[b->rank - 1];
    return NS_OK;
}

ns_code ns_product_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error)
{
    const int64_t batches = dim_of(node, 0), rows = dim_of(node, 1), columns = dim_of(node, 2);
    const int64_t depth = dim_of(operands->nodes[0], 2);
    for (int64_t batch = 0; batch < batches; batch++) {
        const double *a = operands->values[0] + batch * rows * depth;
        const double *b = operands->values[1] + batch * depth * columns;
        for (int64_t row = 0; row < rows; row++) {
            for (int64_t column = 0; column < columns; column++) {
                ns_double2 sum = {0, 0};
                NS_TRY(ns_aten_check_time(operands, error));
                for (int64_t k = 0; k < depth; k++)
                    ns_double2_add_product(&sum, a[row * depth + k], b[k * columns + column]);
                *out++ = sum.hi + sum.lo;
            }
        }
    }
    return NS_OK;
}

ns_code ns_product_float32(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                           ns_error *error)
{
    const int64_t rows = dim_of(node, 1), columns = dim_of(node, 2), depth = dim_of(operands->nodes[0], 2);
    NS_TRY(ns_product_exact(node, operands, out, error));
    for (int64_t i = 0; i < dim_of(node, 0) * rows * columns; i++) {
        const int64_t batch = i / (rows * columns);
        float sum = (float)out[i];
        ns_float32_matmul(operands->values[0] + i / columns * depth,
                          operands->values[1] + batch * depth * columns + i % columns, rows, depth, columns,
                          &sum);
        out[i] = (double)sum;
    }
    return NS_OK;
}

ns_code ns_product_supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                             ns_error *error)
{
    if (target != NS_TARGET_U55)
        return NS_OK;
    return ns_keep_off(node, target, error, "Input %s has unsupported dtype torch.int16 (Supports int8).",
                       ns_aten_operand(program, node, 0)->name);
}

/* A batch of 1 in front where there is none (mm_to_bmm_pass.py). */
static ns_layout batched(const ns_aten_node *node)
{
    return node->rank == 3 ? ns_layout_own(3) : (ns_layout){3, {NS_LAYOUT_ONE, 0, 1}};
}

ns_code ns_product_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int inputs[2], step = 0;
    const ns_layout layout = batched(result);
    for (int i = 0; i < 2; i++)
        NS_TRY(ns_lowering_value(lowering, result->inputs[i], &layout, &inputs[i], error));
    ns_step matmul = ns_plan_like(&lowering->plan, NS_OP_MATMUL, &inputs[0]);
    matmul.input_count = 2;
    matmul.inputs = inputs;
    ns_step_zero(&matmul, "_A_ZP", lowering->plan.steps[inputs[0]].dtype);
    ns_step_zero(&matmul, "_B_ZP", lowering->plan.steps[inputs[1]].dtype);
    matmul.dtype = NS_DTYPE_INT48;
    for (int i = 0; i < 3; i++)
        matmul.shape[i] = dim_of(result, i);
    NS_TRY(ns_plan_add(&lowering->plan, &matmul, NS_PLAN_END, &step, error));
    double scale = ns_lowering_scale(lowering, result->inputs[0]) *
                   ns_lowering_scale(lowering, result->inputs[1]) / ns_lowering_scale(lowering, node);
    NS_TRY(ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, 1, &scale, NS_PLAN_END, &step, error));
    return ns_lowering_set(lowering, node, &layout, step, error);
}

void ns_product_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                      ns_term_visit visit, void *context)
{
    const int64_t rows = dim_of(node, 1), columns = dim_of(node, 2);
    const int64_t inner = dim_of(ns_aten_operand(program, node, 0), 2);
    const int64_t column = (int64_t)element % columns, row = (int64_t)element / columns % rows;
    const int64_t batch = (int64_t)element / columns / rows;
    for (int64_t k = 0; k < inner; k++) {
        const ns_term term = {
            2, {{0, (batch * rows + row) * inner + k}, {1, (batch * inner + k) * columns + column}}};
        visit(context, &term);
    }
}
