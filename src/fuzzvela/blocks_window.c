/* Blocks of windows and matrices: convolutions, linear layers, MATMUL, poolings, RESIZE. */
#include <math.h>
#include <string.h>

#include "fuzzvela/blocks.h"

enum { MAX_WEIGHTS = 30000, MAX_WORK = 3000000 };

static int channels(ns_generator *g)
{
    return NS_GEN_PICK(g, 1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 20, 24, 32, 33, 40, 48, 64, 72);
}

int ns_gen_weights(ns_generator *g, int rank, const int64_t *shape)
{
    const int node = ns_gen_values(g, NS_DTYPE_INT8, rank, shape, -127, 127);
    static const double densities[] = {1, 1, 0.7, 0.2};
    const double density = densities[ns_gen_range(g, 0, 3)];
    for (size_t i = 0; !g->bad && density < 1 && i < ns_tensor_count(ns_gen_value(g, node)); i++)
        if (!ns_gen_chance(g, density))
            ns_tensor_set(&g->draft->nodes[node].value, i, 0);
    return node;
}

static int weights(ns_generator *g, const int64_t shape[4])
{
    return ns_gen_weights(g, 4, shape);
}

int ns_gen_convolve(ns_generator *g, ns_op op, int x, int w, int64_t out, int64_t taps,
                    const ns_attributes *lists)
{
    const ns_tensor *t = ns_gen_value(g, x);
    const bool is16 = t->dtype == NS_DTYPE_INT16;
    const ns_dtype accumulator = is16 ? NS_DTYPE_INT48 : NS_DTYPE_INT32;
    const int64_t size =
        ns_gen_chance(g, 0.15) ? 0 : (int64_t)(2 * 73 * ns_gen_deviation(t) * sqrt((double)taps));
    const int64_t biases = ns_gen_chance(g, 0.95) ? out : 1;
    const int b = ns_gen_values(g, accumulator, 1, &biases, -size, size);
    const int zero_point = ns_gen_scalar(g, t->dtype, ns_gen_zero_point(g, t->dtype));
    const int64_t of_weights = ns_gen_chance(g, 0.04) ? ns_gen_range(g, -20, 20) : 0;
    const int inputs[] = {x, w, b, zero_point, ns_gen_scalar(g, NS_DTYPE_INT8, of_weights)};
    ns_attributes attributes = *lists;
    attributes.acc_type = accumulator;
    return ns_gen_op(g, op, &attributes, 5, inputs);
}

void ns_gen_pads(ns_generator *g, int64_t size, int64_t extent, int64_t stride, int32_t pads[2])
{
    const double kind = ns_gen_real(g, 0, 1);
    int64_t total = (size + stride - 1) / stride * stride - stride + extent - size;
    total = total < 0 ? 0 : total;
    if (kind >= 0.6)
        total = kind < 0.8 ? 0 : ns_gen_range(g, 0, extent - 1);
    if (size + total < extent)
        total = extent - size;
    total += (stride - (size + total - extent) % stride) % stride;
    const int64_t before = ns_gen_chance(g, 0.7) ? total / 2 : ns_gen_range(g, 0, total);
    pads[0] = (int32_t)before;
    pads[1] = (int32_t)(total - before);
}

/* x, padded by an operator of its own where the convolution has no pads: constants that may differ from the
 * zero point. */
static int pad_before(ns_generator *g, int x, int32_t pads[4])
{
    const ns_tensor *t = ns_gen_value(g, x);
    if (!pads[0] && !pads[1] && !pads[2] && !pads[3])
        return x;
    const int64_t list[] = {0, 0, pads[0], pads[1], pads[2], pads[3], 0, 0};
    const int64_t value = ns_gen_chance(g, 0.6) ? 0 : ns_gen_zero_point(g, t->dtype);
    const int padding = ns_gen_list(g, 8, list);
    const int inputs[] = {x, padding, ns_gen_scalar(g, t->dtype, value)};
    memset(pads, 0, 4 * sizeof *pads);
    return ns_gen_op(g, NS_OP_PAD, NULL, 3, inputs);
}

