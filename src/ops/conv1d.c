/* conv1d: out[n][o][i] = bias[o] + sum over c, j of x[n][c][i * stride + j * dilation - padding] * w[o][c][j]
 * (families/convolution.h). */
#include <math.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/products.h"

/* ---- cases ---- */
enum { PAD_CONSTANT, PAD_REFLECT, PAD_REPLICATE, PAD_CIRCULAR };

#define MAX_LAYERS 2

typedef struct ns_conv1d_layer {
    int out, kernel, stride, padding, dilation, groups;
    bool no_bias;
    int pad_mode; /* of aten.pad */
} ns_conv1d_layer;

typedef struct ns_conv1d_case {
    int batch, channels, length;
    int layer_count;
    ns_conv1d_layer layers[MAX_LAYERS];
} ns_conv1d_case;

/* Input [batch, channels, length]; one layer of `out` channels. */
#define CONV(batch, channels, length, ...) \
    (&(const ns_conv1d_case){(batch), (channels), (length), 1, {{__VA_ARGS__}}})
#define TWO(length, channels, first, second, no_bias_)                              \
    (&(const ns_conv1d_case){1,                                                     \
                             (channels),                                            \
                             (length),                                              \
                             2,                                                     \
                             {{.out = (first), .kernel = 5, .no_bias = (no_bias_)}, \
                              {.out = (second), .kernel = 5, .no_bias = (no_bias_)}}})

/* Each configuration with one weight scale per output channel and with one for the tensor. */
#define SEED(name, parameters)                                            \
    {NS_LIST_SEED, name "_per_channel", parameters, .per_tensor = false}, \
    {                                                                     \
        NS_LIST_SEED, name "_per_tensor", parameters, .per_tensor = true  \
    }
#define EXECUTORCH(name, parameters)                                                        \
    {NS_LIST_EXECUTORCH, name "_per_channel_quant=True", parameters, .per_tensor = false},  \
    {                                                                                       \
        NS_LIST_EXECUTORCH, name "_per_channel_quant=False", parameters, .per_tensor = true \
    }

/* A stride or dilation of 0 stands for 1, groups of 0 for 1. */
static const ns_catalogue_case cases[] = {
    SEED("k1", CONV(1, 2, 128, .out = 4, .kernel = 1)),
    SEED("k3", CONV(1, 3, 64, .out = 8, .kernel = 3)),
    SEED("k5_padding2", CONV(2, 3, 64, .out = 6, .kernel = 5, .padding = 2)),
    SEED("k3_stride2_padding1", CONV(1, 3, 64, .out = 8, .kernel = 3, .stride = 2, .padding = 1)),
    SEED("k3_dilation2", CONV(1, 4, 64, .out = 4, .kernel = 3, .padding = 2, .dilation = 2)),
    SEED("k3_depthwise", CONV(1, 8, 64, .out = 8, .kernel = 3, .padding = 1, .groups = 8)),
    SEED("k5_stride2_no_bias", CONV(1, 3, 64, .out = 5, .kernel = 5, .stride = 2, .no_bias = true)),
    EXECUTORCH("2_3x2x40_nobias", CONV(1, 2, 40, .out = 3, .kernel = 2, .no_bias = true)),
    EXECUTORCH("3_1x3x256_st1", CONV(1, 3, 256, .out = 10, .kernel = 3)),
    EXECUTORCH("3_1x3x12_st2_pd1_circular",
               CONV(1, 3, 12, .out = 4, .kernel = 3, .stride = 2, .padding = 1, .pad_mode = PAD_CIRCULAR)),
    EXECUTORCH("3_1x3x12_st1_pd1_reflect",
               CONV(1, 3, 12, .out = 4, .kernel = 3, .padding = 1, .pad_mode = PAD_REFLECT)),
    EXECUTORCH("3_1x3x12_st1_pd1_replicate",
               CONV(1, 3, 12, .out = 4, .kernel = 3, .padding = 1, .pad_mode = PAD_REPLICATE)),
    EXECUTORCH("1_1x2x128_st1", CONV(1, 2, 128, .out = 1, .kernel = 1)),
    EXECUTORCH("2_1x2x14_st2", CONV(1, 2, 14, .out = 1, .kernel = 2, .stride = 2)),
    EXECUTORCH("5_3x2x128_st1", CONV(3, 2, 128, .out = 3, .kernel = 5)),
    EXECUTORCH("3_1x3x224_st2_pd1", CONV(1, 3, 224, .out = 16, .kernel = 3, .stride = 2, .padding = 1)),
    EXECUTORCH("7_1x3x16_st2_pd1_dl2_needs_adjust_pass",
               CONV(1, 3, 16, .out = 3, .kernel = 7, .stride = 2, .padding = 1, .dilation = 2)),
    EXECUTORCH("7_1x3x15_st1_pd0_dl1_needs_adjust_pass", CONV(1, 3, 15, .out = 3, .kernel = 7)),
    EXECUTORCH("5_1x3x14_st5_pd0_dl1_needs_adjust_pass", CONV(1, 3, 14, .out = 3, .kernel = 5, .stride = 5)),
    EXECUTORCH("5_1x3x9_st5_pd0_dl1_needs_adjust_pass", CONV(1, 3, 9, .out = 3, .kernel = 5, .stride = 5)),
    EXECUTORCH("two_conv1d_nobias", TWO(256, 3, 10, 15, true)),
    EXECUTORCH("two_conv1d", TWO(256, 3, 10, 15, false)),
};

