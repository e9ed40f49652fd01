/* pad: out[.., x, ..] = input[.., source(x - width in front), ..] on the last axes; outside the input, by
 * mode: constant: the value; reflect: -1 -> 1, w -> w - 2 (widths below w); replicate: the nearest edge;
 * circular: -1 -> w - 1, w -> 0 (widths up to w).
 *
 * Constant: PAD. The others, axis by axis, the last first: a SLICE of one line for each padded one, and a
 * CONCAT. Source: ExecuTorch 1.5.0, backends/arm/_passes/rewrite_pad.py. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, PAD, MODE, VALUE };
enum { CONSTANT, REFLECT, REPLICATE, CIRCULAR };

static const char *const modes[] = {"constant", "reflect", "replicate", "circular", NULL};

/* Padded axes: the last ones, as many as there are pairs of widths; the pairs begin with the last axis. */
static int axes_of(const ns_aten_node *node)
{
    return node->attributes[PAD].count / 2;
}

/* Width in front of axis `axis` (side 0) or behind it (side 1). */
static int64_t width_of(const ns_aten_node *node, int axis, int side)
{
    const int pair = node->rank - 1 - axis;
    return pair < axes_of(node) ? node->attributes[PAD].list[2 * pair + side] : 0;
}

/* The most elements that can be added on one side of `width`. */
static int64_t limit_of(int64_t mode, int64_t width)
{
    switch (mode) {
    case REFLECT:
        return width > 0 ? width - 1 : 0;
    case CIRCULAR:
        return width;
    case REPLICATE:
        return width < 1 ? 0 : 1 << 20;
    default:
        return 1 << 20;
    }
}

static ns_code infer_axis(ns_aten_node *node, int axis, ns_error *error)
{
    const int64_t limit = limit_of(node->attributes[MODE].integer, node->shape[axis]);
    const int64_t before = width_of(node, axis, 0), behind = width_of(node, axis, 1);
    if (before < 0 || behind < 0 || before > limit || behind > limit)
        return ns_fail(error, NS_ERROR_INPUT,
                       "aten.pad.default: widths %" PRId64 " and %" PRId64
                       " of axis %d are outside 0 to %" PRId64,
                       before, behind, axis, limit);
    node->shape[axis] += before + behind;
    return NS_OK;
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    NS_TRY(ns_infer_same(program, node, error));
    const int count = node->attributes[PAD].count;
    if (count % 2 || count < 2 || count / 2 > node->rank)
        return ns_fail(error, NS_ERROR_INPUT,
                       "aten.pad.default: %d widths for %d axes, which take a pair each", count, node->rank);
    const int64_t mode = node->attributes[MODE].integer;
    if (mode < CONSTANT || mode > CIRCULAR)
        return ns_fail(error, NS_ERROR_INPUT, "aten.pad.default: mode %d is unknown", (int)mode);
    for (int i = 0; i < axes_of(node); i++)
        NS_TRY(infer_axis(node, node->rank - 1 - i, error));
    return NS_OK;
}

/* Where position `x` of a padded axis comes from in [0, width); -1: nowhere. */
static int64_t source_position(int64_t mode, int64_t x, int64_t width)
{
    if (x >= 0 && x < width)
        return x;
    switch (mode) {
    case REFLECT:
        return x < 0 ? -x : 2 * (width - 1) - x;
    case REPLICATE:
        return x < 0 ? 0 : width - 1;
    case CIRCULAR:
        return x < 0 ? x + width : x - width;
    default:
        return -1;
    }
}

static bool source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                   int64_t *from)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    int64_t at[NS_MAX_RANK] = {0};
    bool inside = true;
    ns_coordinates(node, element, at);
    for (int i = 0; i < node->rank; i++) {
        at[i] =
            source_position(node->attributes[MODE].integer, at[i] - width_of(node, i, 0), input->shape[i]);
        inside = inside && at[i] >= 0;
    }
    *operand = 0;
    *from = inside ? ns_broadcast_element(input, input->rank, at) : 0;
    return inside;
}

static double filling(const ns_aten_node *node)
{
    return node->attributes[VALUE].none ? 0 : node->attributes[VALUE].real;
}

static ns_code take_element(ns_lowering *lowering, int input, int axis, int64_t index, int *step,
                            ns_error *error)
{
    const ns_step *value = &lowering->plan.steps[input];
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
    const ns_quantisation *from = &ns_aten_operand(lowering->program, result, 0)->quantisation;
    const float inverse = 1.0f / from->scales[0], value = nearbyintf((float)filling(result) * inverse);
    const int64_t code = value <= (float)from->qmin   ? from->qmin
                         : value >= (float)from->qmax ? from->qmax
                                                      : (int64_t)value;
    int64_t widths[2 * NS_MAX_RANK] = {0};
    int step = 0;
    ns_step pad = ns_plan_like(&lowering->plan, NS_OP_PAD, &input);
    memcpy(pad.shape, result->shape, sizeof pad.shape);
    for (int i = 0; i < 2 * result->rank; i++)
        widths[i] = width_of(result, i / 2, i % 2);
    NS_TRY(ns_step_list(&lowering->plan, &pad, NULL, NS_DTYPE_SHAPE, 2 * result->rank, widths, error));
    NS_TRY(ns_step_list(&lowering->plan, &pad, "_padding_value", pad.dtype, 1, &code, error));
    NS_TRY(ns_plan_add(&lowering->plan, &pad, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

/* One axis of a mode that copies: `*step` is the operand, then the result. */
static ns_code lower_axis(ns_lowering *lowering, const ns_aten_node *node, int axis, int *step,
                          ns_error *error)
{
    const int before = (int)width_of(node, axis, 0), behind = (int)width_of(node, axis, 1);
    const int count = before + 1 + behind, input = *step;
    const int64_t size = lowering->plan.steps[input].shape[axis];
    int *parts = NS_ARENA_ARRAY(lowering->arena, (size_t)count, int);
    if (!parts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", node->name);
    if (count == 1)
        return NS_OK;
    parts[before] = input;
    for (int i = 0; i < count; i++)
        if (i != before) {
            const int64_t x = i < before ? i - before : size + i - before - 1;
            const int64_t position = source_position(node->attributes[MODE].integer, x, size);
            NS_TRY(take_element(lowering, input, axis, position, &parts[i], error));
        }
    return ns_plan_concat(&lowering->plan, count, parts, axis, NS_PLAN_END, step, error);
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int step = 0;
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &step, error));
    if (result->attributes[MODE].integer == CONSTANT)
        return lower_constant(lowering, node, step, error);
    for (int i = 0; i < axes_of(result); i++)
        NS_TRY(lower_axis(lowering, result, result->rank - 1 - i, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "zeros",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 6, 6), {"pad", NS_LIST(4, 1, 1, 1, 1)})},
    {NS_LIST_SEED, "value",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 8), {"pad", NS_LIST(2, 2, 1)}, {"value", NS_REAL(0.5)})},
};

const ns_aten_operator ns_aten_op_pad = {
    .name = "pad",
    .aten = "aten.pad.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"pad", NS_ATEN_INTS, .required = true},
                  {"mode", NS_ATEN_CHOICE, .choices = modes},
                  {"value", NS_ATEN_REAL, .otherwise = NS_ABSENT}),
    NS_MOVE_FAMILY((&(const ns_move){source, filling})),
    .infer = infer,
    .supported = ns_supported_always,
    .lower = lower,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