int ns_gen_block_conv(ns_generator *g, int x)
{
    x = ns_gen_to4(g, x);
    const ns_tensor *t = ns_gen_value(g, x);
    if (g->bad)
        return 0;
    const bool depthwise = ns_gen_chance(g, 0.3);
    int32_t kernel[2] = {1, 1}, stride[2] = {1, 1}, dilation[2] = {1, 1}, pads[4];
    if (ns_gen_chance(g, 0.65)) {
        kernel[0] = NS_GEN_PICK(g, 1, 1, 2, 3, 3, 4, 5, 7);
        kernel[1] = NS_GEN_PICK(g, 1, 2, 3, 3, 4, 5, 7, 11);
    }
    const bool strided = ns_gen_chance(g, 0.5), dilated = ns_gen_chance(g, 0.25);
    for (int i = 0; i < 2; i++) {
        stride[i] = strided ? NS_GEN_PICK(g, 1, 2, 2, 3, 4, 5) : 1;
        dilation[i] = dilated ? NS_GEN_PICK(g, 1, 2, 3) : 1;
        ns_gen_pads(g, t->shape[1 + i], (int64_t)(kernel[i] - 1) * dilation[i] + 1, stride[i], &pads[2 * i]);
    }
    const int64_t in = t->shape[3], multiplier = NS_GEN_PICK(g, 1, 1, 1, 2, 3),
                  out = depthwise ? in * multiplier : channels(g);
    const int64_t conv[] = {out, kernel[0], kernel[1], in}, depth[] = {kernel[0], kernel[1], in, multiplier};
    const int64_t taps = (int64_t)kernel[0] * kernel[1] * (depthwise ? 1 : in);
    if (out * taps > MAX_WEIGHTS ||
        t->shape[0] * t->shape[1] * t->shape[2] / (stride[0] * stride[1]) * out * taps > MAX_WORK)
        return ns_gen_fail(g);
    if (ns_gen_chance(g, 0.15))
        x = pad_before(g, x, pads);
    const int w = weights(g, depthwise ? depth : conv);
    const ns_int_list pad = ns_gen_ints(g, 4, pads), strides = ns_gen_ints(g, 2, stride);
    const ns_attributes lists = {.pad = pad, .stride = strides, .dilation = ns_gen_ints(g, 2, dilation)};
    int y = ns_gen_convolve(g, depthwise ? NS_OP_DEPTHWISE_CONV2D : NS_OP_CONV2D, x, w, out, taps, &lists);
    const ns_dtype to = ns_gen_chance(g, 0.9)
                            ? g->type
                            : (ns_dtype)NS_GEN_PICK(g, NS_DTYPE_INT8, NS_DTYPE_INT16, NS_DTYPE_INT32);
    y = ns_gen_rescale_to(
        g, y, to, (ns_gen_rescale){.any_out_zero_point = to == NS_DTYPE_INT8, .per_channel = g->per_channel});
    return ns_gen_chance(g, 0.4) ? ns_gen_clamp(g, y) : y;
}

