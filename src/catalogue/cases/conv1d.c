/* conv1d: out[n][o][i] = bias[o] + sum over c, j of x[n][c][i * stride + j * dilation - padding] * w[o][c][j]
 */
#include "catalogue/catalogue.h"

#include <math.h>

#define MAX_LAYERS 2

typedef struct ns_conv1d_layer {
    int out, kernel, stride, padding, dilation, groups;
    bool no_bias;
    ns_pad_mode pad_mode;
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
               CONV(1, 3, 12, .out = 4, .kernel = 3, .stride = 2, .padding = 1, .pad_mode = NS_PAD_CIRCULAR)),
    EXECUTORCH("3_1x3x12_st1_pd1_reflect",
               CONV(1, 3, 12, .out = 4, .kernel = 3, .padding = 1, .pad_mode = NS_PAD_REFLECT)),
    EXECUTORCH("3_1x3x12_st1_pd1_replicate",
               CONV(1, 3, 12, .out = 4, .kernel = 3, .padding = 1, .pad_mode = NS_PAD_REPLICATE)),
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

/* Weights and bias are uniform in +- 1 / sqrt(inputs of one output), as torch.nn.Conv1d starts them. A
 * padding that is not zeros becomes a PAD node of its own, as there. */
static ns_code add_layer(ns_aten_program *program, const ns_conv1d_layer *layer, ns_random *random, int input,
                         int *result, ns_error *error)
{
    const int groups = or_one(layer->groups);
    const int64_t fan_in = program->nodes[input].shape[1] / groups * layer->kernel;
    const double bound = 1 / sqrt((double)fan_in);
    const ns_case_data data = {NS_UNIFORM, -bound, 2 * bound};
    const int64_t weight_shape[] = {layer->out, program->nodes[input].shape[1] / groups, layer->kernel};
    const int64_t bias_shape[] = {layer->out};
    int weight, bias = -1, padding = layer->padding;
    NS_TRY(ns_case_parameter(program, NULL, 3, weight_shape, data, random, &weight, error));
    if (!layer->no_bias)
        NS_TRY(ns_case_parameter(program, NULL, 1, bias_shape, data, random, &bias, error));
    if (layer->pad_mode != NS_PAD_CONSTANT) {
        NS_TRY(ns_aten_add_pad(program, input, padding, padding, layer->pad_mode, 0, &input, error));
        padding = 0;
    }
    return ns_aten_add_conv1d(program, input, weight, bias, or_one(layer->stride), padding,
                              or_one(layer->dilation), groups, result, error);
}

static ns_code build(const void *parameters, ns_random *random, ns_aten_program *program, ns_tensor *inputs,
                     ns_error *error)
{
    const ns_conv1d_case *conv = parameters;
    const int64_t shape[] = {conv->batch, conv->channels, conv->length};
    const ns_case_data data = {NS_NORMAL, 0, 1};
    int node;
    NS_TRY(ns_case_input(program, "x", 3, shape, data, random, &inputs[0], &node, error));
    for (int i = 0; i < conv->layer_count; i++)
        NS_TRY(add_layer(program, &conv->layers[i], random, node, &node, error));
    return ns_aten_add_output(program, node, error);
}

const ns_catalogue_operator ns_catalogue_conv1d = {
    .name = "conv1d",
    .case_count = sizeof cases / sizeof cases[0],
    .cases = cases,
    .qtol = {NS_SEED_QTOL, NS_EXECUTORCH_QTOL},
    .epsilon = {NS_SEED_EPSILON, NS_EXECUTORCH_EPSILON},
    .build = build,
};
