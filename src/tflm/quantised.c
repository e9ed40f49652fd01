#include "tflm/internal.h"

#include <float.h>
#include <math.h>

enum { NONE, RELU, RELU_N1_TO_1, RELU6 };

static int32_t code_of(float value, const ns_tflm_value *output)
{
    const double code =
        (double)roundf(value / (float)output->tensor->scale) + (double)output->tensor->zero_point;
    return code >= INT32_MAX ? INT32_MAX : code > INT32_MIN ? (int32_t)code : INT32_MIN;
}

static ns_code no_activation(const ns_tflm_call *call, uint8_t activation, ns_error *error)
{
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s with fused activation %u", call->operator->name,
                   activation);
}

ns_code ns_tflm_range(const ns_tflm_call *call, uint8_t activation, const ns_tflm_value *output, int32_t *low,
                      int32_t *high, ns_error *error)
{
    *low = ns_tflm_least(ns_tflm_type(output));
    *high = ns_tflm_greatest(ns_tflm_type(output));
    if (activation > RELU6)
        return no_activation(call, activation, error);
    if (activation == NONE)
        return NS_OK;
    const int32_t least = *low, greatest = *high;
    const int32_t bottom = code_of(activation == RELU_N1_TO_1 ? -1 : 0, output);
    *low = bottom > least ? bottom : least;
    if (activation != RELU) {
        const int32_t top = code_of(activation == RELU6 ? 6 : 1, output);
        *high = top < greatest ? top : greatest;
    }
    return *low <= *high ? NS_OK : ns_tflm_refuse_shapes(call, error);
}

ns_code ns_tflm_float_range(const ns_tflm_call *call, uint8_t activation, float *low, float *high,
                            ns_error *error)
{
    if (activation > RELU6)
        return no_activation(call, activation, error);
    *low = activation == NONE ? -FLT_MAX : activation == RELU_N1_TO_1 ? -1 : 0;
    *high = activation == RELU6 ? 6 : activation == RELU_N1_TO_1 ? 1 : FLT_MAX;
    return NS_OK;
}

ns_code ns_tflm_channel_scales(ns_tflm_call *call, const ns_tflm_value *input, const ns_tflm_value *filter,
                               const ns_tflm_value *output, size_t channels, ns_fixed_scale **out,
                               ns_error *error)
{
    const int count = filter->tensor->scale_count;
    if ((count != 1 && (size_t)count != channels) || !(output->tensor->scale > 0) ||
        !input->tensor->scale_count)
        return ns_tflm_refuse_shapes(call, error);
    ns_fixed_scale *scales = NS_ARENA_ARRAY(call->arena, channels, ns_fixed_scale);
    if (!scales)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu scales", channels);
    for (size_t c = 0; c < channels; c++) {
        const float own = filter->tensor->scales[count == 1 ? 0 : c];
        scales[c] = ns_fixed_scale_of(input->tensor->scale * (double)own / output->tensor->scale);
    }
    *out = scales;
    return NS_OK;
}

ns_code ns_tflm_bias(ns_tflm_call *call, const ns_tflm_value *bias, size_t count, ns_tflite_type input,
                     int64_t **out, bool *wide, ns_error *error)
{
    *out = NULL;
    *wide = input == NS_TFLITE_INT16;
    if (!bias)
        return NS_OK;
    const bool narrow = ns_tflm_type(bias) == NS_TFLITE_INT32;
    if (!narrow && !(ns_tflm_type(bias) == NS_TFLITE_INT64 && *wide))
        return ns_tflm_refuse_types(call, error);
    if (bias->count != count)
        return ns_tflm_refuse_shapes(call, error);
    *wide = *wide && !narrow;
    int64_t *list = NS_ARENA_ARRAY(call->arena, count, int64_t);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a bias");
    for (size_t i = 0; i < count; i++)
        NS_TRY(ns_tflm_constant(call, bias, i, &list[i], error));
    *out = list;
    return NS_OK;
}

int32_t ns_tflm_finish_sum(const ns_tflm_finish *finish, int64_t sum, ns_fixed_scale scale)
{
    const int32_t scaled =
        finish->wide ? ns_fixed_multiply_wide(sum, scale) : ns_fixed_multiply((int32_t)sum, scale);
    const int64_t offset = (int64_t)scaled + finish->offset;
    return offset < finish->low ? finish->low : offset > finish->high ? finish->high : (int32_t)offset;
}

ns_code ns_tflm_broadcast(const ns_tflm_call *call, const ns_tflm_value *operand, const ns_tflm_value *output,
                          size_t *steps, ns_error *error)
{
    const ns_tflite_tensor *from = operand->tensor, *to = output->tensor;
    size_t step = 1;
    if (from->rank > to->rank)
        return ns_tflm_refuse_shapes(call, error);
    memset(steps, 0, NS_MAX_RANK * sizeof *steps);
    for (int d = from->rank - 1, t = to->rank - 1; d >= 0; d--, t--) {
        if (from->shape[d] != 1 && from->shape[d] != to->shape[t])
            return ns_tflm_refuse_shapes(call, error);
        steps[t] = from->shape[d] == 1 ? 0 : step;
        step *= (size_t)from->shape[d];
    }
    return NS_OK;
}

void ns_tflm_next(const ns_tflite_tensor *output, int64_t *index, size_t *a, const size_t *a_steps, size_t *b,
                  const size_t *b_steps)
{
    for (int d = output->rank - 1; d >= 0; d--) {
        *a += a_steps[d];
        *b += b_steps[d];
        if (++index[d] < output->shape[d])
            return;
        *a -= a_steps[d] * (size_t)index[d];
        *b -= b_steps[d] * (size_t)index[d];
        index[d] = 0;
    }
}
