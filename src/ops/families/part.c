#include "ops/families/movement.h"

#include <inttypes.h>

/* Infer has checked the attributes. */
static ns_part_range range_of(const ns_aten_program *program, const ns_aten_node *node)
{
    const ns_part *part = node->op->family;
    ns_part_range range = {0};
    ns_error unused = {0};
    part->range(program, node, &range, &unused);
    return range;
}

ns_code ns_part_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_part *part = node->op->family;
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    ns_part_range range = {0};
    NS_TRY(part->range(program, node, &range, error));
    if (range.start < 0 || range.size < 0 || range.start + range.size > input->shape[range.axis])
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s: %" PRId64 " elements from %" PRId64 " on, axis %d has %" PRId64, node->op->aten,
                       range.size, range.start, range.axis, input->shape[range.axis]);
    node->dtype = input->dtype;
    node->rank = 0;
    for (int i = 0; i < input->rank; i++)
        if (i != range.axis || !range.drop)
            node->shape[node->rank++] = i == range.axis ? range.size : input->shape[i];
    return NS_OK;
}

bool ns_part_source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                    int64_t *from)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const ns_part_range range = range_of(program, node);
    int64_t at[NS_MAX_RANK] = {0}, source[NS_MAX_RANK];
    ns_coordinates(node, element, at);
    for (int i = 0, o = 0; i < input->rank; i++)
        source[i] = i == range.axis ? range.start + (range.drop ? 0 : at[o++]) : at[o++];
    *operand = 0;
    *from = ns_broadcast_element(input, input->rank, source);
    return true;
}

ns_code ns_part_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_part_range range = range_of(lowering->program, result);
    int step = 0;
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &step, error));
    if (lowering->plan.steps[step].shape[range.axis] != range.size)
        NS_TRY(ns_plan_slice(&lowering->plan, step, range.axis, range.start, range.size, NS_PLAN_END, &step,
                             error));
    if (range.drop)
        NS_TRY(
            ns_plan_reshape(&lowering->plan, step, result->rank, result->shape, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}
