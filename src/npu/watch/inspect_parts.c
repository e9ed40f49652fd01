#include "npu/watch/internal.h"

#include <stdio.h>

#include "npu/weights/interface.h"

ns_code ns_inspect_look_at_weights(const ns_npu_stream *stream, const ns_npu_operation *operation,
                                   ns_arena *arena, ns_inspect_weights *out, ns_error *error)
{
    ns_bytes streams[NS_WEIGHT_STREAMS_MAX] = {0};
    ns_weights weights;
    ns_error problem = {0};
    *out = (ns_inspect_weights){0};
    for (int i = 0; i < NS_WEIGHT_STREAMS_MAX; i++) {
        uint64_t length = operation->weight_length[i];
        out->bytes += length;
        if (!length)
            continue;
        if (operation->weight_region != stream->weight_region || operation->weight_base[i] < 0 ||
            !ns_bytes_contains(stream->weights, (size_t)operation->weight_base[i], length))
            return NS_OK;
        streams[i] = (ns_bytes){stream->weights.data + operation->weight_base[i], length};
    }
    out->known = true;
    ns_code code = stream->config->product_bit == NS_NPU_PRODUCT_U85
                       ? ns_weights_decode_u85(&operation->weights, streams, arena, &weights, &problem)
                       : ns_weights_decode_u55(&operation->weights, streams, arena, &weights, &problem);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem.message);
    if (code != NS_OK) {
        out->problem = ns_arena_string(arena, problem.message);
        return out->problem ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the description");
    }
    out->count = weights.count;
    for (size_t i = 0; i < weights.count; i++) {
        int value = weights.values[i];
        out->zeros += value == 0;
        out->low = value < out->low ? value : out->low;
        out->high = value > out->high ? value : out->high;
    }
    return NS_OK;
}

const char *ns_inspect_type_text(const ns_npu_map *map, char *text)
{
    snprintf(text, 16, "%sint%d", map->is_signed ? "" : "u", 8 * map->bytes);
    return text;
}

bool ns_inspect_has_weights(const ns_npu_operation *operation)
{
    return operation->kind == NS_NPU_DEPTHWISE ||
           (operation->kind == NS_NPU_CONV && !operation->weights_from_ifm2);
}
