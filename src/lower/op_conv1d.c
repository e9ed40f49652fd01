/* conv1d: [n, c, w] to [n, 1, w, c], CONV2D or DEPTHWISE_CONV2D to INT48, RESCALE with 16-bit multipliers
 * (one per output channel where the weights have one scale each), and back.
 *   depthwise  where the input has one channel per group; weights [1, k, c, m]
 *   grouped    a SLICE of the channels, a CONV2D and a RESCALE per group, CONCAT
 *   size       TOSA wants the last window to end at the padded input's end: what is left over is taken from
 *              the padding on the right, and where that is not enough, from the input by a SLICE
 *   no bias    a zero bias
 * Sources: ExecuTorch 1.5.0, backends/arm/_passes/rewrite_conv_pass.py, decompose_grouped_conv_pass.py,
 * size_adjust_input_pass.py, fuse_consecutive_slices_pass.py, propagate_view_copy_permute_pass.py. */
#include <string.h>

#include "lower/lowering.h"

typedef struct convolution {
    const ns_aten_node *node, *weight, *bias; /* bias: NULL when absent */
    int input;                                /* step, [n, 1, w, c] */
    int64_t width;                            /* of the input, after the size is adjusted */
    int pad_right;
    int first_slice; /* ExecuTorch's number of the first slice of a grouped convolution */
} convolution;

/* What the windows leave over at the right end. */
static void adjust_size(convolution *conv, int64_t width)
{
    const ns_aten_node *node = conv->node;
    int64_t reach = (int64_t)node->dilation * (conv->weight->shape[2] - 1) + 1;
    int64_t left_over = (width + 2 * (int64_t)node->padding - reach) % node->stride;
    int64_t from_padding = left_over < node->padding ? left_over : node->padding;
    conv->pad_right = node->padding - (int)from_padding;
    conv->width = width - (left_over - from_padding);
}

/* The part of the input that group `group` reads. */
static ns_code slice_input(ns_lowering *lowering, const convolution *conv, int groups, int group, int *step,
                           ns_error *error)
{
    const ns_step *input = &lowering->plan.steps[conv->input];
    int64_t channels = input->shape[3] / groups;
    if (conv->width == input->shape[2] && channels == input->shape[3]) {
        *step = conv->input;
        return NS_OK;
    }
    int from = conv->input;
    ns_step slice = *input;
    slice.kind = NS_STEP_OPERATOR;
    slice.op = NS_OP_SLICE;
    slice.input_count = 1;
    slice.inputs = &from;
    slice.shape[2] = conv->width;
    slice.shape[3] = channels;
    memset(slice.start, 0, sizeof slice.start);
    slice.start[3] = group * channels;
    return ns_plan_add(&lowering->plan, &slice, NS_PLAN_END, step, error);
}

/* Output channels [first, first + count) of the weights [o, i, k], as [o, 1, k, i] or, depthwise, as
 * [1, k, c, m] where output channel c * m_count + m reads input channel c. */
