/* conv_transpose2d: every input element adds its weights to the result:
 *   out[n][o][y * stride + k - padding] += x[n][c][y] * w[c][o][k], plus bias[o];
 * output_padding adds rows and columns behind. TRANSPOSE_CONV2D to INT48 between TRANSPOSEs, RESCALE with
 * 16-bit multipliers; weights have one scale for each output channel, their axis 1 (ExecuTorch 1.5.1,
 * backends/arm/_passes/rewrite_conv_pass.py; quantizer/quantization_annotator.py;
 * operator_support/convolution_support.py). */
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
    if (node->attributes[GROUPS].integer != 1)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s in groups is not known", node->op->aten);
    return NS_OK;
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *x = ns_aten_operand(program, node, X), *w = ns_aten_operand(program, node, WEIGHT),
                       *bias = ns_aten_operand(program, node, BIAS);
    NS_TRY(check_lists(node, error));
    if (x->rank != 4 || w->rank != 4 || w->shape[0] != x->shape[1] || w->shape[2] < 1 || w->shape[3] < 1 ||
        (bias && (bias->rank != 1 || bias->shape[0] != w->shape[1])))
        return ns_fail(error, NS_ERROR_INPUT, "%s needs [n, c, h, w], weights [c, o, h, w] and a bias [o]",
                       node->op->aten);
    NS_TRY(ns_infer_same(program, node, error));
    node->shape[1] = w->shape[1];
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
    for (int64_t c = 0; c < x->shape[1]; c++)
        for (int64_t tap = 0; tap < w->shape[2] * w->shape[3]; tap++) {
            const int64_t row = source_of(node, x, 0, at[2], tap / w->shape[3]);
            const int64_t column = source_of(node, x, 1, at[3], tap % w->shape[3]);
            if (row < 0 || column < 0)
                continue;
            const int64_t from = ((at[0] * x->shape[1] + c) * x->shape[2] + row) * x->shape[3] + column;
            const int64_t weight = (c * w->shape[1] + at[1]) * w->shape[2] * w->shape[3] + tap;
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
                               "dim %d of the input is %" PRId64 ", supported are 1 to 65536", i,
                               x->shape[i]);
    if (w->shape[2] > 64 || w->shape[2] * w->shape[3] > 4096)
        return ns_keep_off(node, target, error,
                           "kernel %" PRId64 " x %" PRId64 ", at most 64 in y and 4096 in all are supported",
                           w->shape[2], w->shape[3]);
    if (!((y == x_stride && y <= 2) || (y == 1 && x_stride == 2 && x->shape[2] == 1 && w->shape[2] == 1) ||
          (y == 2 && x_stride == 1 && x->shape[3] == 1 && w->shape[3] == 1)))
        return ns_keep_off(node, target, error,
                           "strides %" PRId64 ", %" PRId64 "; 1, 1 and 2, 2 are supported", y, x_stride);
    return NS_OK;
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    const ns_aten_node *x = ns_aten_operand(program, node, X), *w = ns_aten_operand(program, node, WEIGHT);
    for (int i = 0; i < 2; i++) {
        if (value_of(node, DILATION, i) != 1)
            return ns_keep_off(node, target, error, "a dilation is not supported");
        if (value_of(node, PADDING, i) >= w->shape[2 + i])
            return ns_keep_off(node, target, error, "a padding of the kernel's size is not supported");
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

/* [c, o, h, w] as [o, h, w, c]. */
static ns_code make_weight(ns_lowering *lowering, const ns_aten_node *self, int number, int *step,
                           ns_error *error)
{
    const ns_aten_node *w = ns_aten_operand(lowering->program, self, WEIGHT);
    const int64_t channels = w->shape[0], outputs = w->shape[1], taps = w->shape[2] * w->shape[3];
    ns_tensor values;
    NS_TRY(ns_tensor_new(lowering->arena, NS_DTYPE_INT8, 4,
                         (int64_t[]){outputs, w->shape[2], w->shape[3], channels}, &values, error));
    for (int64_t c = 0; c < channels; c++)
        for (int64_t o = 0; o < outputs; o++)
            for (int64_t k = 0; k < taps; k++)
                ((int8_t *)values.data)[(o * taps + k) * channels + c] =
                    (int8_t)w->quantised[(c * outputs + o) * taps + k];
    const ns_step constant = {.kind = NS_STEP_CONSTANT,
                              .group = NS_CONSTANT_PARAMETER,
                              .dtype = NS_DTYPE_INT8,
                              .rank = 4,
                              .shape = {outputs, w->shape[2], w->shape[3], channels},
                              .data = values.data,
                              .name = ns_lowering_name(lowering, "", EDGE, number, "_weight_ohwi")};
    return constant.name ? ns_plan_add(&lowering->plan, &constant, NS_PLAN_END, step, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", self->name);
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *self = &lowering->program->nodes[node];
    ns_layout layout = {0};
    int32_t pad[4], stride[2];
    int inputs[3], step = 0, number = 0;
    reads(lowering, node, X, &layout);
    for (int i = 0; i < 2; i++) {
        pad[2 * i] = (int32_t)-value_of(self, PADDING, i);
        pad[2 * i + 1] = (int32_t)(value_of(self, OUTPUT_PADDING, i) - value_of(self, PADDING, i));
        stride[i] = (int32_t)value_of(self, STRIDE, i);
    }
    NS_TRY(ns_lowering_take_numbers(lowering, EDGE, 1, &number, error));
    NS_TRY(ns_lowering_value(lowering, self->inputs[X], &layout, &inputs[0], error));
    NS_TRY(make_weight(lowering, self, number, &inputs[1], error));
    NS_TRY(ns_convolution_add_bias(lowering, self, self->shape[1],
                                   ns_lowering_name(lowering, "", EDGE, number, "_bias"), &inputs[2], error));
    ns_step conv = ns_plan_like(&lowering->plan, NS_OP_TRANSPOSE_CONV2D, &inputs[0]);
    ns_step_zero(&conv, "_input_zp", NS_DTYPE_INT16);
    ns_step_zero(&conv, "_weight_zp", NS_DTYPE_INT8);
    conv.dtype = NS_DTYPE_INT48;
    conv.input_count = 3;
    conv.inputs = inputs;
    conv.attributes.acc_type = NS_DTYPE_INT48;
    ns_layout_shape(&layout, self->shape, conv.shape);
    NS_TRY(ns_plan_list(&lowering->plan, 4, pad, &conv.attributes.out_pad, error));
    NS_TRY(ns_plan_list(&lowering->plan, 2, stride, &conv.attributes.stride, error));
    NS_TRY(ns_plan_add(&lowering->plan, &conv, NS_PLAN_END, &step, error));
    NS_TRY(ns_convolution_rescale(lowering, node, step, &step, error));
    return ns_lowering_set(lowering, node, &layout, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "k3_stride2",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 6, 6), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 4, 3, 4, 3, 3),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 4), {"stride", NS_LIST(1, 2)})},
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
