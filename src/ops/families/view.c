#include "ops/families/movement.h"

#include <inttypes.h>
#include <string.h>

ns_code ns_move_dim(const ns_aten_node *node, int64_t dim, int rank, int *axis, ns_error *error)
{
    if (dim < -rank || dim >= rank)
        return ns_fail(error, NS_ERROR_INPUT, "%s: dim %" PRId64 " is outside %d to %d", node->op->aten, dim,
                       -rank, rank - 1);
    *axis = ns_move_axis(dim, rank);
    return NS_OK;
}

ns_code ns_view_shape(const ns_aten_program *program, ns_aten_node *node, int rank, const int64_t *shape,
                      ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    char from[128], to[128];
    int open = -1;
    size_t count = 0, known = 1;
    if (rank > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_INPUT, "%s: rank %d is outside 0 to %d", node->op->aten, rank,
                       NS_MAX_RANK);
    node->dtype = input->dtype;
    node->rank = rank;
    for (int i = 0; i < rank; i++) {
        node->shape[i] = shape[i];
        if (shape[i] == -1 && open < 0)
            open = i;
        else if (shape[i] > 0)
            known *= (size_t)shape[i];
    }
    if (open >= 0)
        node->shape[open] = (int64_t)(ns_aten_count(input) / known);
    NS_TRY(ns_shape_count(rank, node->shape, &count, error));
    if (ns_aten_count(input) != count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %s cannot become %s", node->op->aten,
                       ns_aten_shape_text(input, from, sizeof from), ns_aten_shape_text(node, to, sizeof to));
    return NS_OK;
}

bool ns_view_always(const ns_aten_program *program, const ns_aten_node *node)
{
    (void)program;
    (void)node;
    return true;
}

bool ns_view_same_shape(const ns_aten_program *program, const ns_aten_node *node)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    return input->rank == node->rank &&
           memcmp(input->shape, node->shape, (size_t)node->rank * sizeof *node->shape) == 0;
}

ns_code ns_view_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int step = 0;
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &step, error));
    const ns_step *value = &lowering->plan.steps[step];
    if (value->rank != result->rank ||
        memcmp(value->shape, result->shape, (size_t)result->rank * sizeof *result->shape) != 0)
        NS_TRY(
            ns_plan_reshape(&lowering->plan, step, result->rank, result->shape, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}
