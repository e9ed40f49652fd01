/* CONV2D, CONV3D, TRANSPOSE_CONV2D, DEPTHWISE_CONV2D, MATMUL. In every mode the sums are exact or real; what
 * follows them rounds. Convolutions are matrix products of rows of the padded input, without copies of it for
 * each tap. */
#include <string.h>

#include "diagnose/call.h"

/* A window along depth, height and width; 2-D operators have a depth of 1. */
typedef struct window {
    int64_t batches, in[3], out[3], kernel[3], stride[3], dilation[3], before[3], after[3];
    int64_t channels, results;
} window;

static int32_t attribute(const ns_int_list *list, int i, int32_t missing)
{
    return i >= 0 && i < list->count ? list->values[i] : missing;
}

static window read_window(const ns_dg_call *call)
{
    const ns_attributes *a = &call->op->attributes;
    const ns_tensor *in = call->shapes[0], *weights = call->shapes[1], *out = call->shape;
    const bool deep = call->op->op == NS_OP_CONV3D, depthwise = call->op->op == NS_OP_DEPTHWISE_CONV2D;
    window w = {
        .batches = in->shape[0], .channels = in->shape[in->rank - 1], .results = out->shape[out->rank - 1]};
    for (int d = 0; d < 3; d++) {
        const int i = deep ? d : d - 1; /* among the operator's dims */
        w.in[d] = i < 0 ? 1 : in->shape[1 + i];
        w.out[d] = i < 0 ? 1 : out->shape[1 + i];
        w.kernel[d] = i < 0 ? 1 : weights->shape[depthwise ? i : 1 + i];
        w.stride[d] = i < 0 ? 1 : attribute(&a->stride, i, 1);
        w.dilation[d] = i < 0 ? 1 : attribute(&a->dilation, i, 1);
        w.before[d] = i < 0 ? 0 : attribute(&a->pad, 2 * i, 0);
        w.after[d] = i < 0 ? 0 : attribute(&a->pad, 2 * i + 1, 0);
    }
    return w;
}

/* A transposed convolution is one of stride 1 over the input with zeros between, its kernel turned. */
static int64_t spread_of(const ns_dg_call *call, window *w)
{
    if (call->op->op != NS_OP_TRANSPOSE_CONV2D)
        return 1;
    const ns_attributes *a = &call->op->attributes;
    for (int d = 1; d < 3; d++) {
        /* out_pad is [top, bottom, left, right], which may be negative. */
        const int64_t stride = w->stride[d], top = attribute(&a->out_pad, 2 * (d - 1), 0);
        w->before[d] = w->kernel[d] - 1 + top;
        w->after[d] = w->out[d] + w->kernel[d] - 1 - w->before[d] - ((w->in[d] - 1) * stride + 1);
        w->dilation[d] = 1;
    }
    return 0;
}

static int64_t padded(const window *w, int d, bool transposed)
{
    const int64_t in = transposed ? (w->in[d] - 1) * w->stride[d] + 1 : w->in[d];
    return in + w->before[d] + w->after[d];
}

/* The input less its zero point, with zeros around it, and between its elements where it is transposed. What
 * a negative pad cuts off is left out. */
static ns_code pad_input(ns_dg_call *call, const window *w, bool transposed, double **out, ns_error *error)
{
    int64_t size[3];
    size_t count = (size_t)(w->batches * w->channels);
    for (int d = 0; d < 3; d++) {
        size[d] = padded(w, d, transposed);
        count *= (size_t)size[d];
    }
    const ns_dg_value *in = call->inputs[0];
    const double zero = ns_dg_scalar(call, 3) / in->scale;
    *out = ns_dg_scratch(call, count);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a padded input");
    memset(*out, 0, count * sizeof **out);
    const double *from = in->data;
    for (int64_t n = 0; n < w->batches; n++)
        for (int64_t z = 0; z < w->in[0]; z++)
            for (int64_t y = 0; y < w->in[1]; y++)
                for (int64_t x = 0; x < w->in[2]; x++, from += w->channels) {
                    const int64_t at[3] = {z + w->before[0],
                                           (transposed ? y * w->stride[1] : y) + w->before[1],
                                           (transposed ? x * w->stride[2] : x) + w->before[2]};
                    if (at[0] < 0 || at[1] < 0 || at[2] < 0 || at[0] >= size[0] || at[1] >= size[1] ||
                        at[2] >= size[2])
                        continue;
                    double *to =
                        *out + (((n * size[0] + at[0]) * size[1] + at[1]) * size[2] + at[2]) * w->channels;
                    for (int64_t c = 0; c < w->channels; c++)
                        to[c] = from[c] - zero;
                }
    return NS_OK;
}

