/* pad: out[.., x] = input[.., source(x - left)] on the last axis; outside the input, by mode: constant: the
 * value; reflect: -1 -> 1, w -> w - 2 (widths below w); replicate: the nearest edge; circular: -1 -> w - 1,
 * w -> 0 (widths up to w).
 *
 * Constant: PAD. The others: a SLICE of one element for each padded one, and a CONCAT.
 * Source: ExecuTorch 1.5.0, backends/arm/_passes/rewrite_pad.py. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "ops/families/move.h"

enum { SELF, PAD, MODE, VALUE };
enum { CONSTANT, REFLECT, REPLICATE, CIRCULAR };

static const char *const modes[] = {"constant", "reflect", "replicate", "circular", NULL};

static int64_t left_of(const ns_aten_node *node)
{
    return node->attributes[PAD].list[0];
}

static int64_t right_of(const ns_aten_node *node)
{
    return node->attributes[PAD].list[1];
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

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    NS_TRY(ns_infer_same(program, node, error));
    if (node->rank < 1)
        return ns_fail(error, NS_ERROR_INPUT, "aten.pad.default needs a last axis, got a scalar");
    if (node->attributes[PAD].count != 2)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "aten.pad.default: %d widths; padding the last axis takes 2",
                       node->attributes[PAD].count);
    const int64_t mode = node->attributes[MODE].integer;
    if (mode < CONSTANT || mode > CIRCULAR)
        return ns_fail(error, NS_ERROR_INPUT, "aten.pad.default: mode %d is unknown", (int)mode);
    const int64_t limit = limit_of(mode, node->shape[node->rank - 1]);
    if (left_of(node) < 0 || right_of(node) < 0 || left_of(node) > limit || right_of(node) > limit)
        return ns_fail(error, NS_ERROR_INPUT,
                       "aten.pad.default: widths %" PRId64 " and %" PRId64 " are outside 0 to %" PRId64,
                       left_of(node), right_of(node), limit);
    node->shape[node->rank - 1] += left_of(node) + right_of(node);
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
    const int64_t width = ns_aten_operand(program, node, 0)->shape[node->rank - 1];
    const int64_t padded = node->shape[node->rank - 1];
    const int64_t row = (int64_t)element / padded, x = (int64_t)element % padded - left_of(node);
    const int64_t position = source_position(node->attributes[MODE].integer, x, width);
    *operand = 0;
    *from = row * width + position;
    return position >= 0;
}

static double filling(const ns_aten_node *node)
{
    return node->attributes[VALUE].none ? 0 : node->attributes[VALUE].real;
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
    const ns_quantisation *from = &ns_aten_operand(lowering->program, result, 0)->quantisation;
    const float inverse = 1.0f / from->scales[0], value = nearbyintf((float)filling(result) * inverse);
    const int64_t code = value <= (float)from->qmin   ? from->qmin
                         : value >= (float)from->qmax ? from->qmax
                                                      : (int64_t)value;
    int64_t widths[2 * NS_MAX_RANK] = {0};
    int step = 0;
    ns_step pad = ns_plan_like(&lowering->plan, NS_OP_PAD, &input);
    memcpy(pad.shape, result->shape, sizeof pad.shape);
    widths[2 * result->rank - 2] = left_of(result);
    widths[2 * result->rank - 1] = right_of(result);
    NS_TRY(ns_step_list(&lowering->plan, &pad, NULL, NS_DTYPE_SHAPE, 2 * result->rank, widths, error));
    NS_TRY(ns_step_list(&lowering->plan, &pad, "_padding_value", pad.dtype, 1, &code, error));
    NS_TRY(ns_plan_add(&lowering->plan, &pad, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const int64_t mode = result->attributes[MODE].integer;
    const int left = (int)left_of(result), right = (int)right_of(result);
    int input = 0, count = left + 1 + right, axis = result->rank - 1;
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &input, error));
    if (mode == CONSTANT)
        return lower_constant(lowering, node, input, error);
    if (!left && !right)
        return ns_lowering_set_own(lowering, node, input, error);
    const int64_t size = lowering->plan.steps[input].shape[axis];
    int *parts = NS_ARENA_ARRAY(lowering->arena, (size_t)count, int);
    if (!parts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", result->name);
    parts[left] = input;
    for (int i = 0; i < count; i++)
        if (i != left) {
            const int64_t x = i < left ? i - left : size + i - left - 1;
            NS_TRY(take_element(lowering, input, source_position(mode, x, size), &parts[i], error));
        }
    NS_TRY(ns_plan_concat(&lowering->plan, count, parts, axis, NS_PLAN_END, &input, error));
    return ns_lowering_set_own(lowering, node, input, error);
}

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
};