/* A fully connected layer, as a convolution of 1 x 1 between reshapes. */
int ns_gen_block_linear(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    const int64_t all = (int64_t)ns_tensor_count(t),
                  in = ns_gen_chance(g, 0.6) && t->rank ? t->shape[t->rank - 1] : all;
    const int64_t rows = all / in, out = channels(g);
    const int where = (int)ns_gen_range(g, 0, 2);
    const int64_t shape[] = {where == 1 ? rows : 1, where == 2 ? rows : 1, where == 0 ? rows : 1, in};
    if (in > 1500 || in * out > MAX_WEIGHTS)
        return ns_gen_fail(g);
    const ns_tensor before = *t;
    if (t->rank != 4 || memcmp(t->shape, shape, sizeof shape) != 0)
        x = ns_gen_reshape(g, x, 4, shape);
    static const int32_t ones[] = {1, 1}, none[] = {0, 0, 0, 0};
    const int w = weights(g, (int64_t[]){out, 1, 1, in});
    const ns_int_list pad = ns_gen_ints(g, 4, none), step = ns_gen_ints(g, 2, ones);
    const ns_attributes lists = {.pad = pad, .stride = step, .dilation = step};
    int y = ns_gen_convolve(g, NS_OP_CONV2D, x, w, out, in, &lists);
    y = ns_gen_rescale_to(g, y, g->type,
                          (ns_gen_rescale){.any_out_zero_point = true, .per_channel = g->per_channel});
    if (ns_gen_chance(g, 0.3))
        y = ns_gen_clamp(g, y);
    if (ns_gen_chance(g, 0.7)) {
        int64_t back[NS_MAX_RANK];
        memcpy(back, before.shape, sizeof back);
        const bool whole = before.rank && in == before.shape[before.rank - 1] && ns_gen_chance(g, 0.5);
        if (whole)
            back[before.rank - 1] = out;
        y = whole ? ns_gen_reshape(g, y, before.rank, back) : ns_gen_reshape(g, y, 2, (int64_t[]){rows, out});
    }
    return ns_gen_chance(g, 0.3) ? ns_gen_clamp(g, y) : y;
}

int ns_gen_block_transpose_conv(ns_generator *g, int x)
{
    x = ns_gen_to4(g, x);
    const ns_tensor *t = ns_gen_value(g, x);
    if (g->bad)
        return 0;
    int32_t stride[2], out_pad[4] = {0}, kernel[2];
    for (int i = 0; i < 2; i++) {
        kernel[i] = NS_GEN_PICK(g, 1, 2, 3, 4);
        stride[i] = NS_GEN_PICK(g, 1, 2, 2);
    }
    if (ns_gen_chance(g, 0.5))
        for (int i = 0; i < 4; i++)
            out_pad[i] = kernel[i / 2] > 1 ? (int32_t)ns_gen_range(g, -1, 1) : 0;
    const int64_t out = NS_GEN_PICK(g, 1, 3, 4, 8, 17), in = t->shape[3],
                  taps = (int64_t)kernel[0] * kernel[1] * in;
    if (t->shape[0] * t->shape[1] * t->shape[2] * taps * out > 1000000)
        return ns_gen_fail(g);
    const int w = weights(g, (int64_t[]){out, kernel[0], kernel[1], in});
    const ns_int_list pads = ns_gen_ints(g, 4, out_pad);
    const ns_attributes lists = {.out_pad = pads, .stride = ns_gen_ints(g, 2, stride)};
    const int y = ns_gen_convolve(g, NS_OP_TRANSPOSE_CONV2D, x, w, out, taps, &lists);
    return ns_gen_rescale_to(g, y, g->type,
                             (ns_gen_rescale){.any_out_zero_point = true, .per_channel = g->per_channel});
}

static int as_matrices(ns_generator *g, int x)
{
    const ns_tensor *t = ns_gen_value(g, x);
    if (t->rank == 3)
        return x;
    int64_t lead = 1;
    for (int i = 0; i < t->rank - 2; i++)
        lead *= t->shape[i];
    const int64_t rows = t->rank > 1 ? t->shape[t->rank - 2] : 1,
                  columns = t->rank ? t->shape[t->rank - 1] : 1;
    return ns_gen_reshape(g, x, 3, (int64_t[]){lead, rows, columns});
}

