#include "lower/plan.h"

#include <limits.h>
#include <string.h>

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
}

ns_code ns_plan_add(ns_plan *plan, const ns_step *step, int after, int *index, ns_error *error)
{
    if (plan->step_count == plan->step_capacity) {
        if (plan->step_capacity > INT_MAX / 2)
            return no_memory(error);
        int wanted = plan->step_capacity ? 2 * plan->step_capacity : 32;
        ns_step *grown = NS_ARENA_ARRAY(plan->arena, (size_t)wanted, ns_step);
        if (!grown)
            return no_memory(error);
        if (plan->step_count)
            memcpy(grown, plan->steps, (size_t)plan->step_count * sizeof *grown);
        plan->steps = grown;
        plan->step_capacity = wanted;
    }
    int made = plan->step_count++;
    ns_step *copy = &plan->steps[made];
    *copy = *step;
    copy->inputs = ns_arena_copy(plan->arena, step->inputs, (size_t)step->input_count * sizeof *step->inputs);
    if (!copy->inputs)
        return no_memory(error);
    if (after == NS_PLAN_END)
        after = plan->last;
    if (after < 0) {
        copy->next = plan->first;
        plan->first = made;
    } else {
        copy->next = plan->steps[after].next;
        plan->steps[after].next = made;
    }
    if (copy->next < 0)
        plan->last = made;
    *index = made;
    return NS_OK;
}

ns_step ns_plan_like(const ns_plan *plan, ns_op op, int *input)
{
    const ns_step *from = &plan->steps[*input];
    ns_step step = {.kind = NS_STEP_OPERATOR,
                    .op = op,
                    .dtype = from->dtype,
                    .rank = from->rank,
                    .input_count = 1,
                    .inputs = input};
    memcpy(step.shape, from->shape, sizeof step.shape);
    return step;
}

void ns_step_zero(ns_step *step, const char *suffix, ns_dtype dtype)
{
    static const int64_t zero[] = {0};
    step->constants[step->constant_count++] =
        (ns_step_constant){.suffix = suffix, .dtype = dtype, .count = 1, .values = zero};
}

ns_code ns_step_list(ns_plan *plan, ns_step *step, const char *suffix, ns_dtype dtype, int count,
                     const int64_t *values, ns_error *error)
{
    const int64_t *copy = ns_arena_copy(plan->arena, values, (size_t)count * sizeof *values);
    if (!copy)
        return no_memory(error);
    step->constants[step->constant_count++] =
        (ns_step_constant){.suffix = suffix, .dtype = dtype, .count = count, .values = copy};
    return NS_OK;
}

ns_code ns_plan_list(ns_plan *plan, int count, const int32_t *values, ns_int_list *list, ns_error *error)
{
    *list = (ns_int_list){count, ns_arena_copy(plan->arena, values, (size_t)count * sizeof *values)};
    return list->values ? NS_OK : no_memory(error);
}

ns_code ns_plan_rescale(ns_plan *plan, int input, ns_dtype dtype, int scale_count, const double *scales,
                        int after, int *index, ns_error *error)
{
    ns_step step = ns_plan_like(plan, NS_OP_RESCALE, &input);
    step.attributes.scale32 = step.dtype != NS_DTYPE_INT48;
    step.attributes.rounding_mode = NS_SINGLE_ROUND;
    step.attributes.per_channel = scale_count > 1;
    step.dtype = dtype;
    step.scale_count = scale_count;
    step.scales = ns_arena_copy(plan->arena, scales, (size_t)scale_count * sizeof *scales);
    if (!step.scales)
        return no_memory(error);
    return ns_plan_add(plan, &step, after, index, error);
}

ns_code ns_plan_reshape(ns_plan *plan, int input, int rank, const int64_t *shape, int after, int *index,
                        ns_error *error)
{
    ns_step step = ns_plan_like(plan, NS_OP_RESHAPE, &input);
    step.rank = rank;
    memset(step.shape, 0, sizeof step.shape);
    for (int i = 0; i < rank; i++)
        step.shape[i] = shape[i];
    NS_TRY(ns_step_list(plan, &step, NULL, NS_DTYPE_SHAPE, rank, shape, error));
    step.constants[0].shared = true;
    return ns_plan_add(plan, &step, after, index, error);
}

ns_code ns_plan_transpose(ns_plan *plan, int input, const int32_t *perms, int after, int *index,
                          ns_error *error)
{
    const ns_step *from = &plan->steps[input];
    ns_step step = ns_plan_like(plan, NS_OP_TRANSPOSE, &input);
    for (int i = 0; i < step.rank; i++)
        step.shape[i] = from->shape[perms[i]];
    NS_TRY(ns_plan_list(plan, step.rank, perms, &step.attributes.perms, error));
    return ns_plan_add(plan, &step, after, index, error);
}

ns_code ns_plan_slice_all(ns_plan *plan, int input, const int64_t *start, const int64_t *size, int after,
                          int *index, ns_error *error)
{
    ns_step step = ns_plan_like(plan, NS_OP_SLICE, &input);
    for (int i = 0; i < step.rank; i++)
        step.shape[i] = size[i];
    NS_TRY(ns_step_list(plan, &step, NULL, NS_DTYPE_SHAPE, step.rank, start, error));
    NS_TRY(ns_step_list(plan, &step, NULL, NS_DTYPE_SHAPE, step.rank, size, error));
    return ns_plan_add(plan, &step, after, index, error);
}

/* A slice of a slice is one (FuseConsecutiveSlicesPass); the first goes where nothing else reads it. */
static int through_slice(const ns_plan *plan, int input, int64_t *starts)
{
    const ns_step *first = &plan->steps[input];
    if (first->kind != NS_STEP_OPERATOR || first->op != NS_OP_SLICE)
        return input;
    for (int i = 0; i < first->rank; i++)
        starts[i] += first->constants[0].values[i];
    return first->inputs[0];
}

ns_code ns_plan_slice(ns_plan *plan, int input, int axis, int64_t start, int64_t size, int after, int *index,
                      ns_error *error)
{
    int64_t starts[NS_MAX_RANK] = {0}, sizes[NS_MAX_RANK];
    memcpy(sizes, plan->steps[input].shape, sizeof sizes);
    starts[axis] = start;
    sizes[axis] = size;
    input = through_slice(plan, input, starts);
    return ns_plan_slice_all(plan, input, starts, sizes, after, index, error);
}

ns_code ns_plan_concat(ns_plan *plan, int count, const int *inputs, int axis, int after, int *index,
                       ns_error *error)
{
    int first = inputs[0];
    ns_step step = ns_plan_like(plan, NS_OP_CONCAT, &first);
    step.input_count = count;
    step.inputs = ns_arena_copy(plan->arena, inputs, (size_t)count * sizeof *inputs);
    if (!step.inputs)
        return no_memory(error);
    step.attributes.axis = axis;
    step.shape[axis] = 0;
    for (int i = 0; i < count; i++)
        step.shape[axis] += plan->steps[inputs[i]].shape[axis];
    return ns_plan_add(plan, &step, after, index, error);
}
