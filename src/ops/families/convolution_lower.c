/* Convolution: [n, c, h, w] to [n, h, w, c] (one axis: [n, 1, w, c]; three: [n, d, h, w, c]), CONV2D,
 * DEPTHWISE_CONV2D or CONV3D to INT48, RESCALE with 16-bit multipliers (one per output channel where the
 * weights have one scale each), and back. depthwise  where the input has one channel per group, in one or two
 * axes; weights [h, w, c, m] grouped    a SLICE of the channels, a CONV2D and a RESCALE per group, CONCAT
 *   size       TOSA wants the last window to end at the padded input's end: what is left over is taken from
 *              the padding behind, and where that is not enough, from the input by a SLICE
 *   no bias    a zero bias
 * Sources: ExecuTorch 1.5.0, backends/arm/_passes/rewrite_conv_pass.py, decompose_grouped_conv_pass.py,
 * size_adjust_input_pass.py, fuse_consecutive_slices_pass.py, propagate_view_copy_permute_pass.py. */
#include <string.h>

#include "ops/families/products.h"

static const char EDGE[] = "aten_convolution_default", SLICE_EDGE[] = "aten_slice_copy_tensor";

typedef struct convolution {
    int node;
    const ns_aten_node *self, *weight, *bias; /* bias: NULL when absent */
    int groups;                               /* of CONV2D: 1 for a depthwise one */
    bool depthwise;
    int space;                    /* axes of the TOSA operator: 2, or 3 for CONV3D */
    ns_layout layout;             /* of input and result */
    int input;                    /* step, [n, h, w, c] */
    int64_t size[NS_WINDOW_AXES]; /* of the input, h and w, after the size is adjusted */
    int64_t taps[NS_WINDOW_AXES];
    /* as TOSA has them: top, bottom, left, right; h, w */
    int32_t pad[2 * NS_WINDOW_AXES], stride[NS_WINDOW_AXES], dilation[NS_WINDOW_AXES];
    int first, first_slice; /* ExecuTorch's numbers of the first convolution and slice */
} convolution;

/* The output channels of one group. */
typedef struct share {
    int64_t first, count;
    int number;    /* ExecuTorch's, of its convolution */
    int inputs[3]; /* steps: input, weight, bias */
} share;

void ns_convolution_reads(const ns_lowering *lowering, int node, int operand, ns_layout *layout)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    const ns_convolution *family = self->op->family;
    if (operand != NS_CONVOLUTION_INPUT)
        return;
    *layout = family->axes == 1   ? (ns_layout){4, {0, NS_LAYOUT_ONE, 2, 1}}
              : family->axes == 2 ? (ns_layout){4, {0, 2, 3, 1}}
                                  : (ns_layout){5, {0, 2, 3, 4, 1}};
}

/* Kernel and padding by axis, and what the windows leave over at the end of each. */
static void adjust_size(convolution *conv, const ns_window *window, const ns_step *input)
{
    for (int axis = 0; axis < conv->space; axis++) {
        const int i = axis - (conv->space - window->rank); /* a convolution in one axis is one in w */
        conv->size[axis] = input->shape[1 + axis];
        conv->taps[axis] = i < 0 ? 1 : window->kernel[i];
        conv->stride[axis] = i < 0 ? 1 : (int32_t)window->stride[i];
        conv->dilation[axis] = i < 0 ? 1 : (int32_t)window->dilation[i];
        if (i < 0)
            continue;
        const int64_t reach = window->dilation[i] * (window->kernel[i] - 1) + 1;
        const int64_t left_over = (window->in[i] + 2 * window->padding[i] - reach) % window->stride[i];
        const int64_t from_padding = left_over < window->padding[i] ? left_over : window->padding[i];
        conv->pad[2 * axis] = (int32_t)window->padding[i];
        conv->pad[2 * axis + 1] = (int32_t)(window->padding[i] - from_padding);
        conv->size[axis] -= left_over - from_padding;
    }
}

static bool is_adjusted(const ns_lowering *lowering, const convolution *conv)
{
    const ns_step *input = &lowering->plan.steps[conv->input];
    for (int axis = 0; axis < conv->space; axis++)
        if (conv->size[axis] != input->shape[1 + axis])
            return true;
    return false;
}

