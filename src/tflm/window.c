#include "tflm/internal.h"

#define MOST (1 << 20) /* of strides, dilations and filters: keeps products in range */

ns_code ns_tflm_window_read(const ns_tflm_call *call, int padding, int dilation_w, int dilation_h,
                            ns_tflm_window_options *out, ns_error *error)
{
    uint8_t valid;
    int32_t values[4] = {0, 0, 1, 1};
    NS_TRY(ns_tflite_option_u8(call->operator, padding, 0, &valid, error));
    NS_TRY(ns_tflite_option_i32(call->operator, padding + 1, 0, &values[0], error));
    NS_TRY(ns_tflite_option_i32(call->operator, padding + 2, 0, &values[1], error));
    if (dilation_w >= 0) {
        NS_TRY(ns_tflite_option_i32(call->operator, dilation_w, 1, &values[2], error));
        NS_TRY(ns_tflite_option_i32(call->operator, dilation_h, 1, &values[3], error));
    }
    for (int i = 0; i < 4; i++)
        if (values[i] < 1 || values[i] > MOST || valid > 1)
            return ns_fail(error, NS_ERROR_INPUT, "%s: strides and dilations %d %d %d %d, padding %u",
                           call->operator->name, values[0], values[1], values[2], values[3], valid);
    *out = (ns_tflm_window_options){valid == 0, values[1], values[0], values[3], values[2]};
    return NS_OK;
}

/* Output size and padding in front: TFLite's ComputeOutSize and ComputePaddingWithOffset. */
static int64_t out_size(bool same, int64_t in, int64_t filter, int64_t stride)
{
    return same ? (in + stride - 1) / stride : (in + stride - filter) / stride;
}

static int64_t padding(int64_t in, int64_t out, int64_t filter, int64_t stride)
{
    const int64_t total = (out - 1) * stride + filter - in;
    return total > 0 ? total / 2 : 0;
}

ns_code ns_tflm_window_set(const ns_tflm_call *call, const ns_tflm_window_options *options, int64_t filter_h,
                           int64_t filter_w, ns_tflm_window *out, ns_error *error)
{
    const ns_tflite_tensor *from = call->inputs[0]->tensor, *to = call->outputs[0]->tensor;
    if (from->rank != 4 || to->rank != 4 || from->shape[0] != to->shape[0] || filter_h < 1 || filter_w < 1 ||
        filter_h > MOST || filter_w > MOST)
        return ns_tflm_refuse_shapes(call, error);
    const int64_t tall = (filter_h - 1) * options->dilation_h + 1,
                  wide = (filter_w - 1) * options->dilation_w + 1;
    *out = (ns_tflm_window){
        .in_h = from->shape[1],
        .in_w = from->shape[2],
        .out_h = to->shape[1],
        .out_w = to->shape[2],
        .filter_h = filter_h,
        .filter_w = filter_w,
        .stride_h = options->stride_h,
        .stride_w = options->stride_w,
        .dilation_h = options->dilation_h,
        .dilation_w = options->dilation_w,
    };
    if (out->out_h != out_size(options->same, out->in_h, tall, options->stride_h) ||
        out->out_w != out_size(options->same, out->in_w, wide, options->stride_w))
        return ns_tflm_refuse_shapes(call, error);
    out->pad_top = padding(out->in_h, out->out_h, tall, options->stride_h);
    out->pad_left = padding(out->in_w, out->out_w, wide, options->stride_w);
    return NS_OK;
}

ns_code ns_tflm_window_work(const ns_tflm_call *call, const ns_tflm_window *window, int64_t depth,
                            ns_error *error)
{
    uint64_t work = call->outputs[0]->count;
    const int64_t factors[] = {window->filter_h, window->filter_w,
                               depth ? depth : 1}; /* taps are walked all the same */
    for (int i = 0; i < 3; i++)
        if (__builtin_mul_overflow(work, (uint64_t)factors[i], &work))
            work = UINT64_MAX;
    return ns_budget_spend(call->budget, work, error);
}

void ns_tflm_window_spot(const ns_tflm_window *window, int64_t index, ns_tflm_spot *out)
{
    const int64_t x = index % window->out_w, rest = index / window->out_w;
    *out = (ns_tflm_spot){.batch = rest / window->out_h,
                          .top = rest % window->out_h * window->stride_h - window->pad_top,
                          .left = x * window->stride_w - window->pad_left};
}
