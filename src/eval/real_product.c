/* Sums of products: MATMUL, MATMUL_T, CONV2D, CONV3D, DEPTHWISE_CONV2D, TRANSPOSE_CONV2D. Padding contributes
 * nothing. CONV: i = o * stride - pad + k * dilation. TRANSPOSE_CONV2D: i * stride = o - out_pad - k. */
#include "eval/real.h"

static ns_code matmul(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 4, 4, 1, error));
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    const bool is_turned = call->node->op == NS_OP_MATMUL_T; /* B is [N or 1, W, C] */
    const int c_axis = is_turned ? 2 : 1, w_axis = is_turned ? 1 : 2;
    if (a->rank != 3 || b->rank != 3 || b->shape[c_axis] != a->shape[2] ||
        (b->shape[0] != a->shape[0] && !(is_turned && b->shape[0] == 1)))
        return ns_eval_bad_shape(b, "B", error);
    if (out->rank != 3 || out->shape[0] != a->shape[0] || out->shape[1] != a->shape[1] ||
        out->shape[2] != b->shape[w_axis])
        return ns_eval_bad_shape(out, "the output", error);
    for (int i = 2; i < 4; i++)
        NS_TRY(ns_real_zero_point(call->inputs[i], error));
    double *left, *right;
    NS_TRY(ns_real_load(a, call->scratch, &left, error));
    NS_TRY(ns_real_load(b, call->scratch, &right, error));
    const size_t h = (size_t)a->shape[1], c = (size_t)a->shape[2];
    const size_t w = (size_t)b->shape[w_axis], c_step = is_turned ? 1 : w, w_step = is_turned ? c : 1;
    double *sums = NS_ARENA_ARRAY(call->scratch, w, double);
    if (!sums)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its sums");
    for (size_t row = 0; row < (size_t)a->shape[0] * h; row++) {
        NS_TRY(ns_budget_check_time(call->budget, error));
        const double *columns = right + row / h % (size_t)b->shape[0] * c * w;
        for (size_t j = 0; j < w; j++)
            sums[j] = 0;
        for (size_t k = 0; k < c; k++)
            for (size_t j = 0; j < w; j++)
                sums[j] += left[row * c + k] * columns[k * c_step + j * w_step];
        for (size_t j = 0; j < w; j++)
            ns_real_set(out, row * w + j, sums[j]);
    }
    return NS_OK;
}

static ns_code read_axes(const ns_eval_call *call, int axes, ns_real_windows *g, ns_error *error)
{
    const ns_attributes *attributes = call->attributes;
    const ns_tensor *in = call->inputs[0], *weight = call->inputs[1], *out = call->outputs[0];
    const ns_int_list *pad = g->transposed ? &attributes->out_pad : &attributes->pad;
    if (pad->count != 2 * axes || attributes->stride.count != axes ||
        (!g->transposed && attributes->dilation.count != axes))
        return ns_fail(error, NS_ERROR_INPUT, "pad, stride or dilation has the wrong number of values");
    for (int a = 0; a < 3; a++) {
        const int axis = a - (3 - axes); /* -1: the depth that is not there */
        g->in[a] = axis < 0 ? 1 : in->shape[1 + axis];
        g->out[a] = axis < 0 ? 1 : out->shape[1 + axis];
        g->kernel[a] = axis < 0 ? 1 : weight->shape[axis + !g->depthwise];
        g->stride[a] = axis < 0 ? 1 : attributes->stride.values[axis];
        g->before[a] = axis < 0 ? 0 : pad->values[2 * axis];
        g->dilation[a] = axis < 0 || g->transposed ? 1 : attributes->dilation.values[axis];
        if (g->stride[a] < 1 || g->dilation[a] < 1)
            return ns_fail(error, NS_ERROR_INPUT, "a stride or dilation is below 1");
    }
    return NS_OK;
}

static ns_code read_geometry(const ns_eval_call *call, ns_real_windows *g, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 5, 5, 1, error));
    const ns_tensor *in = call->inputs[0], *weight = call->inputs[1], *out = call->outputs[0];
    const ns_op op = call->node->op;
    const int axes = op == NS_OP_CONV3D ? 3 : 2, last = axes + 1;
    *g = (ns_real_windows){.transposed = op == NS_OP_TRANSPOSE_CONV2D,
                           .depthwise = op == NS_OP_DEPTHWISE_CONV2D,
                           .multiplier = 1};
    if (in->rank != last + 1 || weight->rank != last + 1 || out->rank != last + 1)
        return ns_eval_bad_shape(weight, "the weight", error);
    g->batches = (size_t)in->shape[0];
    g->in_channels = (size_t)in->shape[last];
    g->out_channels = (size_t)out->shape[last];
    if (g->depthwise)
        g->multiplier = (size_t)weight->shape[3];
    const bool fits =
        g->depthwise
            ? weight->shape[2] == in->shape[3] && weight->shape[2] * weight->shape[3] == out->shape[3]
            : weight->shape[last] == in->shape[last] && weight->shape[0] == out->shape[last];
    if (!fits)
        return ns_eval_bad_shape(weight, "the weight", error);
    if (out->shape[0] != in->shape[0])
        return ns_eval_bad_shape(out, "the output", error);
    for (int i = 3; i < 5; i++)
        NS_TRY(ns_real_zero_point(call->inputs[i], error));
    return read_axes(call, axes, g, error);
}

