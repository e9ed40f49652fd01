/* CONV2D, CONV3D and TRANSPOSE_CONV2D: output[n, o.., oc] = bias[oc] + sum over k.., ic of
 * (input[n, i.., ic] - input_zp) * (weight[oc, k.., ic] - weight_zp); padding contributes nothing.
 * CONV: i = o * stride - pad + k * dilation. TRANSPOSE_CONV2D: i * stride = o - out_pad - k. */
#include <string.h>

#include "eval/internal.h"
#include "eval/step.h"

/* CONV2D and TRANSPOSE_CONV2D are seen with a depth of 1. Axis 0 is depth, 1 height, 2 width. */
typedef struct geometry {
    bool transposed;
    int64_t in[3], out[3], kernel[3];
    int64_t stride[3], before[3], dilation[3];
    size_t channels; /* IC */
    int64_t input_zero;
    bool is_wide;   /* int16 inputs */
    bool is_direct; /* the input's rows are the left-hand side's */
} geometry;

static ns_code read_geometry(const ns_eval_call *call, geometry *g, ns_error *error)
{
    const ns_attributes *attributes = call->attributes;
    const ns_tensor *in = call->inputs[0], *weight = call->inputs[1], *out = call->outputs[0];
    int axes = call->node->op == NS_OP_CONV3D ? 3 : 2;
    g->transposed = call->node->op == NS_OP_TRANSPOSE_CONV2D;
    const ns_int_list *pad = g->transposed ? &attributes->out_pad : &attributes->pad;
    if (in->rank != axes + 2 || weight->rank != axes + 2 || out->rank != axes + 2)
        return ns_eval_bad_shape(weight, "the weight", error);
    if (pad->count != 2 * axes || attributes->stride.count != axes ||
        (!g->transposed && attributes->dilation.count != axes))
        return ns_fail(error, NS_ERROR_INPUT, "pad, stride or dilation has the wrong number of values");
    for (int a = 0; a < 3; a++) {
        int axis = a - (3 - axes); /* -1: the depth that is not there */
        g->in[a] = axis < 0 ? 1 : in->shape[1 + axis];
        g->out[a] = axis < 0 ? 1 : out->shape[1 + axis];
        g->kernel[a] = axis < 0 ? 1 : weight->shape[1 + axis];
        g->stride[a] = axis < 0 ? 1 : attributes->stride.values[axis];
        g->before[a] = axis < 0 ? 0 : pad->values[2 * axis];
        g->dilation[a] = axis < 0 || g->transposed ? 1 : attributes->dilation.values[axis];
        if (g->stride[a] < 1 || g->dilation[a] < 1)
            return ns_fail(error, NS_ERROR_INPUT, "a stride or dilation is below 1");
    }
    g->channels = (size_t)in->shape[axes + 1];
    if (weight->shape[axes + 1] != in->shape[axes + 1] || weight->shape[0] != out->shape[axes + 1])
        return ns_eval_bad_shape(weight, "the weight", error);
    g->is_wide = in->dtype == NS_DTYPE_INT16;
    g->is_direct = g->is_wide && !g->transposed && g->channels % 2 == 0;
    for (int a = 0; a < 3; a++)
        g->is_direct &= g->kernel[a] == 1 && g->stride[a] == 1 && g->before[a] == 0 && g->in[a] == g->out[a];
    return in->shape[0] == out->shape[0] ? NS_OK : ns_eval_bad_shape(out, "the output", error);
}

/* Where kernel position k meets the input for output position o along one axis; -1: in the padding. */
static int64_t input_position(const geometry *g, int a, int64_t o, int64_t k)
{
    int64_t i;
    if (g->transposed) {
        i = o - g->before[a] - k;
        if (i < 0 || i % g->stride[a])
            return -1;
        i /= g->stride[a];
    } else {
        i = o * g->stride[a] - g->before[a] + k * g->dilation[a];
    }
    return i >= 0 && i < g->in[a] ? i : -1;
}

static void load_channels(const geometry *g, const void *in, size_t position, int16_t *row)
{
    size_t c = g->channels;
    if (g->is_wide) {
        memcpy(row, (const int16_t *)in + position * c, c * sizeof *row);
    } else {
        const int8_t *from = (const int8_t *)in + position * c;
        for (size_t i = 0; i < c; i++)
            row[i] = (int16_t)(from[i] - g->input_zero);
    }
}

/* The left-hand row of output position (n, d, y, x): all the values that its sum takes, zeros for padding. */
static void load_row(const geometry *g, const void *in, int64_t n, const int64_t *o, int16_t *row)
{
    for (int64_t kd = 0; kd < g->kernel[0]; kd++) {
        int64_t d = input_position(g, 0, o[0], kd);
        for (int64_t ky = 0; ky < g->kernel[1]; ky++) {
            int64_t y = input_position(g, 1, o[1], ky);
            for (int64_t kx = 0; kx < g->kernel[2]; kx++, row += g->channels) {
                int64_t x = input_position(g, 2, o[2], kx);
                if (d < 0 || y < 0 || x < 0)
                    memset(row, 0, g->channels * sizeof *row);
                else
                    load_channels(g, in, (size_t)(((n * g->in[0] + d) * g->in[1] + y) * g->in[2] + x), row);
            }
        }
    }
}

