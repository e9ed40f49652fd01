/* Output (oy, ox) lies at input y = (oy * scale_y_d + offset_y) / scale_y_n, x likewise. BILINEAR weighs the
 * four inputs around it by their distance in units of 1 / scale_n (the result is scale_y_n * scale_x_n
 * times too large); NEAREST_NEIGHBOR takes the nearest, halves up. */
#include "eval/real.h"

/* The two inputs on both sides of output o, and its distance from the first in units of 1 / n. */
static void locate(const ns_resize_axis *axis, int64_t o, int64_t *i0, int64_t *i1, int64_t *distance)
{
    int64_t position = o * axis->d + axis->offset;
    int64_t i = position / axis->n;
    i -= position % axis->n < 0;
    *distance = position - i * axis->n;
    *i0 = i < 0 ? 0 : i;
    *i1 = i + 1 < axis->in - 1 ? i + 1 : axis->in - 1;
}

static ns_code read_axes(const ns_eval_call *call, ns_resize_axis *axes, ns_error *error)
{
    const ns_tensor *in = call->inputs[0], *scale = call->inputs[1], *offset = call->inputs[2];
    if (scale->dtype != NS_DTYPE_SHAPE || ns_tensor_count(scale) != 4)
        return ns_eval_bad_shape(scale, "the scale", error);
    if (offset->dtype != NS_DTYPE_SHAPE || ns_tensor_count(offset) != 2)
        return ns_eval_bad_shape(offset, "the offset", error);
    for (size_t a = 0; a < 2; a++) {
        axes[a] =
            (ns_resize_axis){ns_tensor_get(scale, 2 * a), ns_tensor_get(scale, 2 * a + 1),
                             ns_tensor_get(offset, a), in->shape[1 + a], call->outputs[0]->shape[1 + a]};
        const ns_resize_axis *axis = &axes[a];
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

ns_code ns_resize_read(const ns_eval_call *call, ns_resize *resize, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 4, 4, 1, error));
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    resize->bilinear = call->attributes->mode == NS_RESIZE_BILINEAR;
    if (!resize->bilinear && call->attributes->mode != NS_RESIZE_NEAREST)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "resize mode %u", call->attributes->mode);
    if (in->rank != 4 || out->rank != 4 || out->shape[0] != in->shape[0] || out->shape[3] != in->shape[3])
        return ns_eval_bad_shape(out, "the output", error);
    resize->batches = (size_t)in->shape[0];
    resize->channels = (size_t)in->shape[3];
    return read_axes(call, resize->axes, error);
}

ns_resize_place ns_resize_place_at(const ns_resize *resize, size_t position)
{
    const ns_resize_axis *axes = resize->axes;
    const size_t ox = position % (size_t)axes[1].out, row = position / (size_t)axes[1].out;
    const int64_t oy = (int64_t)(row % (size_t)axes[0].out), n = (int64_t)(row / (size_t)axes[0].out);
    int64_t y[2], x[2];
    ns_resize_place place;
    locate(&axes[0], oy, &y[0], &y[1], &place.dy);
    locate(&axes[1], (int64_t)ox, &x[0], &x[1], &place.dx);
    if (!resize->bilinear) {
        y[0] = y[1] = 2 * place.dy >= axes[0].n ? y[1] : y[0];
        x[0] = x[1] = 2 * place.dx >= axes[1].n ? x[1] : x[0];
    }
    for (int k = 0; k < 4; k++)
        place.corners[k] = (size_t)((n * axes[0].in + y[k / 2]) * axes[1].in + x[k % 2]) * resize->channels;
    return place;
}

static int64_t interpolate(const void *in, int bytes, const ns_resize *resize, const ns_resize_place *place,
                           size_t c)
{
    const size_t *at = place->corners;
    const int64_t ny = resize->axes[0].n, nx = resize->axes[1].n, dy = place->dy, dx = place->dx;
    return ns_eval_get(in, bytes, at[0] + c) * (ny - dy) * (nx - dx) +
           ns_eval_get(in, bytes, at[1] + c) * (ny - dy) * dx +
           ns_eval_get(in, bytes, at[2] + c) * dy * (nx - dx) + ns_eval_get(in, bytes, at[3] + c) * dy * dx;
}

ns_code ns_eval_resize(ns_eval_call *call, ns_error *error)
{
    ns_resize resize;
    NS_TRY(ns_resize_read(call, &resize, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    if (in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16)
        return ns_eval_unsupported_type(in, error);
    if (out->dtype != (!resize.bilinear             ? in->dtype
                       : in->dtype == NS_DTYPE_INT8 ? NS_DTYPE_INT32
                                                    : NS_DTYPE_INT48))
        return ns_eval_unsupported_type(out, error);
    const int bytes = ns_dtype_bytes(in->dtype), out_bytes = ns_dtype_bytes(out->dtype);
    const size_t positions = resize.batches * (size_t)(resize.axes[0].out * resize.axes[1].out);
    for (size_t p = 0; p < positions; p++) {
        const ns_resize_place place = ns_resize_place_at(&resize, p);
        for (size_t c = 0; c < resize.channels; c++) {
            /* |value| <= 2^15, weights sum to n * n <= 2^22: 37 bits. int8: 29 bits. */
            const int64_t value = resize.bilinear ? interpolate(in->data, bytes, &resize, &place, c)
                                                  : ns_eval_get(in->data, bytes, place.corners[0] + c);
            ns_eval_set(out->data, out_bytes, p * resize.channels + c, value);
        }
    }
    return NS_OK;
}

/* Floating-point: weights of 1 in all. */
ns_code ns_real_resize(ns_eval_call *call, ns_error *error)
{
    ns_resize resize;
    NS_TRY(ns_resize_read(call, &resize, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    if (out->dtype != in->dtype)
        return ns_eval_unsupported_type(out, error);
    const size_t positions = resize.batches * (size_t)(resize.axes[0].out * resize.axes[1].out);
    for (size_t p = 0; p < positions; p++) {
        const ns_resize_place place = ns_resize_place_at(&resize, p);
        const double y = resize.bilinear ? (double)place.dy / (double)resize.axes[0].n : 0;
        const double x = resize.bilinear ? (double)place.dx / (double)resize.axes[1].n : 0;
        for (size_t c = 0; c < resize.channels; c++) {
            double corner[4];
            for (int k = 0; k < 4; k++)
                corner[k] = ns_real_get(in, place.corners[k] + c);
            const double value = resize.bilinear ? corner[0] * (1 - y) * (1 - x) + corner[1] * (1 - y) * x +
                                                       corner[2] * y * (1 - x) + corner[3] * y * x
                                                 : corner[0];
            ns_real_set(out, p * resize.channels + c, value);
        }
    }
    return NS_OK;
}
