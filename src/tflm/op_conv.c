/* CONV_2D and DEPTHWISE_CONV_2D.
 * Source: micro/kernels/conv.cc, conv_common.cc, depthwise_conv.cc, internal/reference/conv.h,
 * depthwiseconv_float.h, integer_ops/conv.h, integer_ops/depthwise_conv.h.
 *
 * A tap outside the image adds nothing. A CONV_2D whose filter has fewer channels than the input is grouped.
 */
#include "tflm/internal.h"

/* Both operators as one loop: output channel o reads channels first(o) to first(o) + depth - 1 of the input.
 */
typedef struct product {
    ns_tflm_window window;
    bool depthwise;
    int64_t depth;     /* input channels that an output channel reads */
    int64_t per_group; /* output channels of a group */
    int64_t in_channels, out_channels;
    int64_t in_zero;
} product;

/* Element of the filter: OHWI, or 1HWO of a depthwise one. */
static int64_t filter_at(const product *p, int64_t o, int64_t y, int64_t x, int64_t i)
{
    return p->depthwise ? (y * p->window.filter_w + x) * p->out_channels + o
                        : ((o * p->window.filter_h + y) * p->window.filter_w + x) * p->depth + i;
}

static int64_t first_channel(const product *p, int64_t o)
{
    return o / p->per_group * p->depth;
}

static int64_t sum_codes(const product *p, const int32_t *input, const int32_t *filter,
                         const ns_tflm_spot *spot, int64_t o)
{
    int64_t sum = 0;
    for (int64_t y = 0; y < p->window.filter_h; y++)
        for (int64_t x = 0; x < p->window.filter_w; x++) {
            int64_t at;
            if (!ns_tflm_window_pixel(&p->window, spot, y, x, &at))
                continue;
            const int32_t *in = input + at * p->in_channels + first_channel(p, o);
            for (int64_t i = 0; i < p->depth; i++)
                sum += (int64_t)filter[filter_at(p, o, y, x, i)] * (in[i] - p->in_zero);
        }
    return sum;
}

static float sum_floats(const product *p, const float *input, const float *filter, const ns_tflm_spot *spot,
                        int64_t o)
{
    float sum = 0;
    for (int64_t y = 0; y < p->window.filter_h; y++)
        for (int64_t x = 0; x < p->window.filter_w; x++) {
            int64_t at;
            if (!ns_tflm_window_pixel(&p->window, spot, y, x, &at))
                continue;
            const float *in = input + at * p->in_channels + first_channel(p, o);
            for (int64_t i = 0; i < p->depth; i++)
                sum += in[i] * filter[filter_at(p, o, y, x, i)];
        }
    return sum;
}

static ns_code run_codes(ns_tflm_call *call, const product *p, uint8_t activation, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *filter = call->inputs[1], *output = call->outputs[0];
    ns_tflm_finish finish = {.offset = (int32_t)output->tensor->zero_point};
    ns_tflm_spot spot = {0};
    int32_t *in, *weights;
    int64_t *bias;
    ns_fixed_scale *scales;
    if (ns_tflm_type(filter) != NS_TFLITE_INT8 || ns_tflm_type(input) != ns_tflm_type(output))
        return ns_tflm_refuse_types(call, error);
    NS_TRY(ns_tflm_range(call, activation, output, &finish.low, &finish.high, error));
    NS_TRY(ns_tflm_bias(call, ns_tflm_operand(call, 2), (size_t)p->out_channels, ns_tflm_type(input), &bias,
                        &finish.wide, error));
    NS_TRY(ns_tflm_channel_scales(call, input, filter, output, (size_t)p->out_channels, &scales, error));
    NS_TRY(ns_tflm_load(call, input, &in, error));
    NS_TRY(ns_tflm_load(call, filter, &weights, error));
    for (size_t i = 0; i < output->count; i++) {
        const int64_t o = (int64_t)i % p->out_channels;
        if (o == 0) {
            NS_TRY(ns_budget_check_time(call->budget, error));
            ns_tflm_window_spot(&p->window, (int64_t)i / p->out_channels, &spot);
        }
        const int64_t sum = sum_codes(p, in, weights, &spot, o) + (bias ? bias[o] : 0);
        ns_tflm_store(output, i, ns_tflm_finish_sum(&finish, sum, scales[o]));
    }
    return NS_OK;
}

