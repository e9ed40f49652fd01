/* AVERAGE_POOL_2D and MAX_POOL_2D.
 * Source: micro/kernels/pooling.cc, pooling_common.cc, internal/reference/pooling.h, integer_ops/pooling.h.
 * Taps outside the image do not count. */
#include <float.h>

#include "tflm/internal.h"

/* Options in schema.fbs: 0 padding, 1 stride_w, 2 stride_h, 3 filter_width, 4 filter_height, 5 activation. */
static ns_code read_window(ns_tflm_call *call, ns_tflm_window *window, uint8_t *activation, ns_error *error)
{
    ns_tflm_window_options options;
    int32_t width, height;
    NS_TRY(ns_tflm_window_read(call, 0, -1, -1, &options, error));
    NS_TRY(ns_tflite_option_i32(call->operator, 3, 0, &width, error));
    NS_TRY(ns_tflite_option_i32(call->operator, 4, 0, &height, error));
    NS_TRY(ns_tflite_option_u8(call->operator, 5, 0, activation, error));
    NS_TRY(ns_tflm_window_set(call, &options, height, width, window, error));
    if (call->inputs[0]->tensor->shape[3] != call->outputs[0]->tensor->shape[3])
        return ns_tflm_refuse_shapes(call, error);
    return ns_tflm_window_work(call, window, 1, error);
}

static ns_code pool_codes(ns_tflm_call *call, const ns_tflm_window *window, bool average, int32_t low,
                          int32_t high, ns_error *error)
{
    const ns_tflm_value *output = call->outputs[0];
    const int64_t channels = output->tensor->shape[3];
    int32_t *in;
    NS_TRY(ns_tflm_load(call, call->inputs[0], &in, error));
    for (size_t i = 0; i < output->count; i++) {
        ns_tflm_spot spot;
        int64_t sum = 0, count = 0, greatest = ns_tflm_least(ns_tflm_type(output)), at;
        NS_TRY(ns_budget_check_time(call->budget, error));
        ns_tflm_window_spot(window, (int64_t)i / channels, &spot);
        for (int64_t tap = 0; tap < window->filter_h * window->filter_w; tap++) {
            if (!ns_tflm_window_pixel(window, &spot, tap / window->filter_w, tap % window->filter_w, &at))
                continue;
            const int32_t value = in[at * channels + (int64_t)i % channels];
            sum += value;
            count++;
            greatest = value > greatest ? value : greatest;
        }
        if (average && count == 0)
            return ns_tflm_refuse_shapes(call, error);
        /* Halves away from zero. */
        const int64_t mean = !average  ? greatest
                             : sum > 0 ? (sum + count / 2) / count
                                       : (sum - count / 2) / count;
        ns_tflm_store(output, i, ns_tflm_clamp((int32_t)mean, low, high));
    }
    return NS_OK;
}

static ns_code pool_floats(ns_tflm_call *call, const ns_tflm_window *window, bool average, float low,
                           float high, ns_error *error)
{
    const int64_t channels = call->outputs[0]->tensor->shape[3];
    const float *in = call->inputs[0]->data;
    float *out = call->outputs[0]->data;
    for (size_t i = 0; i < call->outputs[0]->count; i++) {
        ns_tflm_spot spot;
        float sum = 0, count = 0, greatest = -FLT_MAX;
        int64_t at;
        NS_TRY(ns_budget_check_time(call->budget, error));
        ns_tflm_window_spot(window, (int64_t)i / channels, &spot);
        for (int64_t tap = 0; tap < window->filter_h * window->filter_w; tap++) {
            if (!ns_tflm_window_pixel(window, &spot, tap / window->filter_w, tap % window->filter_w, &at))
                continue;
            const float value = in[at * channels + (int64_t)i % channels];
            sum += value;
            count++;
            greatest = value > greatest ? value : greatest;
        }
        if (average && count == 0)
            return ns_tflm_refuse_shapes(call, error);
        out[i] = ns_tflm_clamp_float(average ? sum / count : greatest, low, high);
    }
    return NS_OK;
}

static ns_code run(ns_tflm_call *call, bool average, ns_error *error)
{
    const ns_tflite_type type = ns_tflm_type(call->inputs[0]);
    ns_tflm_window window;
    uint8_t activation;
    if (type != ns_tflm_type(call->outputs[0]) ||
        (type != NS_TFLITE_FLOAT32 && type != NS_TFLITE_INT8 && type != NS_TFLITE_INT16))
        return ns_tflm_refuse_types(call, error);
    NS_TRY(read_window(call, &window, &activation, error));
    if (type == NS_TFLITE_FLOAT32) {
        float low, high;
        NS_TRY(ns_tflm_float_range(call, activation, &low, &high, error));
        return pool_floats(call, &window, average, low, high, error);
    }
    int32_t low, high;
    NS_TRY(ns_tflm_range(call, activation, call->outputs[0], &low, &high, error));
    return pool_codes(call, &window, average, low, high, error);
}

ns_code ns_tflm_average_pool_2d(ns_tflm_call *call, ns_error *error)
{
    return run(call, true, error);
}

ns_code ns_tflm_max_pool_2d(ns_tflm_call *call, ns_error *error)
{
    return run(call, false, error);
}
