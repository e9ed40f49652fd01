/* PAD, PADV2 and STRIDED_SLICE.
 * Source: micro/kernels/pad.cc, pad_common.cc, strided_slice_common.cc, internal/strided_slice_logic.h. */
#include "tflm/call.h"

/* Copies `output`'s elements from places in the input: begin[d] + index * step[d] along each dim. A place
 * outside is given `fill`. */
typedef struct slice {
    int rank;
    int64_t shape[NS_MAX_RANK]; /* of the result, with dims that it drops */
    int64_t begin[NS_MAX_RANK], step[NS_MAX_RANK];
    const void *fill; /* one element; NULL: no place is outside */
} slice;

static ns_code copy(const ns_tflm_call *call, const slice *s, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0];
    const size_t size = (size_t)ns_tflite_type_bytes(ns_tflm_type(input));
    int64_t index[NS_MAX_RANK] = {0};
    size_t count;
    NS_TRY(ns_shape_count(s->rank, s->shape, &count, error));
    if (count != output->count)
        return ns_tflm_refuse_shapes(call, error);
    for (size_t i = 0; i < count; i++) {
        int64_t place = 0;
        bool inside = true;
        for (int d = 0; d < s->rank; d++) {
            const int64_t at = s->begin[d] + index[d] * s->step[d], limit = input->tensor->shape[d];
            inside = inside && at >= 0 && at < limit;
            place = place * limit + at;
        }
        if (!inside && !s->fill)
            return ns_tflm_refuse_shapes(call, error);
        memcpy((uint8_t *)output->data + i * size,
               inside ? (const uint8_t *)input->data + (size_t)place * size : (const uint8_t *)s->fill, size);
        for (int d = s->rank - 1; d >= 0 && ++index[d] == s->shape[d]; d--)
            index[d] = 0;
    }
    return NS_OK;
}

/* Inputs: tensor, paddings [rank, 2], and of PADV2 the value; else zero, of a quantised tensor the zero point
 * of the output. */
ns_code ns_tflm_pad(ns_tflm_call *call, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0],
                        *value = ns_tflm_operand(call, 2);
    const ns_tflite_type type = ns_tflm_type(input);
    slice s = {.rank = input->tensor->rank};
    int64_t zero = type == NS_TFLITE_INT8 ? output->tensor->zero_point : 0;
    if (type != ns_tflm_type(output) || (value && ns_tflm_type(value) != type) ||
        (type != NS_TFLITE_FLOAT32 && type != NS_TFLITE_INT8 && type != NS_TFLITE_INT16 &&
         type != NS_TFLITE_INT32))
        return ns_tflm_refuse_types(call, error);
    if (output->tensor->rank != s.rank || call->inputs[1]->count != 2 * (size_t)s.rank ||
        (value && value->count != 1))
        return ns_tflm_refuse_shapes(call, error);
    for (int d = 0; d < s.rank; d++) {
        int64_t before, behind;
        NS_TRY(ns_tflm_constant(call, call->inputs[1], 2 * (size_t)d, &before, error));
        NS_TRY(ns_tflm_constant(call, call->inputs[1], 2 * (size_t)d + 1, &behind, error));
        s.shape[d] = output->tensor->shape[d];
        s.begin[d] = -before;
        s.step[d] = 1;
        if (before < 0 || behind < 0 || before > s.shape[d] ||
            behind != s.shape[d] - before - input->tensor->shape[d])
            return ns_tflm_refuse_shapes(call, error);
    }
    s.fill = value ? value->data : &zero; /* little-endian: the low bytes */
    return copy(call, &s, error);
}

typedef struct masks {
    int32_t begin, end, shrink;
} masks;

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Begin and size along dim `d`. */
static ns_code set_axis(const ns_tflm_call *call, const masks *mask, int d, slice *s, ns_error *error)
{
    const int64_t size = call->inputs[0]->tensor->shape[d];
    int64_t begin, end, step;
    NS_TRY(ns_tflm_constant(call, call->inputs[1], (size_t)d, &begin, error));
    NS_TRY(ns_tflm_constant(call, call->inputs[2], (size_t)d, &end, error));
    NS_TRY(ns_tflm_constant(call, call->inputs[3], (size_t)d, &step, error));
    if (step == 0 || step > INT32_MAX || step < -INT32_MAX)
        return ns_tflm_refuse_shapes(call, error);
    const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
    begin = clamp(begin < 0 ? begin + size : begin, low, high);
    end = clamp(end < 0 ? end + size : end, low, high);
    if (mask->begin >> d & 1)
        begin = step > 0 ? 0 : size - 1;
    if (mask->end >> d & 1)
        end = step > 0 ? size : -1;
    if (mask->shrink >> d & 1) {
        end = begin + 1;
        step = 1;
    }
    const int64_t span = step > 0 ? end - begin : begin - end, width = step > 0 ? step : -step;
    s->begin[d] = begin;
    s->step[d] = step;
    s->shape[d] = span > 0 ? (span + width - 1) / width : 0;
    return NS_OK;
}

/* Options in schema.fbs: 0 begin_mask, 1 end_mask, 2 ellipsis_mask, 3 new_axis_mask, 4 shrink_axis_mask,
 * 5 offset. TFLite Micro has neither ellipsis nor new axes, and does not read offset. */
ns_code ns_tflm_strided_slice(ns_tflm_call *call, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0];
    slice s = {.rank = input->tensor->rank};
    int32_t values[6];
    for (int i = 0; i < 5; i++)
        NS_TRY(ns_tflite_option_i32(call->operator, i, 0, &values[i], error));
    const masks mask = {values[0], values[1], values[4]};
    if (ns_tflm_type(input) != ns_tflm_type(call->outputs[0]) || !input->data || values[2] || values[3])
        return ns_tflm_refuse_types(call, error);
    for (int i = 1; i < 4; i++)
        if (call->inputs[i]->count != (size_t)s.rank)
            return ns_tflm_refuse_shapes(call, error);
    for (int d = 0; d < s.rank; d++)
        NS_TRY(set_axis(call, &mask, d, &s, error));
    return copy(call, &s, error);
}