static ns_code run_floats(ns_tflm_call *call, const product *p, uint8_t activation, ns_error *error)
{
    const ns_tflm_value *bias = ns_tflm_operand(call, 2), *output = call->outputs[0];
    const float *in = call->inputs[0]->data, *weights = call->inputs[1]->data;
    ns_tflm_spot spot = {0};
    float low, high, *out = output->data;
    if (ns_tflm_type(call->inputs[1]) != NS_TFLITE_FLOAT32 || ns_tflm_type(output) != NS_TFLITE_FLOAT32 ||
        !ns_tflm_is_float_bias(bias))
        return ns_tflm_refuse_types(call, error);
    if (bias && bias->count != (size_t)p->out_channels)
        return ns_tflm_refuse_shapes(call, error);
    NS_TRY(ns_tflm_float_range(call, activation, &low, &high, error));
    for (size_t i = 0; i < output->count; i++) {
        const int64_t o = (int64_t)i % p->out_channels;
        if (o == 0) {
            NS_TRY(ns_budget_check_time(call->budget, error));
            ns_tflm_window_spot(&p->window, (int64_t)i / p->out_channels, &spot);
        }
        const float sum = sum_floats(p, in, weights, &spot, o);
        out[i] = ns_tflm_clamp_float(sum + (bias ? ((const float *)bias->data)[o] : 0.0f), low, high);
    }
    return NS_OK;
}

static ns_code run(ns_tflm_call *call, product *p, const ns_tflm_window_options *options, uint8_t activation,
                   ns_error *error)
{
    const ns_tflm_value *filter = call->inputs[1];
    const ns_tflite_tensor *in = call->inputs[0]->tensor, *out = call->outputs[0]->tensor;
    if (filter->tensor->rank != 4)
        return ns_tflm_refuse_shapes(call, error);
    const int64_t *shape = filter->tensor->shape;
    NS_TRY(ns_tflm_window_set(call, options, shape[1], shape[2], &p->window, error));
    p->in_channels = in->shape[3];
    p->out_channels = out->shape[3];
    p->in_zero = call->inputs[0]->tensor->zero_point;
    p->depth = p->depthwise ? 1 : shape[3];
    const int64_t groups = p->depthwise ? p->in_channels : p->depth ? p->in_channels / p->depth : 0;
    p->per_group = groups ? p->out_channels / groups : 0;
    if (p->per_group < 1 || groups * p->depth != p->in_channels || p->per_group * groups != p->out_channels ||
        (p->depthwise ? shape[0] != 1 || shape[3] != p->out_channels : shape[0] != p->out_channels))
        return ns_tflm_refuse_shapes(call, error);
    NS_TRY(ns_tflm_window_work(call, &p->window, p->depth, error));
    return ns_tflm_type(call->inputs[0]) == NS_TFLITE_FLOAT32 ? run_floats(call, p, activation, error)
                                                              : run_codes(call, p, activation, error);
}

/* Options in schema.fbs: 0 padding, 1 stride_w, 2 stride_h, 3 activation, 4 dilation_w, 5 dilation_h. */
ns_code ns_tflm_conv_2d(ns_tflm_call *call, ns_error *error)
{
    product p = {0};
    uint8_t activation;
    ns_tflm_window_options options;
    NS_TRY(ns_tflm_window_read(call, 0, 4, 5, &options, error));
    NS_TRY(ns_tflite_option_u8(call->operator, 3, 0, &activation, error));
    return run(call, &p, &options, activation, error);
}

/* Options: 0 padding, 1 stride_w, 2 stride_h, 3 depth_multiplier (the shapes say it), 4 activation,
 * 5 dilation_w, 6 dilation_h. */
ns_code ns_tflm_depthwise_conv_2d(ns_tflm_call *call, ns_error *error)
{
    product p = {.depthwise = true};
    uint8_t activation;
    ns_tflm_window_options options;
    NS_TRY(ns_tflm_window_read(call, 0, 5, 6, &options, error));
    NS_TRY(ns_tflite_option_u8(call->operator, 4, 0, &activation, error));
    return run(call, &p, &options, activation, error);
}
