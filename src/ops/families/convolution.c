#include "ops/families/products.h"

#include <inttypes.h>

#include "num/interface.h"

ns_window ns_convolution_window(const ns_aten_node *node, const ns_aten_node *input,
                                const ns_aten_node *weight)
{
    ns_window window = {.rank = input->rank - 2};
    for (int i = 0; i < window.rank; i++) {
        window.in[i] = input->shape[2 + i];
        window.out[i] = node->shape[2 + i];
        window.kernel[i] = weight->shape[2 + i];
        window.stride[i] = ns_window_value(&node->attributes[NS_CONVOLUTION_STRIDE], i);
        window.padding[i] = ns_window_value(&node->attributes[NS_CONVOLUTION_PADDING], i);
        window.dilation[i] = ns_window_value(&node->attributes[NS_CONVOLUTION_DILATION], i);
    }
    return window;
}

const char *const ns_convolution_words[] = {"valid", "same", NULL};

/* A padding that is a word becomes the list of what stands in front of each axis. */
static ns_code spell_out(const ns_aten_program *program, ns_aten_node *node, const ns_aten_node *weight,
                         ns_error *error)
{
    const ns_convolution *convolution = node->op->family;
    ns_aten_attribute *padding = &node->attributes[NS_CONVOLUTION_PADDING];
    const bool same = padding->integer == 1;
    int64_t *list = NS_ARENA_ARRAY(program->arena, (size_t)convolution->axes, int64_t);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", node->op->aten);
    *padding = (ns_aten_attribute){.integer = same ? NS_CONVOLUTION_SAME : NS_CONVOLUTION_VALID,
                                   .count = convolution->axes,
                                   .list = list};
    for (int i = 0; same && i < convolution->axes && i < weight->rank - 2; i++) {
        const int64_t span =
            ns_window_value(&node->attributes[NS_CONVOLUTION_DILATION], i) * (weight->shape[2 + i] - 1);
        if (ns_window_value(&node->attributes[NS_CONVOLUTION_STRIDE], i) != 1)
            return ns_fail(error, NS_ERROR_INPUT, "%s: padding 'same' with strides", node->op->aten);
        list[i] = span / 2;
        padding->integer = span % 2 ? NS_CONVOLUTION_UNEVEN : padding->integer;
    }
    return NS_OK;
}

static ns_code check_lists(const ns_aten_node *node, int axes, ns_error *error)
{
    for (int p = NS_CONVOLUTION_STRIDE; p <= NS_CONVOLUTION_DILATION; p++)
        if ((p != NS_CONVOLUTION_PADDING || node->attributes[p].count) && node->attributes[p].count != 1 &&
            node->attributes[p].count != axes)
            return ns_fail(error, NS_ERROR_INPUT, "%s: %d values for '%s', there are %d axes", node->op->aten,
                           node->attributes[p].count, node->op->parameters[p].name, axes);
    return NS_OK;
}

static ns_code check_shapes(const ns_aten_node *node, const ns_aten_node *input, const ns_aten_node *weight,
                            const ns_aten_node *bias, ns_error *error)
{
    const ns_convolution *convolution = node->op->family;
    const int64_t groups = node->attributes[NS_CONVOLUTION_GROUPS].integer;
    char text[128];
    if (input->rank != 2 + convolution->axes)
        return ns_fail(error, NS_ERROR_INPUT, "%s needs an input %s, got %s", node->op->aten,
                       convolution->shape, ns_aten_shape_text(input, text, sizeof text));
    const int64_t channels = input->shape[1];
    if (groups < 1)
        return ns_fail(error, NS_ERROR_INPUT, "%s: groups %" PRId64 " must be at least 1", node->op->aten,
                       groups);
    bool fits = weight->rank == input->rank && channels > 0 && channels % groups == 0 &&
                weight->shape[1] == channels / groups && weight->shape[0] % groups == 0;
    for (int i = 2; fits && i < weight->rank; i++)
        fits = weight->shape[i] >= 1;
    if (!fits)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s needs a weight [o, %" PRId64 " / %" PRId64
                       ", k], both divisible by groups, got %s",
                       node->op->aten, channels, groups, ns_aten_shape_text(weight, text, sizeof text));
    if (bias && (bias->rank != 1 || bias->shape[0] != weight->shape[0]))
        return ns_fail(error, NS_ERROR_INPUT, "%s needs a bias [%" PRId64 "], got %s", node->op->aten,
                       weight->shape[0], ns_aten_shape_text(bias, text, sizeof text));
    return NS_OK;
}

ns_code ns_convolution_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_convolution *convolution = node->op->family;
    const ns_aten_node *input = ns_aten_operand(program, node, 0),
                       *weight = ns_aten_operand(program, node, 1);
    NS_TRY(check_shapes(node, input, weight, ns_aten_operand(program, node, 2), error));
    NS_TRY(check_lists(node, convolution->axes, error));
    if (!node->attributes[NS_CONVOLUTION_PADDING].count)
        NS_TRY(spell_out(program, node, weight, error));
    ns_window window = ns_convolution_window(node, input, weight);
    NS_TRY(ns_window_infer(&window, node->op->aten, error));
    node->rank = input->rank;
    node->shape[0] = input->shape[0];
    node->shape[1] = weight->shape[0];
    for (int i = 0; i < window.rank; i++)
        node->shape[2 + i] = node->attributes[NS_CONVOLUTION_PADDING].integer == NS_CONVOLUTION_UNEVEN
                                 ? input->shape[2 + i]
                                 : window.out[i];
    return NS_OK;
}