/* Where kernel position k meets the input for output position o along one axis; -1: in the padding. */
static int64_t input_position(const ns_real_windows *g, int a, int64_t o, int64_t k)
{
    int64_t i = g->transposed ? o - g->before[a] - k : o * g->stride[a] - g->before[a] + k * g->dilation[a];
    if (g->transposed) {
        if (i < 0 || i % g->stride[a])
            return -1;
        i /= g->stride[a];
    }
    return i >= 0 && i < g->in[a] ? i : -1;
}

/* The weights as [tap][input channel][output channel], depthwise ones as they are, [tap][output channel]: so
 * that a tap's products for all output channels lie side by side. */
static const double *turn_weights(const ns_real_windows *g, const double *weights, ns_arena *arena)
{
    if (g->depthwise)
        return weights;
    const size_t each = (size_t)(g->kernel[0] * g->kernel[1] * g->kernel[2]) * g->in_channels;
    double *out = NS_ARENA_ARRAY(arena, each * g->out_channels, double);
    for (size_t o = 0; out && o < g->out_channels; o++)
        for (size_t k = 0; k < each; k++)
            out[k * g->out_channels + o] = weights[o * each + k];
    return out;
}

static void add_tap(const ns_real_windows *g, const double *in, const double *weights, double *sums)
{
    if (g->depthwise) {
        for (size_t o = 0; o < g->out_channels; o++)
            sums[o] += in[o / g->multiplier] * weights[o];
        return;
    }
    for (size_t c = 0; c < g->in_channels; c++)
        for (size_t o = 0; o < g->out_channels; o++)
            sums[o] += in[c] * weights[c * g->out_channels + o];
}

/* Adds to `sums`, one for each output channel, what the window at output position (n, o) holds. */
static void add_window(const ns_real_windows *g, const double *in, const double *weights, size_t n,
                       const int64_t *o, double *sums)
{
    const size_t step = g->depthwise ? g->out_channels : g->in_channels * g->out_channels;
    int64_t k[3], i[3];
    for (k[0] = 0; k[0] < g->kernel[0]; k[0]++)
        for (k[1] = 0; k[1] < g->kernel[1]; k[1]++)
            for (k[2] = 0; k[2] < g->kernel[2]; k[2]++, weights += step) {
                for (int a = 0; a < 3; a++)
                    i[a] = input_position(g, a, o[a], k[a]);
                if (i[0] < 0 || i[1] < 0 || i[2] < 0)
                    continue;
                const size_t at =
                    (((size_t)n * (size_t)g->in[0] + (size_t)i[0]) * (size_t)g->in[1] + (size_t)i[1]) *
                        (size_t)g->in[2] +
                    (size_t)i[2];
                add_tap(g, in + at * g->in_channels, weights, sums);
            }
}

ns_code ns_real_convolve(ns_eval_call *call, const ns_real_windows *g, const double *in,
                         const double *weights, const ns_tensor *bias, ns_error *error)
{
    const size_t biases = ns_tensor_count(bias);
    if (biases != 1 && biases != g->out_channels)
        return ns_eval_bad_shape(bias, "the bias", error);
    const double *turned = turn_weights(g, weights, call->scratch);
    double *sums = NS_ARENA_ARRAY(call->scratch, g->out_channels, double);
    if (!turned || !sums)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its weights");
    size_t at = 0;
    int64_t o[3];
    for (size_t n = 0; n < g->batches; n++)
        for (o[0] = 0; o[0] < g->out[0]; o[0]++)
            for (o[1] = 0; o[1] < g->out[1]; o[1]++)
                for (o[2] = 0; o[2] < g->out[2]; o[2]++) {
                    NS_TRY(ns_budget_check_time(call->budget, error));
                    for (size_t c = 0; c < g->out_channels; c++)
                        sums[c] = ns_real_get(bias, biases == 1 ? 0 : c);
                    add_window(g, in, turned, n, o, sums);
                    for (size_t c = 0; c < g->out_channels; c++)
                        ns_real_set(call->outputs[0], at++, sums[c]);
                }
    return NS_OK;
}

static ns_code convolve(ns_eval_call *call, ns_error *error)
{
    ns_real_windows g;
    double *in, *weights;
    NS_TRY(read_geometry(call, &g, error));
    NS_TRY(ns_real_load(call->inputs[0], call->scratch, &in, error));
    NS_TRY(ns_real_load(call->inputs[1], call->scratch, &weights, error));
    return ns_real_convolve(call, &g, in, weights, call->inputs[2], error);
}

ns_code ns_real_product(ns_eval_call *call, ns_error *error)
{
    const ns_op op = call->node->op;
    return op == NS_OP_MATMUL || op == NS_OP_MATMUL_T ? matmul(call, error) : convolve(call, error);
}