static ns_code make_weight(ns_lowering *lowering, const convolution *conv, int64_t first, int64_t count,
                           bool depthwise, int number, int *step, ns_error *error)
{
    const ns_aten_node *weight = conv->weight;
    int64_t inner = weight->shape[1], taps = weight->shape[2];
    ns_tensor values;
    int64_t channels = lowering->plan.steps[conv->input].shape[3];
    const int64_t dense_shape[4] = {count, 1, taps, inner};
    const int64_t depthwise_shape[4] = {1, taps, channels, count / channels};
    NS_TRY(ns_tensor_new(lowering->arena, NS_DTYPE_INT8, 4, depthwise ? depthwise_shape : dense_shape,
                         &values, error));
    const int32_t *source = weight->quantised + first * inner * taps;
    int8_t *target = values.data;
    for (int64_t o = 0; o < count; o++)
        for (int64_t i = 0; i < inner; i++)
            for (int64_t k = 0; k < taps; k++) {
                int64_t at = depthwise ? k * count + o : (o * taps + k) * inner + i;
                target[at] = (int8_t)source[(o * inner + i) * taps + k];
            }
    ns_step constant = {.kind = NS_STEP_CONSTANT,
                        .group = NS_CONSTANT_PARAMETER,
                        .dtype = NS_DTYPE_INT8,
                        .rank = 4,
                        .data = values.data};
    memcpy(constant.shape, values.shape, sizeof constant.shape);
    constant.name =
        ns_lowering_name(lowering, "", "convolution", number, depthwise ? "_weight_hwicm" : "_weight_ohwi");
    if (!constant.name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", conv->node->name);
    return ns_plan_add(&lowering->plan, &constant, NS_PLAN_END, step, error);
}

static ns_code make_bias(ns_lowering *lowering, const convolution *conv, int64_t first, int64_t count,
                         int number, int slice, int *step, ns_error *error)
{
    int64_t *values = NS_ARENA_ARRAY(lowering->arena, (size_t)count, int64_t);
    ns_step constant = {.kind = NS_STEP_CONSTANT,
                        .group = NS_CONSTANT_PARAMETER,
                        .dtype = NS_DTYPE_INT48,
                        .rank = 1,
                        .shape = {count},
                        .data = values};
    int place = NS_PLAN_END;
    if (!conv->bias) {
        constant.group = NS_CONSTANT_ZERO_BIAS;
        constant.name = ns_lowering_name(lowering, "", "convolution", number, "_bias");
        place = NS_PLAN_FRONT;
    } else if (slice >= 0) {
        constant.name = ns_lowering_name(lowering, "", "slice_copy_tensor", slice, "_fused_const");
    } else {
        constant.name = ns_lowering_parameter_name(lowering, conv->node->inputs[2]);
    }
    if (!values || !constant.name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", conv->node->name);
    for (int64_t i = 0; i < count && conv->bias; i++)
        values[i] = conv->bias->quantised[first + i];
    return ns_plan_add(&lowering->plan, &constant, place, step, error);
}

/* RESCALE from the accumulator's scale, input times weight, to the result's. */
static ns_code rescale_result(ns_lowering *lowering, const convolution *conv, int node, int64_t first,
                              int64_t count, int step, int *result, ns_error *error)
{
    const ns_quantisation *weight = &conv->weight->quantisation;
    double input_scale = ns_lowering_scale(lowering, conv->node->inputs[0]);
    double output_scale = ns_lowering_scale(lowering, node);
    bool per_channel = weight->axis >= 0;
    int scale_count = per_channel ? (int)count : 1;
    double *scales = NS_ARENA_ARRAY(lowering->arena, (size_t)scale_count, double);
    if (!scales)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", conv->node->name);
    for (int i = 0; i < scale_count; i++)
        scales[i] = input_scale * (double)weight->scales[per_channel ? first + i : 0] / output_scale;
    return ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, scale_count, scales, NS_PLAN_END, result,
                           error);
}

/* One TOSA convolution with its rescale: output channels [first, first + count) from step inputs[0];
 * inputs[1] and [2] are its weight and bias. */
static ns_code convolve(ns_lowering *lowering, const convolution *conv, int node, int64_t first,
                        int64_t count, bool depthwise, int inputs[3], int *result, ns_error *error)
{
    const ns_aten_node *from = conv->node;
    ns_step step = {.kind = NS_STEP_OPERATOR,
                    .op = depthwise ? NS_OP_DEPTHWISE_CONV2D : NS_OP_CONV2D,
                    .dtype = NS_DTYPE_INT48,
                    .rank = 4,
                    .shape = {from->shape[0], 1, from->shape[2], count},
                    .input_count = 3,
                    .inputs = inputs,
                    .pad = {0, 0, from->padding, conv->pad_right},
                    .stride = {1, from->stride},
                    .dilation = {1, from->dilation}};
    int made = 0;
    NS_TRY(ns_plan_add(&lowering->plan, &step, NS_PLAN_END, &made, error));
    return rescale_result(lowering, conv, node, first, count, made, result, error);
}

/* CONCAT of the groups' results. With one output channel each, the way from [n, 1, w, 1] to [n, 1, w] is a
 * view that ExecuTorch cannot move behind the CONCAT, for the axis is one that the view makes. */
static ns_code join_groups(ns_lowering *lowering, const convolution *conv, int node, int groups, int *parts,
                           ns_error *error)
{
    ns_lowered_value *value = &lowering->values[node];
    const int64_t *shape = conv->node->shape;
    if (shape[1] > groups)
        return ns_plan_concat(&lowering->plan, groups, parts, 3, NS_PLAN_END,
                              &value->steps[NS_LAYOUT_CHANNELS_LAST], error);
    const int64_t part[3] = {shape[0], 1, shape[2]};
    for (int g = 0; g < groups; g++)
        NS_TRY(ns_plan_reshape(&lowering->plan, parts[g], 3, part, parts[g], &parts[g], error));
    return ns_plan_concat(&lowering->plan, groups, parts, 1, NS_PLAN_END, &value->steps[NS_LAYOUT_LOGICAL],
                          error);
}

static ns_code lower_groups(ns_lowering *lowering, const convolution *conv, int node, int groups,
                            bool depthwise, ns_error *error)
{
    int *parts = NS_ARENA_ARRAY(lowering->arena, (size_t)groups, int);
    int(*inputs)[3] = ns_arena_alloc(lowering->arena, (size_t)groups, sizeof *inputs);
    if (!parts || !inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", conv->node->name);
    int64_t count = conv->weight->shape[0] / groups;
    int number = lowering->convolution_count;
    lowering->convolution_count += groups;
    for (int g = 0; g < groups; g++)
        NS_TRY(make_weight(lowering, conv, g * count, count, depthwise, number + g, &inputs[g][1], error));
    for (int g = 0; g < groups; g++)
        NS_TRY(make_bias(lowering, conv, g * count, count, number + g,
                         groups > 1 ? conv->first_slice + 2 * groups + g : -1, &inputs[g][2], error));
    /* Without a size to adjust, all slices stand in front of the first convolution; a slice that adjusts
     * the size stands in front of its own, and takes the channels with it. */
    bool adjusted = conv->width != lowering->plan.steps[conv->input].shape[2];
    for (int g = 0; g < groups && !adjusted; g++)
        NS_TRY(slice_input(lowering, conv, groups, g, &inputs[g][0], error));
    for (int g = 0; g < groups; g++) {
        if (adjusted)
            NS_TRY(slice_input(lowering, conv, groups, g, &inputs[g][0], error));
        NS_TRY(convolve(lowering, conv, node, g * count, count, depthwise, inputs[g], &parts[g], error));
    }
    if (groups == 1) {
        ns_lowering_set(lowering, node, NS_LAYOUT_CHANNELS_LAST, parts[0]);
        return NS_OK;
    }
    return join_groups(lowering, conv, node, groups, parts, error);
}

ns_code ns_lower_conv1d(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *nodes = lowering->program->nodes, *self = &nodes[node];
    convolution conv = {
        .node = self, .weight = &nodes[self->inputs[1]], .first_slice = lowering->slice_count};
    if (self->input_count > 2 && self->inputs[2] >= 0)
        conv.bias = &nodes[self->inputs[2]];
    NS_TRY(ns_lowering_value(lowering, self->inputs[0], NS_LAYOUT_CHANNELS_LAST, &conv.input, error));
    const ns_step *input = &lowering->plan.steps[conv.input];
    bool depthwise = input->shape[3] == self->groups;
    int groups = depthwise ? 1 : self->groups;
    if (groups > 1)
        lowering->slice_count += groups * (conv.bias ? 3 : 2);
    adjust_size(&conv, input->shape[2]);
    return lower_groups(lowering, &conv, node, groups, depthwise, error);
}