/* The part of the input that group `group` reads. */
static ns_code slice_input(ns_lowering *lowering, const convolution *conv, int group, int *step,
                           ns_error *error)
{
    const ns_step *input = &lowering->plan.steps[conv->input];
    const int last = 1 + conv->space;
    const int64_t channels = input->shape[last] / conv->groups;
    int64_t start[NS_MAX_RANK] = {0}, size[NS_MAX_RANK] = {input->shape[0]};
    memcpy(&size[1], conv->size, sizeof conv->size);
    size[last] = channels;
    start[last] = group * channels;
    *step = conv->input;
    if (!is_adjusted(lowering, conv) && conv->groups == 1)
        return NS_OK;
    return ns_plan_slice_all(&lowering->plan, conv->input, start, size, NS_PLAN_END, step, error);
}

static int64_t taps_of(const convolution *conv)
{
    return conv->taps[0] * conv->taps[1] * (conv->space == 3 ? conv->taps[2] : 1);
}

/* The shape of the part's weights in the graph. */
static ns_tensor weight_like(const ns_lowering *lowering, const convolution *conv, const share *part)
{
    const int64_t channels = lowering->plan.steps[conv->input].shape[1 + conv->space];
    ns_tensor like = {.rank = 2 + conv->space, .shape = {part->count}};
    if (conv->depthwise)
        return (ns_tensor){.rank = 4,
                           .shape = {conv->taps[0], conv->taps[1], channels, part->count / channels}};
    memcpy(&like.shape[1], conv->taps, sizeof conv->taps);
    like.shape[1 + conv->space] = conv->weight->shape[1];
    return like;
}

/* The part's output channels of the weights [o, i, h, w], as [o, h, w, i] or, depthwise, as [h, w, c, m]
 * where output channel c * m_count + m reads input channel c. */