static int64_t plane(const ns_aten_node *node)
{
    int64_t size = 1;
    for (int i = 2; i < node->rank; i++)
        size *= node->shape[i];
    return size;
}

ns_code ns_convolution_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                             ns_error *error)
{
    const ns_aten_node *input = operands->nodes[0], *weight = operands->nodes[1];
    const ns_window window = ns_convolution_window(node, input, weight);
    const int64_t positions = plane(node), size = plane(input), taps = ns_window_taps(&window);
    const int64_t outputs = node->shape[1], channels = input->shape[1], depth = weight->shape[1];
    const int64_t per_group = outputs / node->attributes[NS_CONVOLUTION_GROUPS].integer;
    for (int64_t n = 0; n < node->shape[0]; n++) {
        for (int64_t o = 0; o < outputs; o++) {
            const double *from = operands->values[0] + (n * channels + o / per_group * depth) * size;
            const double *factors = operands->values[1] + o * depth * taps;
            for (int64_t x = 0; x < positions; x++) {
                ns_double2 sum = {operands->values[2] ? operands->values[2][o] : 0, 0};
                int64_t at;
                NS_TRY(ns_aten_check_time(operands, error));
                for (int64_t k = 0; k < taps; k++) {
                    if (!ns_window_tap(&window, x, k, &at))
                        continue;
                    for (int64_t c = 0; c < depth; c++)
                        ns_double2_add_product(&sum, from[c * size + at], factors[c * taps + k]);
                }
                *out++ = sum.hi + sum.lo;
            }
        }
    }
    return NS_OK;
}

void ns_convolution_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                          ns_term_visit visit, void *context)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0),
                       *weight = ns_aten_operand(program, node, 1);
    const ns_window window = ns_convolution_window(node, input, weight);
    const int64_t positions = plane(node), size = plane(input), taps = ns_window_taps(&window);
    const int64_t x = (int64_t)element % positions, o = (int64_t)element / positions % node->shape[1];
    const int64_t n = (int64_t)element / positions / node->shape[1], depth = weight->shape[1];
    const int64_t group = o / (node->shape[1] / node->attributes[NS_CONVOLUTION_GROUPS].integer);
    int64_t at;
    for (int64_t c = 0; c < depth; c++)
        for (int64_t k = 0; k < taps; k++) {
            if (!ns_window_tap(&window, x, k, &at))
                continue;
            const ns_term term = {2,
                                  {{0, (n * input->shape[1] + group * depth + c) * size + at},
                                   {1, (o * depth + c) * taps + k}}};
            visit(context, &term);
        }
    if (ns_aten_operand(program, node, 2)) {
        const ns_term term = NS_TERM_1(2, o);
        visit(context, &term);
    }
}

static ns_code check_sizes_u55(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                               ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const int64_t groups = node->attributes[NS_CONVOLUTION_GROUPS].integer;
    const bool depthwise = input->shape[1] == groups && node->shape[1] % groups == 0 && input->rank <= 4;
    for (int i = 1; i < (depthwise ? input->rank : 2); i++)
        if (input->shape[i] < 1 || input->shape[i] > 65536)
            return ns_keep_off(node, target, error, "%s <= 65536, got %" PRId64 ")",
                               depthwise ? "Depthwise convolution must have CWH" : "Convolution must have C",
                               input->shape[i]);
    return NS_OK;
}

ns_code ns_convolution_supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                                 ns_error *error)
{
    if (node->attributes[NS_CONVOLUTION_PADDING].integer == NS_CONVOLUTION_UNEVEN)
        return ns_keep_off(node, target, error,
                           "padding 'same' of an even span is a PAD that the quantiser does not see");
    if (target != NS_TARGET_U55)
        return NS_OK;
    NS_TRY(check_sizes_u55(program, node, target, error));
    const ns_window window =
        ns_convolution_window(node, ns_aten_operand(program, node, 0), ns_aten_operand(program, node, 1));
    if (window.rank > 2 && (window.kernel[2] != 1 || window.stride[2] > 1))
        return ns_keep_off(node, target, error,
                           window.kernel[2] != 1 ? "Convolution3d needs to have kernel_z==1, got %" PRId64 "."
                                                 : "Convolution3d only supports stride_z<=1, got %" PRId64
                                                   ".",
                           window.kernel[2] != 1 ? window.kernel[2] : window.stride[2]);
    const int64_t area = ns_window_taps(&window);
    if (area > 4096 || (window.rank > 1 && window.kernel[1] > 64))
        return ns_keep_off(
            node, target, error,
            "Convolution needs to have kernel_y<=64, kernel_x*kernel_y<=4096, got kernel (%" PRId64
            ", %" PRId64 ")",
            window.kernel[0], window.rank > 1 ? window.kernel[1] : 1);
    bool pads = false;
    for (int i = 0; i < window.rank; i++)
        pads = pads || window.padding[i] > 0;
    for (int i = 0; i < window.rank; i++)
        if (window.stride[i] > 3 && (pads || window.dilation[i] != 1))
            return ns_keep_off(node, target, error,
                               "Failed condition on stride, pad and dilation combination.");
    return NS_OK;
}