static int or_one(int value)
{
    return value ? value : 1;
}

/* A padding that is not zeros becomes a node of its own, as torch.nn.Conv1d exports it. */
static ns_code add_pad(ns_aten_program *program, const ns_conv1d_layer *layer, int *node, ns_error *error)
{
    const int64_t widths[] = {layer->padding, layer->padding};
    return ns_aten_call(program, &ns_aten_op_pad, 1, node,
                        NS_ARGUMENTS({"pad", NS_INTS(2, widths)}, {"mode", NS_INT(layer->pad_mode)}), node,
                        error);
}

/* Weights and bias are uniform in +- 1 / sqrt(inputs of one output), as torch.nn.Conv1d starts them. */
static ns_code add_layer(const ns_aten_operator *op, ns_case_maker *maker, const ns_conv1d_layer *layer,
                         int input, int *result, ns_error *error)
{
    ns_aten_program *program = maker->program;
    const int64_t groups = or_one(layer->groups), channels = program->nodes[input].shape[1] / groups;
    const double bound = 1 / sqrt((double)(channels * layer->kernel));
    const ns_case_data data = {NS_UNIFORM, -bound, 2 * bound};
    const int64_t weight_shape[] = {layer->out, channels, layer->kernel}, bias_shape[] = {layer->out};
    int operands[3] = {input, 0, -1};
    NS_TRY(ns_case_parameter(maker, NULL, 3, weight_shape, data, &operands[1], error));
    if (!layer->no_bias)
        NS_TRY(ns_case_parameter(maker, NULL, 1, bias_shape, data, &operands[2], error));
    const bool pads = layer->pad_mode != PAD_CONSTANT;
    if (pads)
        NS_TRY(add_pad(program, layer, &operands[0], error));
    const int64_t stride = or_one(layer->stride), padding = pads ? 0 : layer->padding;
    const int64_t dilation = or_one(layer->dilation);
    return ns_aten_call(program, op, 3, operands,
                        NS_ARGUMENTS({"stride", NS_INTS(1, &stride)}, {"padding", NS_INTS(1, &padding)},
                                     {"dilation", NS_INTS(1, &dilation)}, {"groups", NS_INT(groups)}),
                        result, error);
}

static ns_code build(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                     ns_error *error)
{
    const ns_conv1d_case *conv = parameters;
    const int64_t shape[] = {conv->batch, conv->channels, conv->length};
    const ns_case_data data = {NS_NORMAL, 0, 1};
    int node;
    NS_TRY(ns_case_input(maker, "x", 3, shape, data, &node, error));
    for (int i = 0; i < conv->layer_count; i++)
        NS_TRY(add_layer(op, maker, &conv->layers[i], node, &node, error));
    return ns_aten_add_output(maker->program, node, error);
}

/* With a padding that is a word ExecuTorch 1.5.1's quantiser does not know it, as it knows conv2d's and
 * conv3d's (quantizer/quantization_annotator.py, _conv_ops): it stays on the CPU. */
const ns_aten_operator ns_aten_op_conv1d_padding = {
    .name = "conv1d.padding",
    .aten = "aten.conv1d.padding",
    NS_CONVOLUTION_MEANING((&(const ns_convolution){1, "[n, c, w]"})),
    .annotation = NS_ANNOTATION_FLOAT,
};

const ns_aten_operator ns_aten_op_conv1d = {
    .name = "conv1d",
    .aten = "aten.conv1d.default",
    NS_CONVOLUTION_FAMILY((&(const ns_convolution){1, "[n, c, w]"})),
    .supported = ns_convolution_supported,
    .catalogue = NS_CATALOGUE(PRODUCT, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, build),
};
