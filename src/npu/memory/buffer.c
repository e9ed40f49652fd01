#include "npu/memory/buffer.h"

#define MAX_VALUES ((int64_t)1 << 28)

ns_code ns_npu_buffer_open(ns_npu_buffer *buffer, ns_budget *budget, ns_error *error)
{
    const int64_t height = buffer->height, width = buffer->width, depth = buffer->depth;
    buffer->valid = false;
    if (height > MAX_VALUES / width || height * width > MAX_VALUES / depth)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "an internal buffer of %lld x %lld x %lld values",
                       (long long)height, (long long)width, (long long)depth);
    if (buffer->arena)
        ns_arena_reset(buffer->arena);
    else
        buffer->arena = ns_arena_new_within(budget);
    const size_t count = (size_t)(height * width * depth);
    buffer->values = buffer->arena ? ns_arena_take(buffer->arena, count * (size_t)buffer->bytes) : NULL;
    return buffer->values
               ? NS_OK
               : ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu values kept inside the NPU", count);
}

void ns_npu_buffer_free(ns_npu_buffer *buffer)
{
    ns_arena_free(buffer->arena);
    *buffer = (ns_npu_buffer){0};
}
