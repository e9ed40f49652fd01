/* REDUCE_*, pools and RESIZE. */
#include <math.h>
#include <string.h>

#include "diagnose/call.h"
#include "num/interface.h"

static inline double join(ns_op op, double a, double b)
{
    switch (op) {
    case NS_OP_REDUCE_SUM:
        return a + b;
    case NS_OP_REDUCE_MAX:
    case NS_OP_REDUCE_ANY:
        return a > b ? a : b;
    default:
        return a < b ? a : b;
    }
}

/* Four sums side by side: an addition takes longer than a load. */
static double sum_row(const double *from, size_t length)
{
    double sums[4] = {0};
    size_t i = 0;
    for (; i + 4 <= length; i += 4)
        for (int k = 0; k < 4; k++)
            sums[k] += from[i + (size_t)k];
    for (; i < length; i++)
        sums[0] += from[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* One loop for each operator: the compiler takes the test out. */
static inline __attribute__((always_inline)) void join_row(ns_op op, const double *from, size_t count,
                                                           double *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = join(op, to[i], from[i]);
}

static void join_rows(ns_op op, const double *from, size_t length, size_t inner, double *to)
{
    memcpy(to, from, inner * sizeof *to);
    for (size_t k = 1; k < length; k++) {
        from += inner;
        if (op == NS_OP_REDUCE_SUM)
            join_row(NS_OP_REDUCE_SUM, from, inner, to);
        else if (op == NS_OP_REDUCE_MAX)
            join_row(NS_OP_REDUCE_MAX, from, inner, to);
        else
            join_row(op, from, inner, to);
    }
}

static double max_row(const double *from, size_t length)
{
    double most[4] = {from[0], from[0], from[0], from[0]};
    size_t i = 0;
    for (; i + 4 <= length; i += 4)
        for (int k = 0; k < 4; k++)
            most[k] = from[i + (size_t)k] > most[k] ? from[i + (size_t)k] : most[k];
    for (; i < length; i++)
        most[0] = from[i] > most[0] ? from[i] : most[0];
    return fmax(fmax(most[0], most[1]), fmax(most[2], most[3]));
}

ns_code ns_dg_op_reduce(ns_dg_call *call, ns_error *error)
{
    const ns_tensor *in = call->shapes[0];
    const int axis = call->op->attributes.axis;
    const size_t length = (size_t)in->shape[axis];
    size_t inner = 1;
    for (int d = axis + 1; d < in->rank; d++)
        inner *= (size_t)in->shape[d];
    NS_TRY(ns_dg_make(call, error));
    call->out->scale = call->inputs[0]->scale;
    call->out->integer = call->inputs[0]->integer;
    const double *from = call->inputs[0]->data;
    double *to = call->out->data;
    if (inner == 1 && (call->op->op == NS_OP_REDUCE_SUM || call->op->op == NS_OP_REDUCE_MAX)) {
        for (size_t o = 0; o < call->count; o++, from += length)
            to[o] = call->op->op == NS_OP_REDUCE_SUM ? sum_row(from, length) : max_row(from, length);
        return NS_OK;
    }
    for (size_t o = 0; o < call->count; o += inner, to += inner, from += length * inner)
        join_rows(call->op->op, from, length, inner, to);
    return NS_OK;
}

/* Where a window of a pool begins and ends along one axis, without its padding. */
static void span(const ns_attributes *a, int d, int64_t o, int64_t size, int64_t *first, int64_t *last)
{
    const int64_t start = o * a->stride.values[d] - a->pad.values[2 * d], end = start + a->kernel.values[d];
    *first = start < 0 ? 0 : start;
    *last = end > size ? size : end;
}

/* TOSA divides by a rounded reciprocal, which is not the nearest integer. */
static double tosa_average(double sum, int64_t count)
{
    int k = 0;
    while (((int64_t)1 << k) < count)
        k++;
    const int64_t multiplier = ((((int64_t)1 << 30) + 1) << k) / count;
    return (double)ns_scale_single((int64_t)sum, (int32_t)multiplier, 30 + k);
}

ns_code ns_dg_op_pool2d(ns_dg_call *call, ns_error *error)
{
    const ns_attributes *a = &call->op->attributes;
    const ns_tensor *in = call->shapes[0], *out = call->shape;
    const bool average = call->op->op == NS_OP_AVG_POOL2D;
    const double zero_in = ns_dg_scalar(call, 1), zero_out = ns_dg_scalar(call, 2);
    const bool as_tosa = call->inputs[0]->integer && (call->mode & NS_DG_ROUND) && (call->mode & NS_DG_INNER);
    const int64_t c = in->shape[3];
    const double *data = NULL;
    if (a->kernel.count != 2 || a->stride.count != 2 || a->pad.count != 4)
        return ns_fail(error, NS_ERROR_INPUT, "its kernel, stride or pad has another length");
    NS_TRY(ns_dg_make(call, error));
    NS_TRY(ns_dg_elements(call, 0, &data, error));
    double *to = call->out->data;
    for (int64_t n = 0; n < out->shape[0]; n++)
        for (int64_t y = 0; y < out->shape[1]; y++)
            for (int64_t x = 0; x < out->shape[2]; x++)
                for (int64_t k = 0; k < c; k++) {
                    int64_t y0, y1, x0, x1;
                    span(a, 0, y, in->shape[1], &y0, &y1);
                    span(a, 1, x, in->shape[2], &x0, &x1);
                    double sum = 0, most = -INFINITY;
                    for (int64_t i = y0; i < y1; i++)
                        for (int64_t j = x0; j < x1; j++) {
                            const double v = data[((n * in->shape[1] + i) * in->shape[2] + j) * c + k];
                            sum += v - zero_in;
                            most = fmax(most, v);
                        }
                    const int64_t count = (y1 - y0) * (x1 - x0);
                    *to++ = !average ? most
                                     : (as_tosa ? tosa_average(sum, count) : sum / (double)count) + zero_out;
                }
    call->out->integer = call->inputs[0]->integer;
    if (!average)
        return NS_OK;
    const bool rounds = call->mode & NS_DG_ROUND;
    const double low = (double)ns_dtype_min(out->dtype), high = (double)ns_dtype_max(out->dtype);
    call->out->integer = rounds;
    for (size_t i = 0; i < call->count && rounds; i++)
        call->out->data[i] = floor(call->out->data[i] + 0.5);
    for (size_t i = 0; i < call->count && (call->mode & NS_DG_CLAMP); i++)
        call->out->data[i] = fmin(fmax(call->out->data[i], low), high);
    return NS_OK;
}

typedef struct axis {
    int64_t n, d, offset, in;
} axis;

/* The two inputs on both sides of output o, and its distance from the first in units of 1 / n. */
static void locate(const axis *a, int64_t o, bool nearest, int64_t at[2], double weight[2])
{
    const int64_t position = o * a->d + a->offset;
    int64_t i = position / a->n;
    i -= position % a->n < 0;
    const int64_t distance = position - i * a->n;
    at[0] = i < 0 ? 0 : i;
    at[1] = i + 1 < a->in - 1 ? i + 1 : a->in - 1;
    weight[0] = (double)(a->n - distance);
    weight[1] = (double)distance;
    if (nearest) {
        at[0] = 2 * distance >= a->n ? at[1] : at[0];
        weight[0] = 1;
        weight[1] = 0;
    }
}

ns_code ns_dg_op_resize(ns_dg_call *call, ns_error *error)
{
    const ns_tensor *in = call->shapes[0], *out = call->shape;
    const bool nearest = call->op->attributes.mode == NS_RESIZE_NEAREST;
    if (!call->shapes[1]->data || !call->shapes[2]->data)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "its scale or offset is not a constant");
    axis axes[2];
    for (int d = 0; d < 2; d++)
        axes[d] = (axis){ns_tensor_get(call->shapes[1], 2 * (size_t)d),
                         ns_tensor_get(call->shapes[1], 2 * (size_t)d + 1),
                         ns_tensor_get(call->shapes[2], (size_t)d), in->shape[1 + d]};
    NS_TRY(ns_dg_make(call, error));
    call->out->scale = call->inputs[0]->scale;
    call->out->integer = call->inputs[0]->integer;
    const int64_t c = in->shape[3];
    double *to = call->out->data;
    for (int64_t n = 0; n < out->shape[0]; n++)
        for (int64_t y = 0; y < out->shape[1]; y++)
            for (int64_t x = 0; x < out->shape[2]; x++) {
                int64_t ys[2], xs[2];
                double wy[2], wx[2];
                locate(&axes[0], y, nearest, ys, wy);
                locate(&axes[1], x, nearest, xs, wx);
                const double *base = call->inputs[0]->data + n * in->shape[1] * in->shape[2] * c;
                for (int64_t k = 0; k < c; k++) {
                    double sum = 0;
                    for (int i = 0; i < 4; i++)
                        if (wy[i / 2] * wx[i % 2] != 0)
                            sum +=
                                wy[i / 2] * wx[i % 2] * base[(ys[i / 2] * in->shape[2] + xs[i % 2]) * c + k];
                    *to++ = sum;
                }
            }
    return NS_OK;
}
