/* Convolutions and pools of ExecuTorch's Cortex-M backend: int8, NHWC in memory (sources as in
 * op_cortex_m.c). The plain forms have shapes NCHW and must lie channels-last; those named _nhwc have shapes
 * NHWC, row-major. */
#include "program/element.h"
#include "program/internal.h"

#define PAIR_LIMIT (1 << 24) /* of strides and so on: products with dims stay inside int64 */

typedef struct plane {
    int64_t n, h, w, c;
    int8_t *data;
} plane;

static ns_code refuse_shapes(const ns_call *call, ns_error *error)
{
    return ns_fail(error, NS_ERROR_INPUT, "%s: the shapes of its tensors do not fit", call->name);
}

/* Argument `index`, an operand or a result. */
static ns_code get_plane(ns_call *call, int index, bool result, plane *out, ns_error *error)
{
    ns_program_tensor *tensor;
    const size_t length = strlen(call->name);
    const bool nhwc = length > 5 && strcmp(call->name + length - 5, "_nhwc") == 0;
    NS_TRY(result ? ns_cortex_m_result(call, index, &tensor, error)
                  : ns_cortex_m_bytes(call, index, &tensor, error));
    const int64_t *shape = tensor->shape;
    if (tensor->rank != 4)
        return refuse_shapes(call, error);
    if (nhwc ? !ns_program_tensor_is_contiguous(tensor) : !ns_cortex_m_is_channels_last(tensor))
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s: argument %d does not lie channels-last, as the kernel wants", call->name, index);
    *out = nhwc ? (plane){shape[0], shape[1], shape[2], shape[3], tensor->data}
                : (plane){shape[0], shape[2], shape[3], shape[1], tensor->data};
    return NS_OK;
}

/* A list of two: rows, columns. */
static ns_code get_two(ns_call *call, int index, int64_t least, int64_t *out, ns_error *error)
{
    int count;
    int64_t *list;
    NS_TRY(ns_call_integers(call, index, &count, &list, error));
    for (int i = 0; i < 2; i++) {
        if (count != 2 || list[i] < least || list[i] > PAIR_LIMIT)
            return ns_fail(error, NS_ERROR_INPUT, "%s: argument %d must be two numbers from %d to %d",
                           call->name, index, (int)least, PAIR_LIMIT);
        out[i] = list[i];
    }
    return NS_OK;
}

typedef struct window {
    plane in, out;
    int64_t kernel[2], stride[2], padding[2], dilation[2];
    bool transposed;
} window;

/* The row (axis 0) or column of the input under tap k of the window at `at`; false: none. */
static bool source(const window *w, int axis, int64_t at, int64_t k, int64_t *out)
{
    const int64_t size = axis ? w->in.w : w->in.h;
    if (w->transposed) {
        const int64_t reached = at + w->padding[axis] - k * w->dilation[axis];
        *out = reached / w->stride[axis];
        return reached >= 0 && reached % w->stride[axis] == 0 && *out < size;
    }
    *out = at * w->stride[axis] - w->padding[axis] + k * w->dilation[axis];
    return *out >= 0 && *out < size;
}

/* ---- convolutions ---- */

/* Weights: element (o, y, x, i) at o * steps[0] + y * steps[1] + x * steps[2] + i * steps[3]. Channel o reads
 * `depth` channels of the input, from o / share * depth on. */
typedef struct convolution {
    window window;
    const int8_t *weights;
    int64_t steps[4], depth, share;
    const int32_t *bias, *multipliers, *shifts;
    int32_t input_offset, output_offset, low, high;
} convolution;

