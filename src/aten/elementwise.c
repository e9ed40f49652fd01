#include "aten/operator.h"

ns_code ns_aten_infer_same(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    if (!input)
        return ns_fail(error, NS_ERROR_INPUT, "%s needs one operand", ns_aten_op_text(node->op));
    node->rank = input->rank;
    for (int i = 0; i < input->rank; i++)
        node->shape[i] = input->shape[i];
    return NS_OK;
}

ns_code ns_aten_infer_broadcast(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *a = ns_aten_operand(program, node, 0), *b = ns_aten_operand(program, node, 1);
    if (!a || !b)
        return ns_fail(error, NS_ERROR_INPUT, "%s needs two operands", ns_aten_op_text(node->op));
    node->rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 0; i < node->rank; i++) {
        /* Dims align at the right; a missing one counts as 1. */
        int ia = i - (node->rank - a->rank), ib = i - (node->rank - b->rank);
        int64_t da = ia < 0 ? 1 : a->shape[ia], db = ib < 0 ? 1 : b->shape[ib];
        if (da != db && da != 1 && db != 1) {
            char left[128], right[128];
            return ns_fail(error, NS_ERROR_INPUT, "%s: shapes %s and %s do not broadcast",
                           ns_aten_op_text(node->op), ns_aten_shape_text(a, left, sizeof left),
                           ns_aten_shape_text(b, right, sizeof right));
        }
        node->shape[i] = da == 1 ? db : da;
    }
    return NS_OK;
}

/* Strides of `operand` in the result's dims, 0 where it is broadcast. */
static void broadcast_strides(const ns_aten_node *node, const ns_aten_node *operand, int64_t *strides)
{
    int64_t stride = 1;
    for (int i = node->rank - 1; i >= 0; i--) {
        int own = i - (node->rank - operand->rank);
        strides[i] = own >= 0 && operand->shape[own] != 1 ? stride : 0;
        if (own >= 0)
            stride *= operand->shape[own];
    }
}

void ns_aten_broadcast(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       double (*f)(double a, double b))
{
    int64_t strides_a[NS_MAX_RANK], strides_b[NS_MAX_RANK], position[NS_MAX_RANK] = {0};
    broadcast_strides(node, operands->nodes[0], strides_a);
    broadcast_strides(node, operands->nodes[1], strides_b);
    size_t count = ns_aten_count(node);
    const double *a = operands->values[0], *b = operands->values[1];
    for (size_t i = 0; i < count; i++) {
        out[i] = f(*a, *b);
        for (int d = node->rank - 1; d >= 0; d--) {
            a += strides_a[d];
            b += strides_b[d];
            if (++position[d] < node->shape[d])
                break;
            a -= strides_a[d] * position[d];
            b -= strides_b[d] * position[d];
            position[d] = 0;
        }
    }
}
