/* Window: where the windows of convolutions and pools lie. NHWC. */
#ifndef NS_TFLM_WINDOW_H
#define NS_TFLM_WINDOW_H

#include "tflm/call.h"

typedef struct ns_tflm_window_options {
    bool same; /* padding SAME; else VALID */
    int64_t stride_h, stride_w, dilation_h, dilation_w;
} ns_tflm_window_options;

typedef struct ns_tflm_window {
    int64_t in_h, in_w, out_h, out_w, filter_h, filter_w;
    int64_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
} ns_tflm_window;

/* A pixel of the output: batch, and where its window begins. */
typedef struct ns_tflm_spot {
    int64_t batch, top, left;
} ns_tflm_spot;

/* Reads padding, stride_w and stride_h, which follow each other from slot `padding` on, and the dilations
 * from their slots (negative: none). */
ns_code ns_tflm_window_read(const ns_tflm_call *call, int padding, int dilation_w, int dilation_h,
                            ns_tflm_window_options *out, ns_error *error);

/* For input 0 and output 0, of rank 4. NS_ERROR_INPUT when the output's shape is another than the options
 * give. */
ns_code ns_tflm_window_set(const ns_tflm_call *call, const ns_tflm_window_options *options, int64_t filter_h,
                           int64_t filter_w, ns_tflm_window *out, ns_error *error);

/* Charges the taps of all windows, each of `depth` channels. */
ns_code ns_tflm_window_work(const ns_tflm_call *call, const ns_tflm_window *window, int64_t depth,
                            ns_error *error);

/* Pixel `index` of the output, batches included. */
void ns_tflm_window_spot(const ns_tflm_window *window, int64_t index, ns_tflm_spot *out);

/* The pixel of the input, batches included, under tap (y, x); false outside the image. */
static inline bool ns_tflm_window_pixel(const ns_tflm_window *window, const ns_tflm_spot *spot, int64_t y,
                                        int64_t x, int64_t *out)
{
    const int64_t in_y = spot->top + y * window->dilation_h, in_x = spot->left + x * window->dilation_w;
    *out = (spot->batch * window->in_h + in_y) * window->in_w + in_x;
    return in_y >= 0 && in_y < window->in_h && in_x >= 0 && in_x < window->in_w;
}

#endif
