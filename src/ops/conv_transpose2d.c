/* conv_transpose2d: every input element adds its weights to the result:
 *   out[n][o][y * stride + k - padding] += x[n][c][y] * w[c][o][k], plus bias[o];
 * output_padding adds rows and columns behind; of several groups each has its share of the channels.
 * TRANSPOSE_CONV2D to INT48 between TRANSPOSEs, RESCALE with 16-bit multipliers; weights have one scale for
 * each output channel, their axis 1; each group is one of its own between a SLICE and a CONCAT (ExecuTorch
 * 1.5.1, backends/arm/_passes/rewrite_conv_pass.py, decompose_grouped_conv_pass.py;
 * quantizer/quantization_annotator.py; operator_support/convolution_support.py). */
#include <inttypes.h>

#include "lower/lowering.h"
#include "num/interface.h"
#include "ops/cases.h"
#include "ops/families/arithmetic.h"
#include "ops/families/products.h"

enum { X, WEIGHT, BIAS, STRIDE, PADDING, OUTPUT_PADDING, GROUPS, DILATION };

static const char EDGE[] = "aten_convolution_default";

static int64_t value_of(const ns_aten_node *node, int parameter, int axis)
{
    return ns_window_value(&node->attributes[parameter], axis);
}

static ns_code check_lists(const ns_aten_node *node, ns_error *error)
{
    static const int lists[] = {STRIDE, PADDING, OUTPUT_PADDING, DILATION};
    for (int p = 0; p < 4; p++) {
        const ns_aten_attribute *list = &node->attributes[lists[p]];
        bool fits = list->count == 1 || list->count == 2;
        for (int i = 0; fits && i < list->count; i++)
            fits = list->list[i] >= (p == 0 || p == 3) && list->list[i] <= 1 << 20;
        if (!fits)
            return ns_fail(error, NS_ERROR_INPUT,
                           "%s: '%s' needs one or two values, at least %d and at most 2^20", node->op->aten,
                           node->op->parameters[lists[p]].name, p == 0 || p == 3);
    }
    return NS_OK;
}

/* Input and output channels of a group. */
static int64_t inputs_of(const ns_aten_node *node, const ns_aten_node *w)
{
    return w->shape[0] / node->attributes[GROUPS].integer;
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *x = ns_aten_operand(program, node, X), *w = ns_aten_operand(program, node, WEIGHT),
                       *bias = ns_aten_operand(program, node, BIAS);
    const int64_t groups = node->attributes[GROUPS].integer;
    NS_TRY(check_lists(node, error));
    if (groups < 1 || x->rank != 4 || w->rank != 4 || w->shape[0] != x->shape[1] || w->shape[2] < 1 ||
        w->shape[3] < 1 || w->shape[0] % groups ||
        (bias && (bias->rank != 1 || bias->shape[0] != w->shape[1] * groups)))
        return ns_fail(
            error, NS_ERROR_INPUT,
            "%s needs [n, c, h, w], weights [c, o / groups, h, w] and a bias [o], c divisible by groups",
            node->op->aten);
    NS_TRY(ns_infer_same(program, node, error));
    node->shape[1] = w->shape[1] * groups;
    for (int i = 0; i < 2; i++) {
        const int64_t reach = value_of(node, DILATION, i) * (w->shape[2 + i] - 1) + 1;
        node->shape[2 + i] = (x->shape[2 + i] - 1) * value_of(node, STRIDE, i) -
                             2 * value_of(node, PADDING, i) + reach + value_of(node, OUTPUT_PADDING, i);
        if (node->shape[2 + i] < 1)
            return ns_fail(error, NS_ERROR_INPUT, "%s: nothing is left of axis %d", node->op->aten, 2 + i);
    }
    return NS_OK;
}

/* Where row or column `at` of the result meets tap `tap` of the kernel in the input; -1: nowhere. */
static int64_t source_of(const ns_aten_node *node, const ns_aten_node *x, int axis, int64_t at, int64_t tap)
{
    const int64_t stride = value_of(node, STRIDE, axis);
    const int64_t from = at + value_of(node, PADDING, axis) - tap * value_of(node, DILATION, axis);
    return from >= 0 && from % stride == 0 && from / stride < x->shape[2 + axis] ? from / stride : -1;
}

