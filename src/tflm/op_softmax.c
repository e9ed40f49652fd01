/* SOFTMAX over the last dim.
 * Source: micro/kernels/softmax_common.cc, internal/reference/softmax.h, internal/common.h (LUTPopulateInt16,
 * LUTLookup, GetReciprocal). */
#include <float.h>
#include <math.h>

#include "tflm/internal.h"

#define DIFFERENCE_BITS 5
#define STEPS 512

static void row_of_floats(const float *in, size_t depth, float beta, float *out)
{
    float greatest = -FLT_MAX, sum = 0;
    for (size_t c = 0; c < depth; c++)
        greatest = in[c] > greatest ? in[c] : greatest;
    for (size_t c = 0; c < depth; c++) {
        out[c] = expf((in[c] - greatest) * beta);
        sum += out[c];
    }
    for (size_t c = 0; c < depth; c++)
        out[c] /= sum;
}

static int32_t greatest_of(const int32_t *in, size_t depth)
{
    int32_t greatest = INT32_MIN;
    for (size_t c = 0; c < depth; c++)
        greatest = in[c] > greatest ? in[c] : greatest;
    return greatest;
}

/* ---- int8: gemmlowp's exp and reciprocal ---- */

typedef struct byte_softmax {
    ns_fixed_scale scale;
    int32_t least_difference;
} byte_softmax;

static byte_softmax set_bytes(double beta, double input_scale)
{
    const double scaled = beta * input_scale * (1 << (31 - DIFFERENCE_BITS)), most = 2147483647.0;
    byte_softmax softmax = {.scale = ns_fixed_scale_of(scaled < most ? scaled : most)};
    softmax.least_difference = -ns_fixed_input_radius(DIFFERENCE_BITS, softmax.scale.shift);
    return softmax;
}

static ns_code row_of_bytes(const byte_softmax *softmax, const int32_t *in, size_t depth,
                            const ns_tflm_value *output, size_t first, int32_t *steps, ns_error *error)
{
    const int32_t low = ns_tflm_least(ns_tflm_type(output)), high = ns_tflm_greatest(ns_tflm_type(output));
    const int bits = 8 * ns_tflite_type_bytes(ns_tflm_type(output));
    if (!ns_fixed_softmax(softmax->scale, softmax->least_difference, in, depth, bits, steps))
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "SOFTMAX of %zu classes: TFLite's fixed point has no room", depth);
    for (size_t c = 0; c < depth; c++)
        ns_tflm_store(output, first + c, ns_tflm_clamp(low + steps[c], low, high));
    return NS_OK;
}

/* ---- int16: tables ---- */

typedef float curve(float x);

static float one_over_one_plus(float x)
{
    return 1.0f / (1.0f + x);
}

static int16_t entry(float value)
{
    return (int16_t)(value < -32768.0f ? -32768.0f : value > 32767.0f ? 32767.0f : value);
}

/* 513 entries over all codes; each is moved by half the error in the middle of its segment. */
static void fill(curve *function, float in_scale, int32_t in_zero, float out_scale, int16_t *table)
{
    const float in_low = in_scale * (float)(INT16_MIN - in_zero),
                in_high = in_scale * (float)(INT16_MAX - in_zero);
    const float step = (in_high - in_low) / STEPS, half = step / 2;
    const float inverse = 65536.0f / (out_scale * (float)INT16_MAX - out_scale * (float)INT16_MIN);
    for (int i = 0; i < STEPS; i++) {
        const float at = function(in_low + (float)i * step);
        const float between = function(in_low + (float)i * step + half);
        const float next = function(in_low + (float)(i + 1) * step);
        const float sample = roundf(at * inverse);
        const float middle = roundf((next * inverse + roundf(at * inverse)) / 2);
        const float bias = roundf((middle - roundf(between * inverse)) / 2);
        table[i] = entry(sample - bias);
    }
    table[STEPS] = entry(roundf(function(in_high) * inverse));
}

static int16_t look_up(const int16_t *table, int32_t code)
{
    const int index = 256 + (code >> 7);
    const int16_t slope = (int16_t)(table[index + 1] - table[index]);
    return (int16_t)(table[index] + ((slope * (code & 0x7f) + 64) >> 7));
}

typedef struct word_softmax {
    ns_fixed_scale scale; /* of differences, so that -65535 to 0 are -10 to 0 */
    int16_t exp[STEPS + 1], inverse[STEPS + 1];
} word_softmax;

