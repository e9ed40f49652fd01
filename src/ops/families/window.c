#include "ops/families/products.h"

#include <inttypes.h>

int64_t ns_window_value(const ns_aten_attribute *list, int axis)
{
    return list->list[list->count == 1 ? 0 : axis];
}

ns_code ns_window_infer(ns_window *window, const char *text, ns_error *error)
{
    const int64_t limit = 1 << 20;
    for (int i = 0; i < window->rank; i++) {
        const int64_t stride = window->stride[i], padding = window->padding[i],
                      dilation = window->dilation[i];
        if (stride < 1 || padding < 0 || dilation < 1 || stride > limit || padding > limit ||
            dilation > limit)
            return ns_fail(error, NS_ERROR_INPUT,
                           "%s: stride %" PRId64 ", padding %" PRId64 ", dilation %" PRId64
                           "; stride and dilation must be at least 1, padding at least 0, each at most 2^20",
                           text, stride, padding, dilation);
        const int64_t span = (window->kernel[i] - 1) * dilation + 1, padded = window->in[i] + 2 * padding;
        if (padded < span)
            return ns_fail(error, NS_ERROR_INPUT,
                           "%s: the kernel spans %" PRId64 " elements, the padded input has %" PRId64, text,
                           span, padded);
        window->out[i] = (padded - span) / stride + 1;
    }
    return NS_OK;
}

int64_t ns_window_taps(const ns_window *window)
{
    int64_t taps = 1;
    for (int i = 0; i < window->rank; i++)
        taps *= window->kernel[i];
    return taps;
}

bool ns_window_tap(const ns_window *window, int64_t at, int64_t tap, int64_t *from)
{
    int64_t size = 1;
    *from = 0;
    for (int i = window->rank - 1; i >= 0; i--) {
        const int64_t position = at % window->out[i] * window->stride[i] +
                                 tap % window->kernel[i] * window->dilation[i] - window->padding[i];
        if (position < 0 || position >= window->in[i])
            return false;
        *from += position * size;
        size *= window->in[i];
        at /= window->out[i];
        tap /= window->kernel[i];
    }
    return true;
}