static void terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                  ns_term_visit visit, void *context)
{
    const ns_aten_node *x = ns_aten_operand(program, node, X), *w = ns_aten_operand(program, node, WEIGHT);
    int64_t at[NS_MAX_RANK] = {0};
    ns_coordinates(node, element, at);
    const int64_t share = inputs_of(node, w), first = at[1] / w->shape[1] * share, o = at[1] % w->shape[1];
    for (int64_t c = first; c < first + share; c++)
        for (int64_t tap = 0; tap < w->shape[2] * w->shape[3]; tap++) {
            const int64_t row = source_of(node, x, 0, at[2], tap / w->shape[3]);
            const int64_t column = source_of(node, x, 1, at[3], tap % w->shape[3]);
            if (row < 0 || column < 0)
                continue;
            const int64_t from = ((at[0] * x->shape[1] + c) * x->shape[2] + row) * x->shape[3] + column;
            const int64_t weight = (c * w->shape[1] + o) * w->shape[2] * w->shape[3] + tap;
            const ns_term term = {2, {{X, from}, {WEIGHT, weight}}};
            visit(context, &term);
        }
    if (ns_aten_operand(program, node, BIAS)) {
        const ns_term term = NS_TERM_1(BIAS, at[1]);
        visit(context, &term);
    }
}

typedef struct sum {
    const double *const *values;
    ns_double2 total;
} sum;

static void add_term(void *context, const ns_term *term)
{
    sum *s = context;
    ns_double2_add_product(&s->total, s->values[term->factors[0].operand][term->factors[0].element],
                           term->count > 1 ? s->values[term->factors[1].operand][term->factors[1].element]
                                           : 1);
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time(operands, error));
        sum s = {operands->values, {0, 0}};
        terms(operands->program, node, i, add_term, &s);
        out[i] = s.total.hi + s.total.lo;
    }
    return NS_OK;
}

static ns_code supported_u55(const ns_aten_node *node, const ns_aten_node *x, const ns_aten_node *w,
                             ns_target target, ns_error *error)
{
    const int64_t y = value_of(node, STRIDE, 0), x_stride = value_of(node, STRIDE, 1);
    for (int i = 1; i < 4; i++)
        if (x->shape[i] < 1 || x->shape[i] > 65536)
            return ns_keep_off(node, target, error,
                               "HWC must be in the range [1;65536] but got %" PRId64 " %" PRId64 " %" PRId64,
                               x->shape[1], x->shape[2], x->shape[3]);
    if (w->shape[2] > 64 || w->shape[2] * w->shape[3] > 4096)
        return ns_keep_off(node, target, error,
                           "Kernel Height * Kernel Width must be in the range [1;4096] but got %" PRId64,
                           w->shape[2] * w->shape[3]);
    if (!((y == x_stride && y <= 2) || (y == 1 && x_stride == 2 && x->shape[2] == 1 && w->shape[2] == 1) ||
          (y == 2 && x_stride == 1 && x->shape[3] == 1 && w->shape[3] == 1)))
        return ns_keep_off(node, target, error,
                           "Unsupported stride of (%" PRId64 ", %" PRId64
                           ") for Ethos-U55. You can use stride of (1,1) or (2,2)",
                           y, x_stride);
    return NS_OK;
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    const ns_aten_node *x = ns_aten_operand(program, node, X), *w = ns_aten_operand(program, node, WEIGHT);
    if (node->attributes[GROUPS].integer > 1 && w->quantisation.count > 1)
        return ns_keep_off(
            node, target, error,
            "Grouped transpose convolutions with per-channel weight quantization are not supported.");
    for (int i = 0; i < 2; i++) {
        if (value_of(node, DILATION, i) != 1)
            return ns_keep_off(node, target, error,
                               "Transpose convolutions with dilation are not supported.");
        if (value_of(node, PADDING, i) >= w->shape[2 + i])
            return ns_keep_off(node, target, error, "Transpose convolution out_pad exceeds kernel %s.",
                               i ? "width" : "height");
    }
    return target == NS_TARGET_U55 ? supported_u55(node, x, w, target, error) : NS_OK;
}