static ns_code make_weight(ns_lowering *lowering, const convolution *conv, share *part, ns_error *error)
{
    const ns_aten_node *weight = conv->weight;
    const int64_t inner = weight->shape[1], taps = taps_of(conv), count = part->count;
    const ns_tensor like = weight_like(lowering, conv, part);
    ns_tensor values;
    NS_TRY(ns_tensor_new(lowering->arena, NS_DTYPE_INT8, like.rank, like.shape, &values, error));
    const int32_t *source = weight->quantised + part->first * inner * taps;
    int8_t *target = values.data;
    for (int64_t o = 0; o < count; o++)
        for (int64_t i = 0; i < inner; i++)
            for (int64_t k = 0; k < taps; k++) {
                int64_t at = conv->depthwise ? k * count + o : (o * taps + k) * inner + i;
                target[at] = (int8_t)source[(o * inner + i) * taps + k];
            }
    ns_step constant = {.kind = NS_STEP_CONSTANT,
                        .group = NS_CONSTANT_PARAMETER,
                        .dtype = NS_DTYPE_INT8,
                        .rank = values.rank,
                        .data = values.data};
    memcpy(constant.shape, values.shape, sizeof constant.shape);
    constant.name = ns_lowering_name(lowering, "", EDGE, part->number,
                                     conv->depthwise    ? "_weight_hwicm"
                                     : conv->space == 3 ? "_weight_odhwi"
                                                        : "_weight_ohwi");
    if (!constant.name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", conv->self->name);
    return ns_plan_add(&lowering->plan, &constant, NS_PLAN_END, &part->inputs[1], error);
}

/* `slice`: ExecuTorch's number of the slice that takes the part of the bias. */
static ns_code make_bias(ns_lowering *lowering, const convolution *conv, share *part, int slice,
                         ns_error *error)
{
    int64_t *values = NS_ARENA_ARRAY(lowering->arena, (size_t)part->count, int64_t);
    ns_step constant = {.kind = NS_STEP_CONSTANT,
                        .group = NS_CONSTANT_PARAMETER,
                        .dtype = NS_DTYPE_INT48,
                        .rank = 1,
                        .shape = {part->count},
                        .data = values};
    int place = NS_PLAN_END;
    if (!conv->bias) {
        constant.group = NS_CONSTANT_ZERO_BIAS;
        constant.name = ns_lowering_name(lowering, "", EDGE, part->number, "_bias");
        place = NS_PLAN_FRONT;
    } else if (conv->groups > 1) {
        constant.name = ns_lowering_name(lowering, "", SLICE_EDGE, slice, "_fused_const");
    } else {
        constant.name = ns_lowering_parameter_name(lowering, conv->self->inputs[2]);
    }
    if (!values || !constant.name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", conv->self->name);
    for (int64_t i = 0; i < part->count && conv->bias; i++)
        values[i] = conv->bias->quantised[part->first + i];
    return ns_plan_add(&lowering->plan, &constant, place, &part->inputs[2], error);
}

/* RESCALE from the accumulator's scale, input times weight, to the result's. */
static ns_code rescale_result(ns_lowering *lowering, const convolution *conv, const share *part, int step,
                              int *result, ns_error *error)
{
    const ns_quantisation *weight = &conv->weight->quantisation;
    double input_scale = ns_lowering_scale(lowering, conv->self->inputs[0]);
    double output_scale = ns_lowering_scale(lowering, conv->node);
    bool per_channel = weight->axis >= 0;
    int scale_count = per_channel ? (int)part->count : 1;
    double *scales = NS_ARENA_ARRAY(lowering->arena, (size_t)scale_count, double);
    if (!scales)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", conv->self->name);
    for (int i = 0; i < scale_count; i++)
        scales[i] = input_scale * (double)weight->scales[per_channel ? part->first + i : 0] / output_scale;
    return ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, scale_count, scales, NS_PLAN_END, result,
                           error);
}

/* One TOSA convolution with its rescale. */
static ns_code convolve(ns_lowering *lowering, const convolution *conv, share *part, int *result,
                        ns_error *error)
{
    ns_plan *plan = &lowering->plan;
    const ns_op op = conv->depthwise    ? NS_OP_DEPTHWISE_CONV2D
                     : conv->space == 3 ? NS_OP_CONV3D
                                        : NS_OP_CONV2D;
    ns_step step = ns_plan_like(plan, op, &part->inputs[0]);
    ns_step_zero(&step, "_input_zp", step.dtype);
    ns_step_zero(&step, "_weight_zp", plan->steps[part->inputs[1]].dtype);
    step.dtype = NS_DTYPE_INT48;
    step.input_count = 3;
    step.inputs = part->inputs;
    ns_layout_shape(&conv->layout, conv->self->shape, step.shape);
    step.shape[1 + conv->space] = part->count;
    step.attributes.acc_type = NS_DTYPE_INT48;
    NS_TRY(ns_plan_list(plan, 2 * conv->space, conv->pad, &step.attributes.pad, error));
    NS_TRY(ns_plan_list(plan, conv->space, conv->stride, &step.attributes.stride, error));
    NS_TRY(ns_plan_list(plan, conv->space, conv->dilation, &step.attributes.dilation, error));
    int made = 0;
    NS_TRY(ns_plan_add(plan, &step, NS_PLAN_END, &made, error));
    return rescale_result(lowering, conv, part, made, result, error);
}

/* CONCAT of the groups' results. With one output channel each, the way from [n, 1, w, 1] to [n, 1, w] is a
 * view that ExecuTorch cannot move behind the CONCAT, for the axis is one that the view makes. */
static ns_code join_groups(ns_lowering *lowering, const convolution *conv, int *results, ns_error *error)
{
    const int64_t *shape = conv->self->shape;
    int joined = 0;
    if (shape[1] > conv->groups) {
        NS_TRY(ns_plan_concat(&lowering->plan, conv->groups, results, 1 + conv->space, NS_PLAN_END, &joined,
                              error));
        return ns_lowering_set(lowering, conv->node, &conv->layout, joined, error);
    }
    int64_t one[NS_MAX_RANK];
    memcpy(one, shape, sizeof one);
    one[1] = 1;
    for (int g = 0; g < conv->groups; g++)
        NS_TRY(ns_plan_reshape(&lowering->plan, results[g], conv->self->rank, one, results[g], &results[g],
                               error));
    NS_TRY(ns_plan_concat(&lowering->plan, conv->groups, results, 1, NS_PLAN_END, &joined, error));
    return ns_lowering_set_own(lowering, conv->node, joined, error);
}

static ns_code lower_parts(ns_lowering *lowering, const convolution *conv, share *parts, int *results,
                           ns_error *error)
{
    const int groups = conv->groups;
    const int64_t count = conv->weight->shape[0] / groups;
    for (int g = 0; g < groups; g++) {
        parts[g] = (share){.first = g * count, .count = count, .number = conv->first + g};
        NS_TRY(make_weight(lowering, conv, &parts[g], error));
    }
    for (int g = 0; g < groups; g++)
        NS_TRY(make_bias(lowering, conv, &parts[g], conv->first_slice + 2 * groups + g, error));
    /* Without a size to adjust, all slices stand in front of the first convolution; a slice that adjusts
     * the size stands in front of its own, and takes the channels with it. */
    const bool adjusted = is_adjusted(lowering, conv);
    for (int g = 0; g < groups && !adjusted; g++)
        NS_TRY(slice_input(lowering, conv, g, &parts[g].inputs[0], error));
    for (int g = 0; g < groups; g++) {
        if (adjusted)
            NS_TRY(slice_input(lowering, conv, g, &parts[g].inputs[0], error));
        NS_TRY(convolve(lowering, conv, &parts[g], &results[g], error));
    }
    if (groups > 1)
        return join_groups(lowering, conv, results, error);
    return ns_lowering_set(lowering, conv->node, &conv->layout, results[0], error);
}

ns_code ns_convolution_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_program *program = lowering->program;
    const ns_aten_node *self = &program->nodes[node];
    convolution conv = {.node = node,
                        .self = self,
                        .weight = ns_aten_operand(program, self, 1),
                        .bias = ns_aten_operand(program, self, 2)};
    const ns_aten_node *input = ns_aten_operand(program, self, 0);
    const ns_window window = ns_convolution_window(self, input, conv.weight);
    ns_convolution_reads(lowering, node, NS_CONVOLUTION_INPUT, &conv.layout);
    NS_TRY(ns_lowering_value(lowering, self->inputs[0], &conv.layout, &conv.input, error));
    conv.groups = (int)self->attributes[NS_CONVOLUTION_GROUPS].integer;
    conv.space = window.rank == 3 ? 3 : 2;
    conv.depthwise = input->shape[1] == conv.groups && conv.space == 2;
    conv.groups = conv.depthwise ? 1 : conv.groups;
    if (conv.groups > 1)
        NS_TRY(ns_lowering_take_numbers(lowering, SLICE_EDGE, conv.groups * (conv.bias ? 3 : 2),
                                        &conv.first_slice, error));
    NS_TRY(ns_lowering_take_numbers(lowering, EDGE, conv.groups, &conv.first, error));
    adjust_size(&conv, &window, &lowering->plan.steps[conv.input]);
    share *parts = NS_ARENA_ARRAY(lowering->arena, (size_t)conv.groups, share);
    int *results = NS_ARENA_ARRAY(lowering->arena, (size_t)conv.groups, int);
    if (!parts || !results)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", self->name);
    return lower_parts(lowering, &conv, parts, results, error);
}