/* Arguments that stand `behind` each other in all: offsets, multipliers, shifts, limits. */
static ns_code get_rescale(ns_call *call, int behind, convolution *c, ns_error *error)
{
    int32_t offsets[2], limits[2];
    const size_t count = (size_t)c->window.out.c;
    NS_TRY(ns_cortex_m_integers(call, behind, 2, offsets, error));
    NS_TRY(ns_cortex_m_offset(call, offsets[0], error));
    NS_TRY(ns_cortex_m_words(call, 2, count, &c->bias, error));
    NS_TRY(ns_cortex_m_words(call, behind + 2, count, &c->multipliers, error));
    NS_TRY(ns_cortex_m_words(call, behind + 3, count, &c->shifts, error));
    NS_TRY(ns_cortex_m_integers(call, behind + 4, 2, limits, error));
    if (!c->multipliers || !c->shifts)
        return refuse_shapes(call, error);
    for (size_t i = 0; i < count; i++)
        NS_TRY(ns_cortex_m_shift(call, c->shifts[i], error));
    c->input_offset = offsets[0];
    c->output_offset = offsets[1];
    c->low = limits[0];
    c->high = limits[1];
    return NS_OK;
}

static ns_code get_window(ns_call *call, int dilation, int out, window *w, ns_error *error)
{
    NS_TRY(get_plane(call, 0, false, &w->in, error));
    NS_TRY(get_plane(call, out, true, &w->out, error));
    NS_TRY(get_two(call, 3, 1, w->stride, error));
    NS_TRY(get_two(call, 4, 0, w->padding, error));
    return get_two(call, dilation, 1, w->dilation, error);
}

/* The output's size along both axes; `extra`: output_padding of a transposed convolution, else NULL. */
static ns_code check_size(const ns_call *call, const window *w, const int64_t *extra, ns_error *error)
{
    const int64_t in[] = {w->in.h, w->in.w}, out[] = {w->out.h, w->out.w};
    for (int i = 0; i < 2; i++) {
        const int64_t reach = w->dilation[i] * (w->kernel[i] - 1) + 1;
        const int64_t size = extra ? (in[i] - 1) * w->stride[i] - 2 * w->padding[i] + reach + extra[i]
                             : in[i] + 2 * w->padding[i] < reach
                                 ? 0
                                 : (in[i] + 2 * w->padding[i] - reach) / w->stride[i] + 1;
        if (w->kernel[i] < 1 || out[i] != size)
            return refuse_shapes(call, error);
    }
    return w->in.n == w->out.n ? NS_OK : refuse_shapes(call, error);
}

static int64_t sum_at(const convolution *c, int64_t n, int64_t y, int64_t x, int64_t o)
{
    const window *w = &c->window;
    const int64_t first = o / c->share * c->depth;
    int64_t sum = c->bias ? c->bias[o] : 0, iy, ix;
    for (int64_t ky = 0; ky < w->kernel[0]; ky++)
        for (int64_t kx = 0; kx < w->kernel[1]; kx++) {
            if (!source(w, 0, y, ky, &iy) || !source(w, 1, x, kx, &ix))
                continue;
            const int8_t *pixel = w->in.data + ((n * w->in.h + iy) * w->in.w + ix) * w->in.c + first;
            const int8_t *tap = c->weights + o * c->steps[0] + ky * c->steps[1] + kx * c->steps[2];
            for (int64_t i = 0; i < c->depth; i++)
                sum += (int64_t)(pixel[i] + c->input_offset) * tap[i * c->steps[3]];
        }
    return sum;
}

static ns_code convolve(ns_call *call, const convolution *c, ns_error *error)
{
    const plane *out = &c->window.out;
    int8_t *to = out->data;
    NS_TRY(ns_call_work(
        call, 7,
        (int64_t[]){out->n, out->h, out->w, out->c, c->window.kernel[0], c->window.kernel[1], c->depth},
        error));
    for (int64_t n = 0; n < out->n; n++)
        for (int64_t y = 0; y < out->h; y++)
            for (int64_t x = 0; x < out->w; x++)
                for (int64_t o = 0; o < out->c; o++)
                    *to++ = ns_cortex_m_code(ns_cortex_m_requantize((int32_t)sum_at(c, n, y, x, o),
                                                                    c->multipliers[o], c->shifts[o]),
                                             c->output_offset, c->low, c->high);
    return NS_OK;
}

