#include "lower/lowering.h"

#include <math.h>
#include <string.h>

/* Whether swapping axes 1 and 2 of [n, a, b] moves no element: then ExecuTorch makes a view of it
 * (CanonicalizeViewCopyPermutePass). */
static bool swap_is_view(const int64_t *shape)
{
    return shape[1] == 1 || shape[2] == 1;
}

static const int32_t swap[3] = {0, 2, 1};

ns_code ns_lowering_value(ns_lowering *lowering, int node, int *step, ns_error *error)
{
    ns_lowered_value *value = &lowering->values[node];
    const ns_aten_node *self = &lowering->program->nodes[node];
    if (value->step >= 0) {
        *step = value->step;
        return NS_OK;
    }
    if (value->channels_last < 0)
        return ns_fail(error, NS_ERROR_INTERNAL, "%s has no value", self->name);
    if (swap_is_view(self->shape)) {
        NS_TRY(
            ns_plan_reshape(&lowering->plan, value->channels_last, 3, self->shape, NS_PLAN_END, step, error));
    } else {
        const int64_t shape[3] = {self->shape[0], self->shape[2], self->shape[1]};
        NS_TRY(ns_plan_reshape(&lowering->plan, value->channels_last, 3, shape, NS_PLAN_END, step, error));
        NS_TRY(ns_plan_transpose(&lowering->plan, *step, swap, NS_PLAN_END, step, error));
    }
    value->step = *step;
    return NS_OK;
}

ns_code ns_lowering_channels_last(ns_lowering *lowering, int node, int *step, ns_error *error)
{
    ns_lowered_value *value = &lowering->values[node];
    const ns_aten_node *self = &lowering->program->nodes[node];
    if (value->channels_last >= 0) {
        *step = value->channels_last;
        return NS_OK;
    }
    NS_TRY(ns_lowering_value(lowering, node, step, error));
    const int64_t shape[4] = {self->shape[0], 1, self->shape[2], self->shape[1]};
    if (!swap_is_view(self->shape))
        NS_TRY(ns_plan_transpose(&lowering->plan, *step, swap, NS_PLAN_END, step, error));
    NS_TRY(ns_plan_reshape(&lowering->plan, *step, 4, shape, NS_PLAN_END, step, error));
    value->channels_last = *step;
    return NS_OK;
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
    NS_TRY(ns_lowering_value(lowering, operand, &input, error));
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