/* The left-hand rows of output positions first .. first + count - 1, in `room` or where they are. */
static const int16_t *load_rows(const geometry *g, const void *in, size_t first, size_t count, size_t step,
                                int16_t *room)
{
    if (g->is_direct)
        return (const int16_t *)in + first * step;
    int64_t o[3], n = (int64_t)first;
    for (int a = 2; a >= 0; a--) {
        o[a] = n % g->out[a];
        n /= g->out[a];
    }
    for (size_t r = 0; r < count; r++) {
        load_row(g, in, n, o, room + r * step);
        for (int a = 2; a >= 0 && ++o[a] == g->out[a]; a--) {
            o[a] = 0;
            n += a == 0;
        }
    }
    return room;
}

static ns_code run(ns_eval_call *call, const geometry *g, ns_product *product, ns_error *error)
{
    const ns_tensor *in = call->inputs[0];
    size_t step = ns_product_row_size(product->k);
    int16_t *room = NS_ARENA_ARRAY(call->scratch, NS_PRODUCT_BAND * step, int16_t);
    if (!room)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its rows");
    size_t total = (size_t)(in->shape[0] * g->out[0] * g->out[1] * g->out[2]);
    for (size_t first = 0; first < total; first += NS_PRODUCT_BAND) {
        size_t count = total - first < NS_PRODUCT_BAND ? total - first : NS_PRODUCT_BAND;
        const int16_t *rows = load_rows(g, in->data, first, count, step, room);
        NS_TRY(ns_budget_check_time(call->budget, error));
        NS_TRY(ns_product_rows(product, rows, step, first, count, error));
    }
    return NS_OK;
}

/* The weights as the right-hand side; constant ones are packed once. */
static ns_code pack(ns_eval_call *call, int32_t weight_zero, ns_product **out, ns_error *error)
{
    const ns_tensor *weight = call->inputs[1];
    if (call->kept && *call->kept) {
        *out = *call->kept;
        (*out)->out = call->outputs[0];
        return NS_OK;
    }
    ns_arena *arena = call->kept ? call->kept_arena : call->scratch;
    ns_product *product = NS_ARENA_NEW(arena, ns_product);
    if (!product)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its weights");
    size_t n = (size_t)weight->shape[0], k = n ? ns_tensor_count(weight) / n : 0;
    NS_TRY(ns_product_new(product, call->kernels, call->outputs[0], k, n, false, arena, error));
    NS_TRY(ns_product_bias(product, call->inputs[2], arena, error));
    ns_gemm_pack_i8(weight->data, k, n, weight_zero, product->packed);
    ns_product_ready(product, call->inputs[0]->dtype == NS_DTYPE_INT16 ? 32768 : 255);
    if (call->kept)
        *call->kept = product;
    *out = product;
    return NS_OK;
}

/* Checks the operands and reads what is not the input's or the weights' elements. */
static ns_code read_conv(const ns_eval_call *call, geometry *g, int64_t *weight_zero, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 5, 5, 1, error));
    const ns_tensor *in = call->inputs[0], *weight = call->inputs[1], *out = call->outputs[0];
    bool is_wide = in->dtype == NS_DTYPE_INT16;
    if (in->dtype != NS_DTYPE_INT8 && !is_wide)
        return ns_eval_unsupported_type(in, error);
    if (weight->dtype != NS_DTYPE_INT8 && (weight->dtype != NS_DTYPE_INT4 || is_wide))
        return ns_eval_unsupported_type(weight, error);
    if (out->dtype != (is_wide ? NS_DTYPE_INT48 : NS_DTYPE_INT32))
        return ns_eval_unsupported_type(out, error);
    NS_TRY(read_geometry(call, g, error));
    NS_TRY(ns_eval_scalar(call->inputs[3], "the input's zero point", &g->input_zero, error));
    NS_TRY(ns_eval_scalar(call->inputs[4], "the weight's zero point", weight_zero, error));
    if ((is_wide && g->input_zero) || (weight->dtype != NS_DTYPE_INT8 && *weight_zero))
        return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");
    return NS_OK;
}

ns_code ns_eval_conv(ns_eval_call *call, ns_error *error)
{
    geometry g;
    int64_t weight_zero = 0;
    NS_TRY(read_conv(call, &g, &weight_zero, error));
    ns_product *product = NULL;
    NS_TRY(pack(call, (int32_t)weight_zero, &product, error));
    return run(call, &g, product, error);
}

typedef struct conv {
    geometry g;
    ns_product *product;
} conv;

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    const conv *c = step->data;
    const size_t size = ns_product_row_size(c->product->k), bytes = ns_product_value_size(c->product);
    for (size_t done = 0; done < slab->rows; done += NS_PRODUCT_BAND) {
        const size_t left = slab->rows - done, count = left < NS_PRODUCT_BAND ? left : NS_PRODUCT_BAND;
        const int16_t *rows = load_rows(&c->g, slab->in[0], slab->first + done, count, size, slab->room);
        ns_product_fast_rows(c->product, rows, size, count, (char *)slab->out + done * slab->columns * bytes);
    }
    return false;
}

ns_code ns_step_conv(ns_eval_call *call, ns_step *step, ns_error *error)
{
    conv *c = NS_ARENA_NEW(call->scratch, conv);
    int64_t weight_zero = 0;
    if (!c)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its weights");
    NS_TRY(read_conv(call, &c->g, &weight_zero, error));
    NS_TRY(pack(call, (int32_t)weight_zero, &c->product, error));
    if (c->product->careful)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "every step is checked");
    NS_TRY(ns_product_scale(c->product, step->scales, call->scratch, error));
    if (!c->g.is_direct)
        step->room_size = NS_PRODUCT_BAND * ns_product_row_size(c->product->k) * sizeof(int16_t);
    step->run = run_step;
    step->data = c;
    return NS_OK;
}
