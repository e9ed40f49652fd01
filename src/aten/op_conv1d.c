/* CONV1D: out[n, o, x] = bias[o] + sum over c, k of
 *   input[n, g * C + c, x * stride + k * dilation - padding] * weight[o, c, k],
 * g = o / (O / groups), C = channels / groups, input 0 outside its width.
 * Exact sum of exact products to the bound of ns_double2, then rounded to double. */
#include "aten/operator.h"

#include <inttypes.h>

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0),
                       *weight = ns_aten_operand(program, node, 1);
    const ns_aten_node *bias = ns_aten_operand(program, node, 2);
    char text[128];
    if (!input || input->rank != 3)
        return ns_fail(error, NS_ERROR_INPUT, "aten.conv1d.default needs an input [n, c, w], got %s",
                       input ? ns_aten_shape_text(input, text, sizeof text) : "nothing");
    if (node->stride < 1 || node->padding < 0 || node->dilation < 1 || node->groups < 1 ||
        node->stride > 1 << 20 || node->padding > 1 << 20 || node->dilation > 1 << 20)
        return ns_fail(
            error, NS_ERROR_INPUT,
            "aten.conv1d.default: stride %d, padding %d, dilation %d, groups %d; stride, dilation and "
            "groups must be at least 1, padding at least 0, each at most 2^20",
            node->stride, node->padding, node->dilation, node->groups);
    int64_t channels = input->shape[1], groups = node->groups;
    if (!weight || weight->rank != 3 || channels % groups || weight->shape[1] != channels / groups ||
        weight->shape[0] % groups || weight->shape[2] < 1)
        return ns_fail(error, NS_ERROR_INPUT,
                       "aten.conv1d.default needs a weight [o, %" PRId64 " / %" PRId64
                       ", k], both divisible by groups, got %s",
                       channels, groups, weight ? ns_aten_shape_text(weight, text, sizeof text) : "nothing");
    if (bias && (bias->rank != 1 || bias->shape[0] != weight->shape[0]))
        return ns_fail(error, NS_ERROR_INPUT, "aten.conv1d.default needs a bias [%" PRId64 "], got %s",
                       weight->shape[0], ns_aten_shape_text(bias, text, sizeof text));
    int64_t span = (weight->shape[2] - 1) * node->dilation + 1;
    int64_t padded = input->shape[2] + 2 * (int64_t)node->padding;
    if (padded < span)
        return ns_fail(error, NS_ERROR_INPUT,
                       "aten.conv1d.default: the kernel spans %" PRId64
                       " elements, the padded input has %" PRId64,
                       span, padded);
    node->rank = 3;
    node->shape[0] = input->shape[0];
    node->shape[1] = weight->shape[0];
    node->shape[2] = (padded - span) / node->stride + 1;
    return NS_OK;
}

static ns_code evaluate(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
{
    (void)error;
    int64_t outputs = node->shape[1], out_width = node->shape[2], width = operands->nodes[0]->shape[2];
    int64_t channels = operands->nodes[0]->shape[1], depth = operands->nodes[1]->shape[1];
    int64_t kernel = operands->nodes[1]->shape[2], per_group = outputs / node->groups;
    const double *bias = operands->values[2];
    for (int64_t n = 0; n < node->shape[0]; n++) {
        for (int64_t o = 0; o < outputs; o++) {
            const double *input = operands->values[0] + (n * channels + o / per_group * depth) * width;
            const double *weight = operands->values[1] + o * depth * kernel;
            for (int64_t x = 0; x < out_width; x++) {
                int64_t first = x * node->stride - node->padding;
                ns_double2 sum = {bias ? bias[o] : 0, 0};
                for (int64_t c = 0; c < depth; c++) {
                    for (int64_t k = 0; k < kernel; k++) {
                        int64_t position = first + k * node->dilation;
                        if (position >= 0 && position < width)
                            ns_double2_add_product(&sum, input[c * width + position], weight[c * kernel + k]);
                    }
                }
                *out++ = sum.hi + sum.lo;
            }
        }
    }
    return NS_OK;
}

const ns_aten_operator ns_aten_operator_CONV1D = {.infer = infer, .evaluate = evaluate};

ns_code ns_aten_add_conv1d(ns_aten_program *program, int input, int weight, int bias, int stride, int padding,
                           int dilation, int groups, int *node, ns_error *error)
{
    ns_aten_node prototype = {.op = NS_ATEN_CONV1D,
                              .input_count = 3,
                              .inputs = {input, weight, bias},
                              .stride = stride,
                              .padding = padding,
                              .dilation = dilation,
                              .groups = groups};
    return ns_aten_add(program, &prototype, node, error);
}
