/* LOGISTIC.
 * Source: micro/kernels/logistic_common.cc, internal/reference/logistic.h, integer_ops/logistic.h. */
#include <math.h>

#include "tflm/internal.h"

#define INTEGER_BITS 4

static float logistic(float x)
{
    if (x > 16.619047164916992188f)
        return 1;
    return x < -9.0f ? expf(x) : 1.0f / (1.0f + expf(-x));
}

static ns_code run_bytes(ns_tflm_call *call, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0];
    const ns_fixed_scale scale = ns_fixed_scale_of(input->tensor->scale * (1 << (31 - INTEGER_BITS)));
    const int32_t radius = ns_fixed_input_radius(INTEGER_BITS, scale.shift);
    int32_t *in;
    NS_TRY(ns_tflm_load(call, input, &in, error));
    for (size_t i = 0; i < output->count; i++) {
        const int32_t value = in[i] - (int32_t)input->tensor->zero_point;
        int32_t code = value <= -radius ? INT8_MIN : INT8_MAX;
        if (value > -radius && value < radius) {
            const int32_t result = ns_fixed_logistic_q4(ns_fixed_multiply(value, scale));
            code = ns_tflm_clamp(ns_fixed_divide_pot(result, 23) - 128, INT8_MIN, INT8_MAX);
        }
        ns_tflm_store(output, i, code);
    }
    return NS_OK;
}

/* 65536 * sigmoid(i / 24): the table that TFLite's kernel and the NPU's built-in share. */
static const uint16_t table[256] = {
#include "npu/operations/activation_sigmoid.inc"
};

/* Interpolates the table at |value| * 24 / 2^12; the sum has ten bits more than the result. */
static int32_t sigmoid_word(int32_t value)
{
    const uint32_t size = (uint32_t)(value < 0 ? -value : value), place = size >> 9;
    uint32_t result = 0x7FFFu << 10;
    if (place < 255)
        result = ((uint32_t)table[place] << 9) + (size & 0x1ff) * (uint32_t)(table[place + 1] - table[place]);
    result = value >= 0 ? result + (1 << 9) : (1u << 25) - result + (1 << 9) - 1;
    return (int16_t)(result >> 10);
}

static ns_code run_words(ns_tflm_call *call, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0];
    int32_t *in, multiplier, shift = 0, exponent;
    /* A scale of 2^-12 is multiplied by 3; another by scale * 4096 * 3 with as many bits as fit. */
    if (frexp(input->tensor->scale, &exponent) == 0.5 && exponent - 1 == -12) {
        multiplier = 3;
    } else {
        double factor = input->tensor->scale * 4096.0 * 3.0;
        for (; factor <= 32767.0 / 2.0 && shift <= 30; shift++)
            factor *= 2.0;
        if (!(factor < 32768))
            return ns_tflm_refuse_shapes(call, error);
        multiplier = (int32_t)factor;
    }
    const int32_t round = shift > 0 ? (int32_t)(1u << (shift - 1)) : 0;
    NS_TRY(ns_tflm_load(call, input, &in, error));
    for (size_t i = 0; i < output->count; i++)
        ns_tflm_store(output, i, sigmoid_word((in[i] * multiplier + round) >> shift));
    return NS_OK;
}

ns_code ns_tflm_logistic(ns_tflm_call *call, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0];
    const ns_tflite_type type = ns_tflm_type(input);
    if (type != ns_tflm_type(output))
        return ns_tflm_refuse_types(call, error);
    if (input->count != output->count)
        return ns_tflm_refuse_shapes(call, error);
    if (type == NS_TFLITE_INT8)
        return run_bytes(call, error);
    if (type == NS_TFLITE_INT16)
        return run_words(call, error);
    if (type != NS_TFLITE_FLOAT32)
        return ns_tflm_refuse_types(call, error);
    for (size_t i = 0; i < output->count; i++)
        ((float *)output->data)[i] = logistic(((const float *)input->data)[i]);
    return NS_OK;
}