/* Weights [o, h, w, i] of quantized_conv2d and quantized_transpose_conv2d. */
static ns_code get_filter(ns_call *call, convolution *c, ns_error *error)
{
    ns_program_tensor *weights;
    NS_TRY(ns_cortex_m_bytes(call, 1, &weights, error));
    const int64_t *s = weights->shape;
    if (weights->rank != 4 || s[0] != c->window.out.c || s[0] < 1 || s[3] < 1 || c->window.in.c < s[3] ||
        c->window.in.c % s[3] || s[0] % (c->window.in.c / s[3]))
        return refuse_shapes(call, error);
    c->weights = weights->data;
    c->depth = s[3];
    c->share = s[0] / (c->window.in.c / s[3]);
    memcpy(c->steps, (int64_t[]){s[1] * s[2] * s[3], s[2] * s[3], s[3], 1}, sizeof c->steps);
    c->window.kernel[0] = s[1];
    c->window.kernel[1] = s[2];
    return NS_OK;
}

/* quantized_conv2d (input, weight, bias, stride, padding, dilation, input_offset, output_offset, multipliers,
 * shifts, activation_min, activation_max, scratch, out) */
ns_code ns_kernel_cortex_m_conv2d(ns_call *call, ns_error *error)
{
    convolution c = {0};
    NS_TRY(get_window(call, 5, 13, &c.window, error));
    NS_TRY(get_filter(call, &c, error));
    NS_TRY(check_size(call, &c.window, NULL, error));
    NS_TRY(get_rescale(call, 6, &c, error));
    return convolve(call, &c, error);
}

/* quantized_depthwise_conv2d (input, weight [1, h, w, o], bias, stride, padding, dilation, depth_multiplier,
 * and on as above) */
ns_code ns_kernel_cortex_m_depthwise(ns_call *call, ns_error *error)
{
    convolution c = {.depth = 1};
    ns_program_tensor *weights;
    NS_TRY(get_window(call, 5, 14, &c.window, error));
    NS_TRY(ns_cortex_m_bytes(call, 1, &weights, error));
    NS_TRY(ns_call_integer(call, 6, &c.share, error));
    const int64_t *s = weights->shape;
    if (weights->rank != 4 || s[0] != 1 || s[3] != c.window.out.c || c.share < 1 || c.share > PAIR_LIMIT ||
        c.window.in.c * c.share != s[3])
        return refuse_shapes(call, error);
    c.weights = weights->data;
    memcpy(c.steps, (int64_t[]){1, s[2] * s[3], s[3], 0}, sizeof c.steps);
    c.window.kernel[0] = s[1];
    c.window.kernel[1] = s[2];
    NS_TRY(check_size(call, &c.window, NULL, error));
    NS_TRY(get_rescale(call, 7, &c, error));
    return convolve(call, &c, error);
}

/* quantized_transpose_conv2d (input, weight, bias, stride, padding, output_padding, dilation, and on as
 * above, with a second scratch before out). CMSIS-NN reads no dilation and no groups. */
ns_code ns_kernel_cortex_m_transpose_conv2d(ns_call *call, ns_error *error)
{
    convolution c = {.window.transposed = true};
    int64_t extra[2];
    NS_TRY(get_window(call, 6, 15, &c.window, error));
    NS_TRY(get_two(call, 5, 0, extra, error));
    NS_TRY(get_filter(call, &c, error));
    NS_TRY(check_size(call, &c.window, extra, error));
    if (c.depth != c.window.in.c || c.window.dilation[0] != 1 || c.window.dilation[1] != 1)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s in groups or with a dilation: CMSIS-NN reads neither",
                       call->name);
    NS_TRY(get_rescale(call, 7, &c, error));
    return convolve(call, &c, error);
}

/* ---- pools ---- */

typedef struct pool {
    window window;
    bool maximum;
    int32_t low, high;
} pool;