ns_code ns_convolution_add_bias(ns_lowering *lowering, const ns_aten_node *self, int64_t outputs,
                                const char *name, int *step, ns_error *error)
{
    const ns_aten_node *bias = ns_aten_operand(lowering->program, self, NS_CONVOLUTION_BIAS);
    int64_t *values = NS_ARENA_ARRAY(lowering->arena, (size_t)outputs, int64_t);
    const ns_step constant = {
        .kind = NS_STEP_CONSTANT,
        .group = bias ? NS_CONSTANT_PARAMETER : NS_CONSTANT_ZERO_BIAS,
        .dtype = NS_DTYPE_INT48,
        .rank = 1,
        .shape = {outputs},
        .data = values,
        .name = bias ? ns_lowering_parameter_name(lowering, self->inputs[NS_CONVOLUTION_BIAS]) : name};
    if (!values || !constant.name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", self->name);
    for (int64_t i = 0; bias && i < outputs; i++)
        values[i] = bias->quantised[i];
    return ns_plan_add(&lowering->plan, &constant, bias ? NS_PLAN_END : NS_PLAN_FRONT, step, error);
}

ns_code ns_convolution_rescale(ns_lowering *lowering, int node, int step, int *result, ns_error *error)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    const ns_quantisation *weight =
        &ns_aten_operand(lowering->program, self, NS_CONVOLUTION_WEIGHT)->quantisation;
    double *scales = NS_ARENA_ARRAY(lowering->arena, (size_t)weight->count, double);
    if (!scales)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", self->name);
    for (int i = 0; i < weight->count; i++)
        scales[i] = ns_lowering_scale(lowering, self->inputs[NS_CONVOLUTION_INPUT]) *
                    (double)weight->scales[i] / ns_lowering_scale(lowering, node);
    return ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, weight->count, scales, NS_PLAN_END, result,
                           error);
}
