#include "lower/lowering.h"

#include <math.h>
#include <string.h>

bool ns_lowering_swap_is_view(const int64_t *shape)
{
    return shape[1] == 1 || shape[2] == 1;
}

void ns_lowering_set(ns_lowering *lowering, int node, ns_layout layout, int step)
{
    lowering->values[node].steps[layout] = step;
}

/* The nearest layout to `wanted` that is made: the way leads from one to the next. */
static int nearest(const ns_lowered_value *value, ns_layout wanted)
{
    for (int distance = 0; distance < NS_LAYOUT_COUNT; distance++)
        for (int sign = -1; sign <= 1; sign += 2) {
            int layout = (int)wanted + sign * distance;
            if (layout >= 0 && layout < NS_LAYOUT_COUNT && value->steps[layout] >= 0)
                return layout;
        }
    return -1;
}

static const int32_t swap[3] = {0, 2, 1};

/* Ethos-U55 transposes at most this many elements of an axis of a rank-3 tensor. */
#define MAX_TRANSPOSE_U55 65536

/* Swaps axes 1 and 2; on U55 in parts of the axis `axis` and those behind it, where it is too long
 * (DecomposePermuteForU55Pass). */
static ns_code swap_axes(ns_lowering *lowering, int input, int axis, int *step, ns_error *error)
{
    if (lowering->target != NS_TARGET_U55 || axis > 2)
        return ns_plan_transpose(&lowering->plan, input, swap, NS_PLAN_END, step, error);
    int64_t size = lowering->plan.steps[input].shape[axis];
    if (size <= MAX_TRANSPOSE_U55)
        return swap_axes(lowering, input, axis + 1, step, error);
    int count = (int)((size + MAX_TRANSPOSE_U55 - 1) / MAX_TRANSPOSE_U55);
    int *parts = NS_ARENA_ARRAY(lowering->arena, (size_t)count, int);
    if (!parts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
    for (int i = 0; i < count; i++) {
        int64_t start = (int64_t)i * MAX_TRANSPOSE_U55;
        int64_t part = size - start < MAX_TRANSPOSE_U55 ? size - start : MAX_TRANSPOSE_U55;
        NS_TRY(ns_plan_slice(&lowering->plan, input, axis, start, part, NS_PLAN_END, &parts[i], error));
        NS_TRY(swap_axes(lowering, parts[i], axis + 1, &parts[i], error));
    }
    return ns_plan_concat(&lowering->plan, count, parts, swap[axis], NS_PLAN_END, step, error);
}

/* Makes the step from layout `from` towards `to`: a view, or the swap of two axes. A swap that moves
 * nothing is a view too, and two views are one, so it goes all the way at once. */
static ns_code change_layout(ns_lowering *lowering, int node, int from, int to, int *made, ns_error *error)
{
    const int64_t *shape = lowering->program->nodes[node].shape;
    const int64_t shapes[NS_LAYOUT_COUNT][4] = {
        {shape[0], shape[1], shape[2]}, {shape[0], shape[2], shape[1]}, {shape[0], 1, shape[2], shape[1]}};
    ns_lowered_value *value = &lowering->values[node];
    bool view = ns_lowering_swap_is_view(shape);
    *made = view ? to : from + (to > from ? 1 : -1);
    bool swaps = *made + from == NS_LAYOUT_LOGICAL + NS_LAYOUT_SWAPPED;
    if (swaps && !view)
        return swap_axes(lowering, value->steps[from], 1, &value->steps[*made], error);
    return ns_plan_reshape(&lowering->plan, value->steps[from], *made == NS_LAYOUT_CHANNELS_LAST ? 4 : 3,
                           shapes[*made], NS_PLAN_END, &value->steps[*made], error);
}

ns_code ns_lowering_value(ns_lowering *lowering, int node, ns_layout layout, int *step, ns_error *error)
{
    ns_lowered_value *value = &lowering->values[node];
    const ns_aten_node *self = &lowering->program->nodes[node];
    if (layout != NS_LAYOUT_LOGICAL && self->rank != 3)
        return ns_fail(error, NS_ERROR_INTERNAL, "%s has rank %d and no channels", self->name, self->rank);
    int from = nearest(value, layout);
    if (from < 0)
        return ns_fail(error, NS_ERROR_INTERNAL, "%s has no value", self->name);
    while (from != (int)layout)
        NS_TRY(change_layout(lowering, node, from, (int)layout, &from, error));
    *step = value->steps[layout];
    return NS_OK;
}

static bool is_unary(ns_aten_op op)
{
    return op == NS_ATEN_EXP || op == NS_ATEN_GELU || op == NS_ATEN_RECIPROCAL;
}

ns_layout ns_lowering_elementwise_layout(const ns_lowering *lowering, int node)
{
    const ns_aten_program *program = lowering->program;
    const ns_aten_node *self = &program->nodes[node];
    if (self->rank != 3 || ns_lowering_swap_is_view(self->shape))
        return NS_LAYOUT_LOGICAL;
    for (int i = 0; i < program->output_count; i++)
        if (program->outputs[i] == node)
            return NS_LAYOUT_LOGICAL;
    bool read = false;
    for (int i = node + 1; i < program->node_count; i++) {
        const ns_aten_node *user = &program->nodes[i];
        for (int j = 0; j < user->input_count; j++) {
            if (user->inputs[j] != node)
                continue;
            bool swaps =
                user->op == NS_ATEN_CONV1D ||
                (is_unary(user->op) && ns_lowering_elementwise_layout(lowering, i) == NS_LAYOUT_SWAPPED);
            if (!swaps)
                return NS_LAYOUT_LOGICAL;
            read = true;
        }
    }
    return read ? NS_LAYOUT_SWAPPED : NS_LAYOUT_LOGICAL;
}

double ns_lowering_scale(const ns_lowering *lowering, int node)
{
    return (double)lowering->program->nodes[node].quantisation.scales[0];
}

/* The INT32 value that `step` narrows to INT16 with `scale`, where it is an operator's own narrowing. */
static bool narrowed_from(const ns_plan *plan, int step, int *source, double *scale)
{
    const ns_step *narrow = &plan->steps[step];
    if (narrow->kind != NS_STEP_OPERATOR || narrow->op != NS_OP_RESCALE || narrow->scale_count != 1)
        return false;
    const ns_step *wide = &plan->steps[narrow->inputs[0]];
    /* RESCALE behind TABLE and convolutions is made by later passes. */
    if (wide->dtype != NS_DTYPE_INT32 || wide->op == NS_OP_TABLE)
        return false;
    *source = narrow->inputs[0];
    *scale = narrow->scales[0];
    return true;
}

ns_code ns_lowering_int32(ns_lowering *lowering, int operand, double scale, int *step, ns_error *error)
{
    int input = 0, source = 0;
    NS_TRY(ns_lowering_value(lowering, operand, NS_LAYOUT_LOGICAL, &input, error));
    double factor = ns_lowering_scale(lowering, operand) / scale, narrowing = 0;
    /* Narrowing and widening that undo each other go (FuseConsecutiveRescalesPass, its tolerance). */
    if (narrowed_from(&lowering->plan, input, &source, &narrowing) && fabs(narrowing * factor - 1) < 1e-6) {
        *step = source;
        return NS_OK;
    }
    return ns_plan_rescale(&lowering->plan, input, NS_DTYPE_INT32, 1, &factor, input, step, error);
}

const char *ns_lowering_name(ns_lowering *lowering, const char *prefix, const char *operation, int number,
                             const char *suffix)
{
    /* ExecuTorch's edge dialect spells "exp" as aten.exp.default; slices come with ".Tensor". */
    const char *overload = strcmp(operation, "slice_copy_tensor") ? "_default" : "";
    if (number)
        return ns_arena_format(lowering->arena, "%saten_%s%s_%d%s", prefix, operation, overload, number,
                               suffix);
    return ns_arena_format(lowering->arena, "%saten_%s%s%s", prefix, operation, overload, suffix);
}

const char *ns_lowering_parameter_name(ns_lowering *lowering, int node)
{
    int number = 0;
    for (int i = 0; i < node; i++)
        number += lowering->program->nodes[i].op == NS_ATEN_PARAMETER;
    return ns_arena_format(lowering->arena, "b__frozen_param%d", number);
}
