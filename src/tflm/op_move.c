/* Operators that move elements: RESHAPE and its like, TRANSPOSE, CONCATENATION, SPLIT, SPLIT_V.
 * Source: micro/kernels/reshape.cc, transpose.cc, concatenation.cc, split.cc, split_v.cc. TFLite Micro
 * requires the same scale and zero point on both sides and rescales nothing. */
#include "tflm/call.h"

static size_t element_bytes(const ns_tflm_value *value)
{
    return (size_t)ns_tflite_type_bytes(ns_tflm_type(value));
}

ns_code ns_tflm_copy_elements(ns_tflm_call *call, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0];
    if (ns_tflm_type(input) != ns_tflm_type(output) || !input->data)
        return ns_tflm_refuse_types(call, error);
    if (input->bytes != output->bytes)
        return ns_tflm_refuse_shapes(call, error);
    memcpy(output->data, input->data, output->bytes);
    return NS_OK;
}

/* steps[d]: elements between neighbours in the input along the output's dim d. */
static ns_code transpose_steps(ns_tflm_call *call, size_t *steps, ns_error *error)
{
    const ns_tflite_tensor *from = call->inputs[0]->tensor, *to = call->outputs[0]->tensor;
    size_t step[NS_MAX_RANK], running = 1;
    bool used[NS_MAX_RANK] = {false};
    if (from->rank != to->rank || call->inputs[1]->count != (size_t)from->rank)
        return ns_tflm_refuse_shapes(call, error);
    for (int d = from->rank - 1; d >= 0; d--) {
        step[d] = running;
        running *= (size_t)from->shape[d];
    }
    for (int d = 0; d < to->rank; d++) {
        int64_t source;
        int axis;
        NS_TRY(ns_tflm_constant(call, call->inputs[1], (size_t)d, &source, error));
        NS_TRY(ns_tflm_axis(call, source, from->rank, &axis, error));
        if (used[axis] || to->shape[d] != from->shape[axis])
            return ns_tflm_refuse_shapes(call, error);
        used[axis] = true;
        steps[d] = step[axis];
    }
    return NS_OK;
}

ns_code ns_tflm_transpose(ns_tflm_call *call, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0];
    const size_t size = element_bytes(input);
    size_t steps[NS_MAX_RANK], from = 0;
    int64_t index[NS_MAX_RANK] = {0};
    if (ns_tflm_type(input) != ns_tflm_type(output) || !size)
        return ns_tflm_refuse_types(call, error);
    NS_TRY(transpose_steps(call, steps, error));
    for (size_t i = 0; i < output->count; i++) {
        memcpy((uint8_t *)output->data + i * size, (const uint8_t *)input->data + from * size, size);
        for (int d = output->tensor->rank - 1; d >= 0; d--) {
            from += steps[d];
            if (++index[d] < output->tensor->shape[d])
                break;
            from -= steps[d] * (size_t)index[d];
            index[d] = 0;
        }
    }
    return NS_OK;
}

/* True when the dims but the axis are equal. */
static bool fits(const ns_tflite_tensor *a, const ns_tflite_tensor *b, int axis)
{
    if (a->rank != b->rank)
        return false;
    for (int d = 0; d < a->rank; d++)
        if (d != axis && a->shape[d] != b->shape[d])
            return false;
    return true;
}

/* Copies between a whole tensor and parts that lie side by side along `axis`. */
static ns_code copy_parts(ns_tflm_call *call, ns_tflm_value *whole, ns_tflm_value *const *parts, int count,
                          int axis, bool join, ns_error *error)
{
    const size_t size = element_bytes(whole);
    const ns_tflm_extents split = ns_tflm_extents_at(whole->tensor, axis);
    size_t begin = 0;
    for (int p = 0; p < count; p++) {
        if (!parts[p] || ns_tflm_type(parts[p]) != ns_tflm_type(whole) || !size)
            return ns_tflm_refuse_types(call, error);
        const size_t along = (size_t)parts[p]->tensor->shape[axis], bytes = along * split.inner * size;
        if (!fits(parts[p]->tensor, whole->tensor, axis) || along > split.size - begin)
            return ns_tflm_refuse_shapes(call, error);
        for (size_t o = 0; bytes && o < split.outer; o++) {
            uint8_t *in_whole = (uint8_t *)whole->data + (o * split.size + begin) * split.inner * size;
            uint8_t *in_part = (uint8_t *)parts[p]->data + o * bytes;
            memcpy(join ? in_whole : in_part, join ? in_part : in_whole, bytes);
        }
        begin += along;
    }
    return begin == split.size ? NS_OK : ns_tflm_refuse_shapes(call, error);
}

/* Options in schema.fbs: 0 axis, 1 fused_activation_function, which TFLite Micro requires to be none. */
ns_code ns_tflm_concatenation(ns_tflm_call *call, ns_error *error)
{
    int32_t option;
    uint8_t activation;
    int axis;
    NS_TRY(ns_tflite_option_i32(call->operator, 0, 0, &option, error));
    NS_TRY(ns_tflite_option_u8(call->operator, 1, 0, &activation, error));
    NS_TRY(ns_tflm_axis(call, option, call->outputs[0]->tensor->rank, &axis, error));
    if (activation)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "CONCATENATION with an activation");
    return copy_parts(call, call->outputs[0], call->inputs, call->operator->input_count, axis, true, error);
}

static ns_code split_along(ns_tflm_call *call, ns_tflm_value *input, const ns_tflm_value *number,
                           ns_error *error)
{
    int64_t value;
    int axis;
    NS_TRY(ns_tflm_constant(call, number, 0, &value, error));
    NS_TRY(ns_tflm_axis(call, value, input->tensor->rank, &axis, error));
    for (int i = 0; i < call->operator->output_count; i++)
        if (call->outputs[i]->tensor->rank != input->tensor->rank)
            return ns_tflm_refuse_shapes(call, error);
    return copy_parts(call, input, call->outputs, call->operator->output_count, axis, false, error);
}

/* Inputs: axis, tensor. */
ns_code ns_tflm_split(ns_tflm_call *call, ns_error *error)
{
    return split_along(call, call->inputs[1], call->inputs[0], error);
}

/* Inputs: tensor, sizes, axis; the outputs' shapes say what the sizes do. */
ns_code ns_tflm_split_v(ns_tflm_call *call, ns_error *error)
{
    return split_along(call, call->inputs[0], call->inputs[2], error);
}
