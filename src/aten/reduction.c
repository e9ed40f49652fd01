#include "aten/operator.h"

ns_code ns_aten_infer_reduction(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const char *text = ns_aten_op_text(node->op);
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    if (!input)
        return ns_fail(error, NS_ERROR_INPUT, "%s needs one operand", text);
    if (node->dim_count < 0 || node->dim_count > input->rank)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %d dims for an operand of rank %d", text, node->dim_count,
                       input->rank);
    if (node->dim_count == 0) {
        node->dim_count = input->rank;
        for (int i = 0; i < input->rank; i++)
            node->dims[i] = i;
    }
    bool reduced[NS_MAX_RANK] = {false};
    for (int i = 0; i < node->dim_count; i++) {
        int dim = node->dims[i];
        if (dim < -input->rank || dim >= input->rank)
            return ns_fail(error, NS_ERROR_INPUT, "%s: dim %d is outside %d to %d", text, dim, -input->rank,
                           input->rank - 1);
        dim = dim < 0 ? dim + input->rank : dim;
        if (reduced[dim])
            return ns_fail(error, NS_ERROR_INPUT, "%s: dim %d is named twice", text, dim);
        reduced[dim] = true;
        node->dims[i] = dim;
    }
    node->rank = 0;
    for (int i = 0; i < input->rank; i++) {
        if (!reduced[i])
            node->shape[node->rank++] = input->shape[i];
        else if (node->keepdim)
            node->shape[node->rank++] = 1;
    }
    return NS_OK;
}

void ns_reduction_start(ns_reduction *reduction, const ns_aten_node *node, const ns_aten_node *operand)
{
    *reduction = (ns_reduction){.rank = operand->rank, .reduced_count = 1};
    for (int i = 0; i < operand->rank; i++)
        reduction->shape[i] = operand->shape[i];
    bool reduced[NS_MAX_RANK] = {false};
    for (int i = 0; i < node->dim_count; i++)
        reduced[node->dims[i]] = true;
    int64_t stride = 1;
    for (int i = operand->rank - 1; i >= 0; i--) {
        if (reduced[i]) {
            reduction->reduced_count *= (size_t)operand->shape[i];
        } else {
            reduction->stride[i] = stride;
            stride *= operand->shape[i];
        }
    }
}

void ns_reduction_next(ns_reduction *reduction)
{
    for (int d = reduction->rank - 1; d >= 0; d--) {
        reduction->output += (size_t)reduction->stride[d];
        if (++reduction->position[d] < reduction->shape[d])
            return;
        reduction->output -= (size_t)(reduction->stride[d] * reduction->position[d]);
        reduction->position[d] = 0;
    }
}