int ns_gen_block_matmul(ns_generator *g, int x)
{
    if (g->type == NS_DTYPE_INT16 && !g->u85)
        return ns_gen_fail(g);
    static const int32_t turn[] = {0, 2, 1};
    int a = as_matrices(g, ns_gen_same_type(g, x)), b;
    const ns_tensor *t = ns_gen_value(g, a);
    if (g->bad)
        return 0;
    const int64_t n = NS_GEN_PICK(g, 1, 2, 3, 5, 8, 16, 20), batch = t->shape[0], depth = t->shape[2];
    if (batch * t->shape[1] * depth * n > 2000000 || batch * t->shape[1] * t->shape[1] * depth > 4000000)
        return ns_gen_fail(g);
    const double kind = ns_gen_real(g, 0, 1);
    const int64_t shape[] = {batch, depth, n}, turned[] = {batch, n, depth};
    if (kind < 0.3) {
        b = ns_gen_transpose(g, a, turn);
        if (ns_gen_chance(g, 0.5)) {
            const int kept = a;
            a = b;
            b = kept;
        }
    } else if (kind < 0.65) {
        b = ns_gen_input(g, g->type, 3, shape);
    } else if (kind < 0.8) {
        b = ns_gen_transpose(g, ns_gen_input(g, g->type, 3, turned), turn);
    } else {
        b = ns_gen_const(g, g->type, 3, shape);
    }
    const int first = ns_gen_scalar(g, g->type, ns_gen_zero_point(g, g->type));
    const int inputs[] = {a, b, first, ns_gen_scalar(g, g->type, ns_gen_zero_point(g, g->type))};
    return ns_gen_quantised(g, ns_gen_op(g, NS_OP_MATMUL, NULL, 4, inputs), g->type);
}

/* TOSA's limit of level 8K. */
enum { MAX_KERNEL = 8192 };

static bool choose_pool(ns_generator *g, const ns_tensor *t, int32_t kernel[2], int32_t stride[2],
                        int32_t pads[4])
{
    const bool whole = ns_gen_chance(g, 0.2);
    const int step = NS_GEN_PICK(g, 11, 22, 12, 21, 33);
    for (int i = 0; i < 2; i++) {
        const int32_t size = (int32_t)t->shape[1 + i], wanted = NS_GEN_PICK(g, 1, 2, 3, 4, 5);
        kernel[i] = (whole && size <= MAX_KERNEL) || wanted > size ? size : wanted;
        stride[i] = whole ? 1 : i ? step % 10 : step / 10;
        bool even = false;
        for (int tries = 0; tries < 8 && !even; tries++) {
            const int64_t most = ns_gen_chance(g, 0.5) && !whole ? (kernel[i] - 1) / 2 : 0;
            pads[2 * i] = (int32_t)ns_gen_range(g, 0, most);
            pads[2 * i + 1] = (int32_t)ns_gen_range(g, 0, most);
            even = (size + pads[2 * i] + pads[2 * i + 1] - kernel[i]) % stride[i] == 0;
        }
        if (!even)
            return false;
    }
    return true;
}

int ns_gen_block_pool(ns_generator *g, int x)
{
    int32_t kernel[2], stride[2], pads[4];
    x = ns_gen_to4(g, ns_gen_same_type(g, x));
    if (g->bad || !choose_pool(g, ns_gen_value(g, x), kernel, stride, pads))
        return ns_gen_fail(g);
    const ns_int_list k = ns_gen_ints(g, 2, kernel), s = ns_gen_ints(g, 2, stride);
    ns_attributes attributes = {.kernel = k, .stride = s, .pad = ns_gen_ints(g, 4, pads)};
    if (ns_gen_chance(g, 0.5)) {
        attributes.nan_mode = NS_NAN_PROPAGATE;
        return ns_gen_op(g, NS_OP_MAX_POOL2D, &attributes, 1, &x);
    }
    attributes.acc_type = NS_DTYPE_INT32;
    const int zero_point = ns_gen_scalar(g, g->type, ns_gen_zero_point(g, g->type));
    const bool other = ns_gen_chance(g, 0.3);
    const int to = other ? ns_gen_scalar(g, g->type, ns_gen_zero_point(g, g->type)) : zero_point;
    const int inputs[] = {x, zero_point, to};
    const int y = ns_gen_op(g, NS_OP_AVG_POOL2D, &attributes, 3, inputs);
    if (!ns_gen_chance(g, 0.3))
        return y;
    const double factor = ns_gen_real(g, 0.7, 1.5);
    return ns_gen_rescale_to(g, y, g->type, (ns_gen_rescale){.factor = factor, .any_out_zero_point = true});
}

