/* pad on the last axis. Constant: PAD. Reflect, replicate, circular: a SLICE of one element for each padded
 * one, and a CONCAT. Operand and result share one scale.
 * Source: ExecuTorch 1.5.0, backends/arm/_passes/rewrite_pad.py. */
#include <math.h>
#include <string.h>

#include "lower/lowering.h"

/* Where the i-th padded element on the left (of `left`) or right comes from, for `size` elements. */
static int64_t source_left(ns_pad_mode mode, int64_t size, int left, int i)
{
    switch (mode) {
    case NS_PAD_CIRCULAR:
        return size - left + i;
    case NS_PAD_REFLECT:
        return left - i;
    default:
        return 0;
    }
}

static int64_t source_right(ns_pad_mode mode, int64_t size, int i)
{
    switch (mode) {
    case NS_PAD_CIRCULAR:
        return i;
    case NS_PAD_REFLECT:
        return size - 2 - i;
    default:
        return size - 1;
    }
}

static ns_code take_element(ns_lowering *lowering, int input, int64_t index, int *step, ns_error *error)
{
    const ns_step *value = &lowering->plan.steps[input];
    int axis = value->rank - 1;
    /* A slice of everything is no slice (RemoveNoopPass). */
    if (value->shape[axis] == 1) {
        *step = input;
        return NS_OK;
    }
    return ns_plan_slice(&lowering->plan, input, axis, index, 1, NS_PLAN_END, step, error);
}

static ns_code lower_constant(ns_lowering *lowering, int node, int input, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_quantisation *from = &lowering->program->nodes[result->inputs[0]].quantisation;
    float inverse = 1.0f / from->scales[0];
    float value = nearbyintf((float)result->pad_value * inverse);
    ns_step pad = {.kind = NS_STEP_OPERATOR,
                   .op = NS_OP_PAD,
                   .dtype = NS_DTYPE_INT16,
                   .rank = result->rank,
                   .input_count = 1,
                   .inputs = &input};
    pad.pad_value = value <= (float)from->qmin   ? from->qmin
                    : value >= (float)from->qmax ? from->qmax
                                                 : (int64_t)value;
    memcpy(pad.shape, result->shape, sizeof pad.shape);
    pad.padding[2 * result->rank - 2] = result->pad_left;
    pad.padding[2 * result->rank - 1] = result->pad_right;
    return ns_plan_add(&lowering->plan, &pad, NS_PLAN_END, &lowering->values[node].steps[NS_LAYOUT_LOGICAL],
                       error);
}

ns_code ns_lower_pad(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int left = result->pad_left, right = result->pad_right;
    int input = 0;
    NS_TRY(ns_lowering_value(lowering, result->inputs[0], NS_LAYOUT_LOGICAL, &input, error));
    if (result->pad_mode == NS_PAD_CONSTANT)
        return lower_constant(lowering, node, input, error);
    if (!left && !right) {
        ns_lowering_set(lowering, node, NS_LAYOUT_LOGICAL, input);
        return NS_OK;
    }
    int count = left + 1 + right, axis = result->rank - 1;
    int64_t size = lowering->plan.steps[input].shape[axis];
    int *parts = NS_ARENA_ARRAY(lowering->arena, (size_t)count, int);
    if (!parts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", result->name);
    for (int i = 0; i < left; i++)
        NS_TRY(take_element(lowering, input, source_left(result->pad_mode, size, left, i), &parts[i], error));
    parts[left] = input;
    for (int i = 0; i < right; i++)
        NS_TRY(take_element(lowering, input, source_right(result->pad_mode, size, i), &parts[left + 1 + i],
                            error));
    return ns_plan_concat(&lowering->plan, count, parts, axis, NS_PLAN_END,
                          &lowering->values[node].steps[NS_LAYOUT_LOGICAL], error);
}
