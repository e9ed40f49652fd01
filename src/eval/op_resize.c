/* Output (oy, ox) lies at input y = (oy * scale_y_d + offset_y) / scale_y_n, x likewise. BILINEAR weighs the
 * four inputs around it by their distance in units of 1 / scale_n (the result is scale_y_n * scale_x_n
 * times too large); NEAREST_NEIGHBOR takes the nearest, halves up. */
#include "eval/call.h"

typedef struct resize_axis {
    int64_t n, d, offset, in, out;
} resize_axis;

/* The two inputs on both sides of output o, and its distance from the first in units of 1 / n. */
static void locate(const resize_axis *axis, int64_t o, int64_t *i0, int64_t *i1, int64_t *distance)
{
    int64_t position = o * axis->d + axis->offset;
    int64_t i = position / axis->n;
    i -= position % axis->n < 0;
    *distance = position - i * axis->n;
    *i0 = i < 0 ? 0 : i;
    *i1 = i + 1 < axis->in - 1 ? i + 1 : axis->in - 1;
}

static ns_code read_axes(const ns_eval_call *call, resize_axis *axes, ns_error *error)
{
    const ns_tensor *in = call->inputs[0], *scale = call->inputs[1], *offset = call->inputs[2];
    if (scale->dtype != NS_DTYPE_SHAPE || ns_tensor_count(scale) != 4)
        return ns_eval_bad_shape(scale, "the scale", error);
    if (offset->dtype != NS_DTYPE_SHAPE || ns_tensor_count(offset) != 2)
        return ns_eval_bad_shape(offset, "the offset", error);
    for (size_t a = 0; a < 2; a++) {
        axes[a] = (resize_axis){ns_tensor_get(scale, 2 * a), ns_tensor_get(scale, 2 * a + 1),
                                ns_tensor_get(offset, a), in->shape[1 + a], call->outputs[0]->shape[1 + a]};
        const resize_axis *axis = &axes[a];
        /* The specification's ERROR_IFs: they keep positions within int32 and weights within 2^11. */
        if (axis->in < 1 || axis->in >= 16384 || axis->out >= 16384 || axis->n < 1 || axis->n > 2048 ||
            axis->d < 1 || axis->d >= 16 * axis->n || axis->offset < -axis->n || axis->offset >= 16 * axis->n)
            return ns_fail(error, NS_ERROR_INPUT, "its sizes, scale or offset are outside the limits");
        /* First and last position must have an input on one side: -1 <= floor(position) < in. */
        int64_t last = (axis->out - 1) * axis->d + axis->offset;
        if (axis->out < 1 || last >= axis->in * axis->n)
            return ns_eval_bad_shape(call->outputs[0], "the output", error);
    }
    return NS_OK;
}

static int64_t interpolate(const void *in, int bytes, const size_t *at, int64_t dy, int64_t dx, int64_t ny,
                           int64_t nx)
{
    return ns_eval_get(in, bytes, at[0]) * (ny - dy) * (nx - dx) +
           ns_eval_get(in, bytes, at[1]) * (ny - dy) * dx + ns_eval_get(in, bytes, at[2]) * dy * (nx - dx) +
           ns_eval_get(in, bytes, at[3]) * dy * dx;
}

ns_code ns_eval_resize(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 4, 4, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    bool bilinear = call->attributes->mode == NS_RESIZE_BILINEAR;
    if (in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16)
        return ns_eval_unsupported_type(in, error);
    ns_dtype expected = !bilinear ? in->dtype : in->dtype == NS_DTYPE_INT8 ? NS_DTYPE_INT32 : NS_DTYPE_INT48;
    if (!bilinear && call->attributes->mode != NS_RESIZE_NEAREST)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "resize mode %u", call->attributes->mode);
    if (in->rank != 4 || out->rank != 4 || out->dtype != expected || out->shape[0] != in->shape[0] ||
        out->shape[3] != in->shape[3])
        return ns_eval_bad_shape(out, "the output", error);
    resize_axis axes[2];
    NS_TRY(read_axes(call, axes, error));
    size_t channels = (size_t)in->shape[3], at = 0;
    int bytes = ns_dtype_bytes(in->dtype), out_bytes = ns_dtype_bytes(out->dtype);
    for (int64_t n = 0; n < in->shape[0]; n++)
        for (int64_t oy = 0; oy < axes[0].out; oy++)
            for (int64_t ox = 0; ox < axes[1].out; ox++) {
                int64_t y0, y1, x0, x1, dy, dx;
                locate(&axes[0], oy, &y0, &y1, &dy);
                locate(&axes[1], ox, &x0, &x1, &dx);
                if (!bilinear) {
                    y0 = y1 = 2 * dy >= axes[0].n ? y1 : y0;
                    x0 = x1 = 2 * dx >= axes[1].n ? x1 : x0;
                }
                int64_t row0 = (n * axes[0].in + y0) * axes[1].in, row1 = (n * axes[0].in + y1) * axes[1].in;
                for (size_t c = 0; c < channels; c++, at++) {
                    size_t corners[4] = {
                        (size_t)(row0 + x0) * channels + c, (size_t)(row0 + x1) * channels + c,
                        (size_t)(row1 + x0) * channels + c, (size_t)(row1 + x1) * channels + c};
                    /* |value| <= 2^15, weights sum to n * n <= 2^22: 37 bits. int8: 29 bits. */
                    int64_t value = bilinear
                                        ? interpolate(in->data, bytes, corners, dy, dx, axes[0].n, axes[1].n)
                                        : ns_eval_get(in->data, bytes, corners[0]);
                    ns_eval_set(out->data, out_bytes, at, value);
                }
            }
    return NS_OK;
}