int ns_gen_block_resize(ns_generator *g, int x)
{
    x = ns_gen_to4(g, ns_gen_same_type(g, x));
    const ns_tensor *t = ns_gen_value(g, x);
    const int64_t by = NS_GEN_PICK(g, 2, 2, 2, 4, 4, 8, 3);
    const bool bilinear = ns_gen_chance(g, 0.5), halves = ns_gen_chance(g, 0.6),
               zero_offset = ns_gen_chance(g, 0.6);
    const int64_t n = halves ? 2 * by : by, d = halves ? 2 : 1,
                  offset = zero_offset || !halves ? 0 : -(n / 2 - 1);
    const bool wide = !bilinear || ns_gen_chance(g, 0.4);
    int64_t border[2];
    if (g->bad || (int64_t)ns_tensor_count(t) * by * by > 20000)
        return ns_gen_fail(g);
    for (int i = 0; i < 2; i++) {
        border[i] = wide ? n - d : 0;
        border[i] -= (((t->shape[1 + i] - 1) * n - offset + border[i]) % d + d) % d;
    }
    const int scale = ns_gen_list(g, 4, (int64_t[]){n, d, n, d}),
              offsets = ns_gen_list(g, 2, (int64_t[]){offset, offset});
    const int inputs[] = {x, scale, offsets, ns_gen_list(g, 2, border)};
    const ns_attributes attributes = {.mode = bilinear ? NS_RESIZE_BILINEAR : NS_RESIZE_NEAREST};
    const int y = ns_gen_op(g, NS_OP_RESIZE, &attributes, 4, inputs);
    if (!bilinear)
        return y;
    const bool exact = ns_gen_chance(g, 0.8);
    return ns_gen_rescale_to(g, y, g->type,
                             (ns_gen_rescale){.factor = exact ? 1.0 / (double)(n * n) : 0,
                                              .any_out_zero_point = ns_gen_chance(g, 0.2)});
}

/* ---- a convolution again, with other biases ---- */

/* A convolution, and the RESCALE that reads it, that are in the graph already; false: none was found. */
static bool choose_convolution(ns_generator *g, ns_draft_node *convolution, ns_draft_node *rescale)
{
    const ns_draft *d = g->draft;
    int found = 0;
    for (int i = 0; i < d->count; i++) {
        const ns_draft_node *node = &d->nodes[i];
        const ns_draft_node *from =
            node->op == NS_OP_RESCALE && node->kind == NS_DRAFT_OPERATOR ? &d->nodes[node->inputs[0]] : NULL;
        if (!from || from->kind != NS_DRAFT_OPERATOR ||
            (from->op != NS_OP_CONV2D && from->op != NS_OP_DEPTHWISE_CONV2D) ||
            ns_gen_range(g, 0, found++) != 0)
            continue;
        *convolution = *from;
        *rescale = *node;
    }
    return found > 0;
}

int ns_gen_twin(ns_generator *g)
{
    ns_draft_node convolution, rescale;
    if (!choose_convolution(g, &convolution, &rescale))
        return ns_gen_fail(g);
    const ns_tensor *bias = ns_gen_value(g, convolution.inputs[2]);
    const int64_t size = (int64_t)(1000 + 2 * ns_gen_deviation(ns_gen_value(g, rescale.inputs[0])));
    convolution.inputs[2] = ns_gen_values(g, bias->dtype, bias->rank, bias->shape, -size, size);
    rescale.inputs[0] =
        ns_gen_op(g, convolution.op, &convolution.attributes, convolution.input_count, convolution.inputs);
    return ns_gen_op(g, NS_OP_RESCALE, &rescale.attributes, rescale.input_count, rescale.inputs);
}