/* Weights [results][taps][channels] less their zero point, the taps turned for a transposed convolution. */
static ns_code turn_weights(const ns_dg_call *call, const window *w, bool transposed, const double **out,
                            ns_error *error)
{
    const double *weights = call->inputs[1]->data, zero = ns_dg_scalar(call, 4);
    const size_t taps = (size_t)(w->kernel[0] * w->kernel[1] * w->kernel[2]);
    const size_t channels = (size_t)w->channels, count = taps * channels * (size_t)w->results;
    *out = weights;
    if (!transposed && zero == 0)
        return NS_OK;
    double *turned = ns_dg_scratch(call, count);
    if (!turned)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its weights");
    for (size_t i = 0; i < count; i++) {
        const size_t tap = i / channels % taps, to = transposed ? taps - 1 - tap : tap;
        turned[i - tap * channels + to * channels] = weights[i] - zero;
    }
    *out = turned;
    return NS_OK;
}

/* They as a packed matrix of taps * channels steps: of floats where those will do. */
static ns_code pack_weights(const ns_dg_call *call, const window *w, bool transposed, ns_dg_operands *o,
                            ns_error *error)
{
    const size_t steps = (size_t)(w->kernel[0] * w->kernel[1] * w->kernel[2] * w->channels);
    const size_t results = (size_t)w->results, size = ns_gemm_f64_packed_size(steps, results);
    const bool rough = ns_dg_is_rough(call);
    double *packed = ns_dg_scratch(call, rough ? size / 2 + 1 : size);
    const double *weights = NULL;
    if (!packed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its weights");
    NS_TRY(turn_weights(call, w, transposed, &weights, error));
    if (rough)
        ns_gemm_f32_pack(weights, 1, steps, steps, results, o->packed32 = (float *)packed);
    else
        ns_gemm_f64_pack(weights, 1, steps, steps, results, packed);
    o->packed = packed;
    return NS_OK;
}

/* Rows of one output line meet one line of taps. */
static void multiply(const ns_dg_call *call, const window *w, bool transposed, const ns_dg_operands *from)
{
    const int64_t c = w->channels, size1 = padded(w, 1, transposed), size2 = padded(w, 2, transposed);
    const int64_t size0 = padded(w, 0, transposed),
                  stride[3] = {w->stride[0], transposed ? 1 : w->stride[1], transposed ? 1 : w->stride[2]};
    const int64_t taps = w->kernel[0] * w->kernel[1] * w->kernel[2];
    /* The longer of height and width makes the rows of a product. */
    const int along = w->out[2] >= w->out[1] ? 2 : 1, across = 3 - along;
    const int64_t steps[3] = {size1 * size2 * c, size2 * c, c};
    const int64_t out_steps[3] = {w->out[1] * w->out[2] * w->results, w->out[2] * w->results, w->results};
    const int64_t run = w->dilation[2] == 1 ? w->kernel[2] : 1;
    for (int64_t n = 0; n < w->batches; n++)
        for (int64_t oz = 0; oz < w->out[0]; oz++)
            for (int64_t o = 0; o < w->out[across]; o++)
                for (int64_t tap = 0; tap < taps; tap += run) {
                    const int64_t kx = tap % w->kernel[2], ky = tap / w->kernel[2] % w->kernel[1],
                                  kz = tap / w->kernel[2] / w->kernel[1];
                    const double *a = from->in + n * size0 * steps[0] +
                                      (oz * stride[0] + kz * w->dilation[0]) * steps[0] +
                                      o * stride[across] * steps[across] + ky * w->dilation[1] * steps[1] +
                                      kx * w->dilation[2] * steps[2];
                    double *to = from->out + (n * w->out[0] + oz) * out_steps[0] + o * out_steps[across];
                    ns_dg_product(call, from,
                                  &(ns_gemm_f64_call){.a = a,
                                                      .a_step = (size_t)(stride[along] * steps[along]),
                                                      .packed = from->packed,
                                                      .first = (size_t)(tap * c),
                                                      .steps = (size_t)(taps * c),
                                                      .m = (size_t)w->out[along],
                                                      .n = (size_t)w->results,
                                                      .k = (size_t)(run * c),
                                                      .c = to,
                                                      .c_step = (size_t)out_steps[along]});
                }
}

/* One row of biases over the factor of the input: the whole result carries that factor. */
static void start_row(const ns_dg_call *call, int64_t results, double scale, double *row)
{
    const double *bias = call->inputs[2]->data, factor = 1 / scale;
    const bool one = ns_tensor_count(call->shapes[2]) == 1;
    for (int64_t c = 0; c < results; c++)
        row[c] = bias[one ? 0 : c] * factor;
}

/* Sums begin with their bias. */
static void start(const ns_dg_call *call, int64_t results, double scale)
{
    double *out = call->out->data;
    if (call->count)
        start_row(call, results, scale, out);
    for (size_t i = (size_t)results; i < call->count; i += (size_t)results)
        memcpy(out + i, out, (size_t)results * sizeof *out);
}

/* Of floats the bias is added last. */
static ns_code start_operands(const ns_dg_call *call, const window *w, double scale, ns_dg_operands *o,
                              ns_error *error)
{
    if (!o->packed32) {
        start(call, w->results, scale);
        return NS_OK;
    }
    o->bias = ns_dg_scratch(call, (size_t)w->results);
    if (!o->bias)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for biases");
    start_row(call, w->results, scale, o->bias);
    return NS_OK;
}

static bool is_pointwise(const window *w)
{
    for (int d = 0; d < 3; d++)
        if (w->kernel[d] != 1 || w->stride[d] != 1 || w->before[d] || w->after[d])
            return false;
    return true;
}

ns_code ns_dg_op_convolution(ns_dg_call *call, ns_error *error)
{
    window w = read_window(call);
    const bool transposed = spread_of(call, &w) == 0;
    const double scale = call->inputs[0]->scale;
    NS_TRY(ns_dg_make(call, error));
    call->out->integer = call->inputs[0]->integer && call->inputs[1]->integer;
    ns_dg_operands o = {.out = call->out->data};
    NS_TRY(pack_weights(call, &w, transposed, &o, error));
    /* Integers must not be divided by the factor: the sums would not be exact. */
    const double *in = NULL;
    ns_dg_value plain = *call->inputs[0];
    if (scale != 1 && call->out->integer) {
        NS_TRY(ns_dg_elements(call, 0, &in, error));
        plain.data = (double *)in;
        plain.scale = 1;
    }
    call->inputs[0] = &plain;
    NS_TRY(start_operands(call, &w, plain.scale, &o, error));
    call->out->scale = plain.scale;
    if (is_pointwise(&w) && !transposed && ns_dg_scalar(call, 3) == 0) {
        const size_t rows = call->count / (size_t)w.results;
        const size_t k = (size_t)w.channels, n = (size_t)w.results;
        o.in = plain.data;
        NS_TRY(ns_dg_operands_narrow(call, &o, rows * k, error));
        ns_dg_product(call, &o, &(ns_gemm_f64_call){o.in, k, o.packed, 0, k, rows, n, k, o.out, n});
        ns_dg_operands_finish(call, &o, (size_t)w.results);
        return NS_OK;
    }
    double *filled = NULL;
    NS_TRY(pad_input(call, &w, transposed, &filled, error));
    o.in = filled;
    size_t padded_count = (size_t)(w.batches * w.channels);
    for (int d = 0; d < 3; d++)
        padded_count *= (size_t)padded(&w, d, transposed);
    NS_TRY(ns_dg_operands_narrow(call, &o, padded_count, error));
    multiply(call, &w, transposed, &o);
    ns_dg_operands_finish(call, &o, (size_t)w.results);
    return NS_OK;
}

/* One tap of a row of the result, all channels. */
typedef struct tap_row {
    const double *in, *weights;
    double zero, *out;
    int64_t places, step, channels, many;
} tap_row;

NS_DG_LOOP static void add_tap(const tap_row *r)
{
    const int64_t results = r->channels * r->many, channels = r->channels, many = r->many;
    const double *a = r->in, *b = r->weights, zero = r->zero;
    double *out = r->out;
    for (int64_t x = 0; x < r->places; x++, a += r->step, out += results)
        if (many == 1)
            for (int64_t i = 0; i < channels; i++)
                out[i] += a[i] * (b[i] - zero);
        else
            for (int64_t i = 0; i < results; i++)
                out[i] += a[i / many] * (b[i] - zero);
}

ns_code ns_dg_op_depthwise(ns_dg_call *call, ns_error *error)
{
    const window w = read_window(call);
    const int64_t many = call->shapes[1]->shape[3], c = w.channels, width = padded(&w, 2, false),
                  height = padded(&w, 1, false);
    const double *weights = call->inputs[1]->data, zero = ns_dg_scalar(call, 4);
    double *in = NULL;
    ns_dg_value plain = *call->inputs[0];
    NS_TRY(ns_dg_make(call, error));
    const double *elements = NULL;
    NS_TRY(ns_dg_elements(call, 0, &elements, error));
    plain.data = (double *)elements;
    plain.scale = 1;
    call->inputs[0] = &plain;
    NS_TRY(pad_input(call, &w, false, &in, error));
    start(call, w.results, 1);
    call->out->integer = plain.integer && call->inputs[1]->integer;
    double *out = call->out->data;
    for (int64_t n = 0; n < w.batches; n++)
        for (int64_t y = 0; y < w.out[1]; y++, out += w.out[2] * w.results)
            for (int64_t tap = 0; tap < w.kernel[1] * w.kernel[2]; tap++) {
                const int64_t ky = tap / w.kernel[2], kx = tap % w.kernel[2];
                const int64_t row = n * height + y * w.stride[1] + ky * w.dilation[1];
                add_tap(&(tap_row){.in = in + (row * width + kx * w.dilation[2]) * c,
                                   .weights = weights + tap * w.results,
                                   .zero = zero,
                                   .out = out,
                                   .places = w.out[2],
                                   .step = w.stride[2] * c,
                                   .channels = c,
                                   .many = many});
            }
    return NS_OK;
}

static ns_code less_zero(ns_dg_call *call, int i, double zero, const double **data, ns_error *error)
{
    *data = call->inputs[i]->data;
    if (zero == 0)
        return NS_OK;
    const size_t count = ns_tensor_count(call->shapes[i]);
    double *copy = ns_dg_scratch(call, count);
    if (!copy)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", count);
    for (size_t k = 0; k < count; k++)
        copy[k] = (*data)[k] - zero / call->inputs[i]->scale;
    *data = copy;
    return NS_OK;
}

/* Codes whose products a float holds. */
#define MOST_OF_A_FLOAT 1e15

static bool fit_floats(const ns_dg_call *call, const double *left, const double *right)
{
    return ns_dg_is_rough(call) && ns_dg_largest(left, ns_tensor_count(call->shapes[0])) < MOST_OF_A_FLOAT &&
           ns_dg_largest(right, ns_tensor_count(call->shapes[1])) < MOST_OF_A_FLOAT;
}

ns_code ns_dg_op_matmul(ns_dg_call *call, ns_error *error)
{
    const ns_tensor *a = call->shapes[0], *b = call->shapes[1];
    const size_t batches = (size_t)a->shape[0], m = (size_t)a->shape[1], k = (size_t)a->shape[2],
                 n = (size_t)b->shape[2], size = ns_gemm_f64_packed_size(k, n);
    const double *left = NULL, *right = NULL;
    NS_TRY(ns_dg_make(call, error));
    NS_TRY(less_zero(call, 0, ns_dg_scalar(call, 2), &left, error));
    NS_TRY(less_zero(call, 1, ns_dg_scalar(call, 3), &right, error));
    call->out->scale = call->inputs[0]->scale * call->inputs[1]->scale;
    call->out->integer = call->inputs[0]->integer && call->inputs[1]->integer;
    const bool rough = fit_floats(call, left, right);
    double *packed = ns_dg_scratch(call, size);
    ns_dg_operands o = {
        .in = left, .packed = packed, .packed32 = rough ? (float *)packed : NULL, .out = call->out->data};
    o.bias = ns_dg_scratch(call, n);
    if (!packed || !o.bias)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a matrix");
    NS_TRY(ns_dg_operands_narrow(call, &o, batches * m * k, error));
    memset(o.bias, 0, n * sizeof(double));
    memset(call->out->data, 0, call->count * sizeof(double));
    for (size_t i = 0; i < batches; i++) {
        if (rough)
            ns_gemm_f32_pack(right + i * k * n, n, 1, k, n, o.packed32);
        else
            ns_gemm_f64_pack(right + i * k * n, n, 1, k, n, packed);
        ns_dg_product(call, &o,
                      &(ns_gemm_f64_call){left + i * m * k, k, packed, 0, k, m, n, k, o.out + i * m * n, n});
    }
    ns_dg_operands_finish(call, &o, n);
    return NS_OK;
}
