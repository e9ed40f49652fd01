/* BMM: out[b, n, m] = sum over k of left[b, n, k] * right[b, k, m].
 * Exact sum of exact products to the bound of ns_double2, then rounded to double. */
#include "aten/operator.h"

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

static ns_code evaluate(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
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

const ns_aten_operator ns_aten_operator_BMM = {.infer = infer, .evaluate = evaluate};

ns_code ns_aten_add_bmm(ns_aten_program *program, int a, int b, int *node, ns_error *error)
{
    return ns_aten_add(program, &(ns_aten_node){.op = NS_ATEN_BMM, .input_count = 2, .inputs = {a, b}}, node,
                       error);
}