/* One code: the greatest, or the mean with halves away from zero, of the taps inside the image. */
static bool pool_at(const pool *p, const int8_t *image, int64_t y, int64_t x, int8_t *out)
{
    const window *w = &p->window;
    int64_t sum = 0, count = 0, iy, ix;
    int32_t greatest = INT8_MIN;
    for (int64_t ky = 0; ky < w->kernel[0]; ky++)
        for (int64_t kx = 0; kx < w->kernel[1]; kx++)
            if (source(w, 0, y, ky, &iy) && source(w, 1, x, kx, &ix)) {
                const int8_t code = image[(iy * w->in.w + ix) * w->in.c];
                greatest = code > greatest ? code : greatest;
                sum += code;
                count++;
            }
    if (!count)
        return false;
    const int64_t mean = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    *out = ns_cortex_m_code(p->maximum ? greatest : (int32_t)mean, 0, p->low, p->high);
    return true;
}

static ns_code run_pool(ns_call *call, pool *p, int out, bool ceil_mode, ns_error *error)
{
    window *w = &p->window;
    NS_TRY(get_plane(call, 0, false, &w->in, error));
    NS_TRY(get_plane(call, out, true, &w->out, error));
    NS_TRY(get_two(call, 1, 1, w->kernel, error));
    NS_TRY(get_two(call, 2, 1, w->stride, error));
    NS_TRY(get_two(call, 3, 0, w->padding, error));
    w->dilation[0] = w->dilation[1] = 1;
    if (w->in.c != w->out.c || w->in.n != w->out.n)
        return refuse_shapes(call, error);
    if (!ceil_mode) /* with it, a window more, which begins inside the image: pool_at says where one does not
                     */
        NS_TRY(check_size(call, w, NULL, error));
    NS_TRY(ns_call_work(
        call, 6, (int64_t[]){w->out.n, w->out.h, w->out.w, w->out.c, w->kernel[0], w->kernel[1]}, error));
    int8_t *to = w->out.data;
    for (int64_t n = 0; n < w->out.n; n++)
        for (int64_t y = 0; y < w->out.h; y++)
            for (int64_t x = 0; x < w->out.w; x++)
                for (int64_t c = 0; c < w->out.c; c++)
                    if (!pool_at(p, w->in.data + n * w->in.h * w->in.w * w->in.c + c, y, x, to++))
                        return refuse_shapes(call, error);
    return NS_OK;
}

/* quantized_avg_pool2d (input, kernel_size, stride, padding, ceil_mode, zero_point, multiplier, shift,
 * scratch, out): the codes' mean; CMSIS-NN reads no scale. */
ns_code ns_kernel_cortex_m_avg_pool2d(ns_call *call, ns_error *error)
{
    pool p = {.low = INT8_MIN, .high = INT8_MAX};
    bool ceil_mode;
    NS_TRY(ns_call_boolean(call, 4, &ceil_mode, error));
    return run_pool(call, &p, 9, ceil_mode, error);
}

/* quantized_max_pool2d (input, kernel_size, stride, padding, dilation, ceil_mode, input_zero_point,
 * output_zero_point, activation_min, activation_max, out) */
ns_code ns_kernel_cortex_m_max_pool2d(ns_call *call, ns_error *error)
{
    pool p = {.maximum = true};
    bool ceil_mode;
    int64_t dilation[2];
    int32_t zeros[2], limits[2];
    NS_TRY(get_two(call, 4, 1, dilation, error));
    NS_TRY(ns_call_boolean(call, 5, &ceil_mode, error));
    NS_TRY(ns_cortex_m_integers(call, 6, 2, zeros, error));
    NS_TRY(ns_cortex_m_integers(call, 8, 2, limits, error));
    if (ceil_mode || dilation[0] != 1 || dilation[1] != 1 || zeros[0] != zeros[1])
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s with a dilation, ceil_mode or two zero points",
                       call->name);
    p.low = limits[0];
    p.high = limits[1];
    return run_pool(call, &p, 10, false, error);
}