/* ---- lowering ---- */
static void reads(const ns_lowering *lowering, int node, int operand, ns_layout *layout)
{
    (void)lowering;
    (void)node;
    if (operand == X)
        *layout = (ns_layout){4, {0, 2, 3, 1}};
}

/* What the groups have in common. */
typedef struct transposed {
    int node;
    const ns_aten_node *self, *weight;
    ns_layout layout;
    int32_t pad[4], stride[2]; /* top, bottom, left, right; y, x */
    int input, bias;           /* steps, of all groups; -1: not made yet */
    int first;                 /* ExecuTorch's number of the first group's convolution */
} transposed;

/* The weights of a group, [c, o, h, w], as [o, h, w, c]. */
static ns_code make_weight(ns_lowering *lowering, const transposed *conv, int group, int *step,
                           ns_error *error)
{
    const ns_aten_node *w = conv->weight;
    const int64_t channels = inputs_of(conv->self, w), outputs = w->shape[1],
                  taps = w->shape[2] * w->shape[3];
    const int32_t *from = w->quantised + group * channels * outputs * taps;
    ns_tensor values;
    NS_TRY(ns_tensor_new(lowering->arena, NS_DTYPE_INT8, 4,
                         (int64_t[]){outputs, w->shape[2], w->shape[3], channels}, &values, error));
    for (int64_t c = 0; c < channels; c++)
        for (int64_t o = 0; o < outputs; o++)
            for (int64_t k = 0; k < taps; k++)
                ((int8_t *)values.data)[(o * taps + k) * channels + c] =
                    (int8_t)from[(c * outputs + o) * taps + k];
    const ns_step constant = {.kind = NS_STEP_CONSTANT,
                              .group = NS_CONSTANT_PARAMETER,
                              .dtype = NS_DTYPE_INT8,
                              .rank = 4,
                              .shape = {outputs, w->shape[2], w->shape[3], channels},
                              .data = values.data,
                              .name =
                                  ns_lowering_name(lowering, "", EDGE, conv->first + group, "_weight_ohwi")};
    return constant.name ? ns_plan_add(&lowering->plan, &constant, NS_PLAN_END, step, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", conv->self->name);
}

/* The part of the bias that belongs to a group. */
static ns_code make_bias(ns_lowering *lowering, transposed *conv, int group, int *step, ns_error *error)
{
    const ns_aten_node *self = conv->self;
    const int64_t outputs = conv->weight->shape[1];
    if (conv->bias < 0)
        NS_TRY(ns_convolution_add_bias(lowering, self, self->shape[1],
                                       ns_lowering_name(lowering, "", EDGE, conv->first, "_bias"),
                                       &conv->bias, error));
    *step = conv->bias;
    if (outputs == self->shape[1])
        return NS_OK;
    ns_step part = lowering->plan.steps[conv->bias];
    part.shape[0] = outputs;
    part.data = (const int64_t *)part.data + group * outputs;
    part.name = ns_lowering_name(lowering, "", EDGE, conv->first + group, "_bias");
    return part.name ? ns_plan_add(&lowering->plan, &part, conv->bias, step, error)
                     : ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", conv->self->name);
}

/* One group: `*step` is its part of the input, then of the result. */
static ns_code lower_group(ns_lowering *lowering, transposed *conv, int group, int *step, ns_error *error)
{
    int inputs[3] = {*step, 0, 0};
    NS_TRY(make_weight(lowering, conv, group, &inputs[1], error));
    NS_TRY(make_bias(lowering, conv, group, &inputs[2], error));
    ns_step made = ns_plan_like(&lowering->plan, NS_OP_TRANSPOSE_CONV2D, &inputs[0]);
    ns_step_zero(&made, "_input_zp", NS_DTYPE_INT16);
    ns_step_zero(&made, "_weight_zp", NS_DTYPE_INT8);
    made.dtype = NS_DTYPE_INT48;
    made.input_count = 3;
    made.inputs = inputs;
    made.attributes.acc_type = NS_DTYPE_INT48;
    ns_layout_shape(&conv->layout, conv->self->shape, made.shape);
    made.shape[3] = conv->weight->shape[1];
    NS_TRY(ns_plan_list(&lowering->plan, 4, conv->pad, &made.attributes.out_pad, error));
    NS_TRY(ns_plan_list(&lowering->plan, 2, conv->stride, &made.attributes.stride, error));
    NS_TRY(ns_plan_add(&lowering->plan, &made, NS_PLAN_END, step, error));
    return ns_convolution_rescale(lowering, conv->node, *step, step, error);
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    const int groups = (int)self->attributes[GROUPS].integer;
    transposed conv = {
        .node = node, .self = self, .weight = ns_aten_operand(lowering->program, self, WEIGHT), .bias = -1};
    int *parts = NS_ARENA_ARRAY(lowering->arena, (size_t)groups, int);
    if (!parts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", self->name);
    reads(lowering, node, X, &conv.layout);
    for (int i = 0; i < 2; i++) {
        conv.pad[2 * i] = (int32_t)-value_of(self, PADDING, i);
        conv.pad[2 * i + 1] = (int32_t)(value_of(self, OUTPUT_PADDING, i) - value_of(self, PADDING, i));
        conv.stride[i] = (int32_t)value_of(self, STRIDE, i);
    }
    NS_TRY(ns_lowering_take_numbers(lowering, EDGE, groups, &conv.first, error));
    NS_TRY(ns_lowering_value(lowering, self->inputs[X], &conv.layout, &conv.input, error));
    const int64_t channels = inputs_of(self, conv.weight);
    for (int g = 0; g < groups; g++) {
        parts[g] = conv.input;
        if (groups > 1)
            NS_TRY(ns_plan_slice(&lowering->plan, conv.input, 3, g * channels, channels, NS_PLAN_END,
                                 &parts[g], error));
    }
    for (int g = 0; g < groups; g++)
        NS_TRY(lower_group(lowering, &conv, g, &parts[g], error));
    if (groups > 1)
        NS_TRY(ns_plan_concat(&lowering->plan, groups, parts, 3, NS_PLAN_END, &parts[0], error));
    return ns_lowering_set(lowering, node, &conv.layout, parts[0], error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "k3_stride2",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 6, 6), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 4, 3, 4, 3, 3),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 4), {"stride", NS_LIST(1, 2)})},
    {NS_LIST_SEED, "groups",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 4, 6, 6), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 4, 4, 3, 3, 3),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 6), {"stride", NS_LIST(1, 2)}, {"groups", NS_INT(2)}),
     true},
};

const ns_aten_operator ns_aten_op_conv_transpose2d = {
    .name = "conv_transpose2d",
    .aten = "aten.conv_transpose2d.input",
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"weight", NS_ATEN_TENSOR}, {"bias", NS_ATEN_OPTIONAL_TENSOR},
                  {"stride", NS_ATEN_INTS, .otherwise = NS_INTS(1, ((const int64_t[]){1}))},
                  {"padding", NS_ATEN_INTS, .otherwise = NS_INTS(1, ((const int64_t[]){0}))},
                  {"output_padding", NS_ATEN_INTS, .otherwise = NS_INTS(1, ((const int64_t[]){0}))},
                  {"groups", NS_ATEN_INT, .otherwise = NS_INT(1)},
                  {"dilation", NS_ATEN_INTS, .otherwise = NS_INTS(1, ((const int64_t[]){1}))}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_OWN,
    .weight = WEIGHT,
    .weight_axis = 1,
    .bias = BIAS,
    .supported = supported,
    .lower = lower,
    .reads = reads,
    .terms = terms,
    .term_kind = NS_TERMS_SUM,
    .slope = ns_slope_product,
    .bound = ns_bound_product,
    .catalogue = NS_CALL_CATALOGUE(PRODUCT, cases),
};
