/* reshape: the same elements in row-major order under another shape. RESHAPE; nothing where the shape stays.
 */
#include <string.h>

#include "ops/families/move.h"

enum { SELF, SHAPE };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const ns_aten_attribute *shape = &node->attributes[SHAPE];
    char from[128], to[128];
    size_t count = 0;
    if (shape->count > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_INPUT, "%s: rank %d is outside 0 to %d", node->op->aten, shape->count,
                       NS_MAX_RANK);
    node->dtype = input->dtype;
    node->rank = shape->count;
    for (int i = 0; i < shape->count; i++)
        node->shape[i] = shape->list[i];
    NS_TRY(ns_shape_count(node->rank, node->shape, &count, error));
    if (ns_aten_count(input) != count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %s cannot become %s", node->op->aten,
                       ns_aten_shape_text(input, from, sizeof from), ns_aten_shape_text(node, to, sizeof to));
    return NS_OK;
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
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

const ns_aten_operator ns_aten_op_reshape = {
    .name = "reshape",
    .aten = "aten.reshape.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"shape", NS_ATEN_INTS, .required = true}),
    NS_MOVE_FAMILY((&(const ns_move){.source = ns_move_same})),
    .infer = infer,
    .supported = ns_supported_always,
    .only_view = true,
    .lower = lower,
};
