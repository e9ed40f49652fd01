#include "tflm/call.h"

#include <inttypes.h>
#include <stdio.h>

ns_tflm_value *ns_tflm_operand(const ns_tflm_call *call, int index)
{
    return index < call->operator->input_count ? call->inputs[index] : NULL;
}

/* "int8, int8". */
static void list_types(char *text, size_t size, ns_tflm_value *const *values, int count)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < count && i < 8 && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
                                 values[i] ? ns_tflite_type_text(values[i]->tensor->type) : "none");
}

ns_code ns_tflm_refuse_types(const ns_tflm_call *call, ns_error *error)
{
    char from[128], to[128];
    list_types(from, sizeof from, call->inputs, call->operator->input_count);
    list_types(to, sizeof to, call->outputs, call->operator->output_count);
    return ns_fail(error, NS_ERROR_UNSUPPORTED,
                   "%s of %s to %s: neither has TFLite Micro's reference kernel these types in npuscope, "
                   "nor is it known what another runtime does",
                   call->operator->name, from, to);
}

ns_code ns_tflm_refuse_shapes(const ns_tflm_call *call, ns_error *error)
{
    char text[2][128] = {"", ""};
    for (int i = 0; i < 2; i++) {
        const ns_tflm_value *value =
            i ? (call->operator->output_count ? call->outputs[0] : NULL) : ns_tflm_operand(call, 0);
        if (value)
            ns_shape_describe(value->tensor->rank, value->tensor->shape,
                              ns_tflite_type_text(value->tensor->type), text[i], sizeof text[i]);
    }
    return ns_fail(error, NS_ERROR_INPUT, "%s of %s to %s: its shapes or options do not fit together",
                   call->operator->name, text[0], text[1]);
}

static int64_t element(ns_tflite_type type, const uint8_t *data)
{
    switch (type) {
    case NS_TFLITE_INT8:
        return (int8_t)*data;
    case NS_TFLITE_UINT8:
    case NS_TFLITE_BOOL:
        return *data;
    case NS_TFLITE_INT16:
        return (int16_t)ns_load_u16(data);
    case NS_TFLITE_INT64:
        return (int64_t)ns_load_u64(data);
    default:
        return (int32_t)ns_load_u32(data);
    }
}

ns_code ns_tflm_load(ns_tflm_call *call, const ns_tflm_value *value, int32_t **out, ns_error *error)
{
    const ns_tflite_type type = ns_tflm_type(value);
    if (type != NS_TFLITE_INT8 && type != NS_TFLITE_UINT8 && type != NS_TFLITE_INT16 &&
        type != NS_TFLITE_INT32)
        return ns_tflm_refuse_types(call, error);
    int32_t *list = NS_ARENA_ARRAY(call->arena, value->count, int32_t);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", value->count);
    const size_t size = (size_t)ns_tflite_type_bytes(type);
    for (size_t i = 0; i < value->count; i++)
        list[i] = (int32_t)element(type, (const uint8_t *)value->data + i * size);
    *out = list;
    return NS_OK;
}

void ns_tflm_store(const ns_tflm_value *value, size_t index, int32_t stored)
{
    uint8_t *data = value->data;
    switch (ns_tflm_type(value)) {
    case NS_TFLITE_INT8:
    case NS_TFLITE_UINT8:
        data[index] = (uint8_t)stored;
        return;
    case NS_TFLITE_INT16:
        ns_store_u16(data + 2 * index, (uint16_t)stored);
        return;
    default:
        ns_store_u32(data + 4 * index, (uint32_t)stored);
    }
}

ns_code ns_tflm_constant(const ns_tflm_call *call, const ns_tflm_value *value, size_t index, int64_t *out,
                         ns_error *error)
{
    const ns_tflite_type type = value ? ns_tflm_type(value) : NS_TFLITE_FLOAT32;
    if (type != NS_TFLITE_INT32 && type != NS_TFLITE_INT64)
        return ns_tflm_refuse_types(call, error);
    if (index >= value->count)
        return ns_tflm_refuse_shapes(call, error);
    *out = element(type, (const uint8_t *)value->data + index * (size_t)ns_tflite_type_bytes(type));
    return NS_OK;
}

int32_t ns_tflm_least(ns_tflite_type type)
{
    return type == NS_TFLITE_INT8    ? INT8_MIN
           : type == NS_TFLITE_INT16 ? INT16_MIN
           : type == NS_TFLITE_INT32 ? INT32_MIN
                                     : 0;
}

int32_t ns_tflm_greatest(ns_tflite_type type)
{
    return type == NS_TFLITE_INT8    ? INT8_MAX
           : type == NS_TFLITE_UINT8 ? UINT8_MAX
           : type == NS_TFLITE_INT16 ? INT16_MAX
           : type == NS_TFLITE_INT32 ? INT32_MAX
                                     : 0;
}

ns_code ns_tflm_axis(const ns_tflm_call *call, int64_t axis, int rank, int *out, ns_error *error)
{
    if (axis < -rank || axis >= rank)
        return ns_fail(error, NS_ERROR_INPUT, "%s: axis %" PRId64 " of a tensor of rank %d",
                       call->operator->name, axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return NS_OK;
}

ns_tflm_extents ns_tflm_extents_at(const ns_tflite_tensor *tensor, int axis)
{
    ns_tflm_extents split = {1, 1, 1};
    for (int d = 0; d < tensor->rank; d++)
        *(d < axis ? &split.outer : d == axis ? &split.size : &split.inner) *= (size_t)tensor->shape[d];
    return split;
}
