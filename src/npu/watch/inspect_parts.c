#include "npu/watch/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

ns_code ns_inspect_look_at_factors(const ns_npu_stream *stream, const ns_npu_operation *operation,
                                   ns_arena *arena, ns_inspect_factors *out, ns_error *error)
{
    enum { STREAMS = sizeof operation->scale_length / sizeof operation->scale_length[0] };
    ns_bytes streams[STREAMS];
    ns_scale_record *records;
    ns_error problem = {0};
    *out = (ns_inspect_factors){.low = INFINITY};
    for (int i = 0; i < operation->scale_streams; i++) {
        if (operation->scale_region != stream->weight_region || operation->scale_base[i] < 0 ||
            !ns_bytes_contains(stream->weights, (size_t)operation->scale_base[i], operation->scale_length[i]))
            return NS_OK;
        streams[i] = (ns_bytes){stream->weights.data + operation->scale_base[i], operation->scale_length[i]};
    }
    const ns_code code = ns_scales_decode(operation->scale_format, streams, operation->scale_streams,
                                          (int)operation->ofm.depth, arena, &records, &problem);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem.message);
    for (int64_t c = 0; code == NS_OK && c < operation->ofm.depth; c++) {
        const double factor = ldexp(records[c].scale, -records[c].shift);
        out->low = fmin(out->low, factor);
        out->high = fmax(out->high, factor);
        out->known = true;
    }
    return NS_OK;
}

bool ns_inspect_is_wanted(const ns_npu_operation *operation, int number, const char *only)
{
    if (!only)
        return true;
    if (*only && only[strspn(only, "0123456789")] == 0)
        return strtol(only, NULL, 10) == number;
    const size_t length = strlen(only);
    for (const char *name = operation->name; *only && *name; name++)
        if (strncasecmp(name, only, length) == 0)
            return true;
    return false;
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