static void row_of_words(const word_softmax *softmax, const int32_t *in, size_t depth,
                         const ns_tflm_value *output, size_t first, int32_t *exps)
{
    const int32_t greatest = greatest_of(in, depth);
    int32_t sum = 0;
    for (size_t c = 0; c < depth; c++) {
        const int32_t scaled = ns_fixed_multiply(in[c] - greatest, softmax->scale);
        exps[c] = look_up(softmax->exp, ns_tflm_clamp(scaled + 32767, INT16_MIN, INT16_MAX));
        sum += exps[c];
    }
    const int headroom = sum ? __builtin_clz((uint32_t)sum) : 32;
    const int32_t shifted = (int32_t)((((int64_t)sum << (headroom - 1)) + (1 << 13)) >> 14);
    const int32_t inverse = look_up(softmax->inverse, ns_tflm_clamp(shifted - 98304, INT16_MIN, INT16_MAX));
    for (size_t c = 0; c < depth; c++) {
        const int shift = 31 - headroom;
        const int64_t product = (int64_t)exps[c] * inverse;
        const int32_t code = shift > 0 ? (int32_t)((product + ((int64_t)1 << (shift - 1))) >> shift) : 0;
        ns_tflm_store(output, first + c, ns_tflm_clamp(code, 0, INT16_MAX));
    }
}

/* ---- the operator ---- */

static ns_code run_words(ns_tflm_call *call, size_t depth, double beta, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0];
    word_softmax softmax = {.scale = ns_fixed_scale_of(input->tensor->scale * beta / (10.0 / 65535.0))};
    int32_t *in, *exps = NS_ARENA_ARRAY(call->arena, depth, int32_t);
    if (!exps)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu exponentials", depth);
    if (depth > 65536) /* the sum of exponentials stays within 31 bits */
        return ns_tflm_refuse_shapes(call, error);
    fill(expf, 10.0f / 65535, INT16_MAX, 2.0f / 65535, softmax.exp);
    fill(one_over_one_plus, 1.0f / 65535, INT16_MIN, 2.0f / 65535, softmax.inverse);
    NS_TRY(ns_tflm_load(call, input, &in, error));
    for (size_t i = 0; i < output->count; i += depth)
        row_of_words(&softmax, in + i, depth, output, i, exps);
    return NS_OK;
}

static ns_code run_bytes(ns_tflm_call *call, size_t depth, double beta, ns_error *error)
{
    const byte_softmax softmax = set_bytes(beta, call->inputs[0]->tensor->scale);
    int32_t *in, *steps = NS_ARENA_ARRAY(call->arena, depth, int32_t);
    if (!steps)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu probabilities", depth);
    if (softmax.scale.shift < 0) /* PreprocessSoftmaxScaling wants more than 1 */
        return ns_tflm_refuse_shapes(call, error);
    NS_TRY(ns_tflm_load(call, call->inputs[0], &in, error));
    for (size_t i = 0; i < call->outputs[0]->count; i += depth)
        NS_TRY(row_of_bytes(&softmax, in + i, depth, call->outputs[0], i, steps, error));
    return NS_OK;
}

/* Option in schema.fbs: 0 beta. */
ns_code ns_tflm_softmax(ns_tflm_call *call, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0];
    const ns_tflite_type from = ns_tflm_type(input), to = ns_tflm_type(output);
    float beta;
    NS_TRY(ns_tflite_option_float(call->operator, 0, 0, &beta, error));
    const int rank = input->tensor->rank;
    const size_t depth = rank ? (size_t)input->tensor->shape[rank - 1] : 0;
    if (!depth || input->count != output->count)
        return ns_tflm_refuse_shapes(call, error);
    if (from == NS_TFLITE_FLOAT32 && to == NS_TFLITE_FLOAT32) {
        for (size_t i = 0; i < output->count; i += depth)
            row_of_floats((const float *)input->data + i, depth, beta, (float *)output->data + i);
        return NS_OK;
    }
    if (from == NS_TFLITE_INT8 && (to == NS_TFLITE_INT8 || to == NS_TFLITE_INT16))
        return run_bytes(call, depth, (double)beta, error);
    if (from == NS_TFLITE_INT16 && to == NS_TFLITE_INT16)
        return run_words(call, depth, (double)beta, error);
    return ns_tflm_refuse_types(call, error);
}
