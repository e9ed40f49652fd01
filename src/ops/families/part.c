#include "ops/families/movement.h"

#include <inttypes.h>
#include <string.h>

static const char FULL_EDGE[] = "aten_full_default";

/* Infer has checked the attributes. */
static ns_part_range range_of(const ns_aten_program *program, const ns_aten_node *node)
{
    const ns_part *part = node->op->family;
    ns_part_range range = {0};
    ns_error unused = {0};
    part->range(program, node, &range, &unused);
    range.step = range.step ? range.step : 1;
    return range;
}

ns_code ns_part_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_part *part = node->op->family;
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    ns_part_range range = {0};
    NS_TRY(part->range(program, node, &range, error));
    if (range.start < 0 || range.size < 0 ||
        range.start + (range.step > 1 ? range.span : range.size) > input->shape[range.axis])
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
        source[i] = i == range.axis ? range.start + (range.drop ? 0 : at[o++] * range.step) : at[o++];
    *operand = 0;
    *from = ns_broadcast_element(input, input->rank, source);
    return true;
}

/* Zeros behind axis `axis` of `*step`, so that it has `size` elements. */
static ns_code fill_up(ns_lowering *lowering, int axis, int64_t size, int *step, ns_error *error)
{
    const ns_step *value = &lowering->plan.steps[*step];
    ns_step zeros = {
        .kind = NS_STEP_CONSTANT, .group = NS_CONSTANT_TABLE, .dtype = value->dtype, .rank = value->rank};
    int number = 0, parts[2] = {*step, 0};
    ns_tensor data;
    memcpy(zeros.shape, value->shape, sizeof zeros.shape);
    zeros.shape[axis] = size - value->shape[axis];
    NS_TRY(ns_tensor_new(lowering->arena, zeros.dtype, zeros.rank, zeros.shape, &data, error));
    NS_TRY(ns_lowering_take_numbers(lowering, FULL_EDGE, 1, &number, error));
    zeros.data = data.data;
    zeros.name = ns_lowering_name(lowering, "", FULL_EDGE, number, "_pre_computed");
    if (!zeros.name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the zeros behind a slice");
    NS_TRY(ns_plan_add(&lowering->plan, &zeros, NS_PLAN_FRONT, &parts[1], error));
    return ns_plan_concat(&lowering->plan, 2, parts, axis, NS_PLAN_END, step, error);
}

/* The first of every `range->step` elements of the axis of `*step`, which has range->span. */
static ns_code take_steps(ns_lowering *lowering, const ns_part_range *range, int *step, ns_error *error)
{
    const int axis = range->axis;
    if (range->span < range->size * range->step)
        NS_TRY(fill_up(lowering, axis, range->size * range->step, step, error));
    const ns_step value = lowering->plan.steps[*step];
    int64_t shape[NS_MAX_RANK + 1];
    for (int i = 0; i <= value.rank; i++)
        shape[i] = i < axis ? value.shape[i] : i == axis ? range->size : value.shape[i - 1];
    shape[axis + 1] = range->step;
    if (value.rank == NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "a slice with steps of a tensor of %d axes", value.rank);
    NS_TRY(ns_plan_reshape(&lowering->plan, *step, value.rank + 1, shape, NS_PLAN_END, step, error));
    NS_TRY(ns_plan_slice(&lowering->plan, *step, axis + 1, 0, 1, NS_PLAN_END, step, error));
    memcpy(shape, value.shape, sizeof value.shape);
    shape[axis] = range->size;
    return ns_plan_reshape(&lowering->plan, *step, value.rank, shape, NS_PLAN_END, step, error);
}

ns_code ns_part_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_part_range range = range_of(lowering->program, result);
    int step = 0;
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &step, error));
    const int64_t span = range.step > 1 ? range.span : range.size;
    if (lowering->plan.steps[step].shape[range.axis] != span)
        NS_TRY(
            ns_plan_slice(&lowering->plan, step, range.axis, range.start, span, NS_PLAN_END, &step, error));
    if (range.step > 1 && range.size > 0)
        NS_TRY(take_steps(lowering, &range, &step, error));
    if (range.drop)
        NS_TRY(
            ns_plan_reshape(&lowering->plan, step, result->rank, result->shape, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}
