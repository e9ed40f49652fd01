#include "npu/memory/buffer.h"

#define MAX_VALUES ((int64_t)1 << 28)

ns_code ns_npu_buffer_open(ns_npu_buffer *buffer, ns_budget *budget, int64_t height, int64_t width,
                           int64_t depth, ns_error *error)
{
    buffer->valid = false;
    if (height > MAX_VALUES / width || height * width > MAX_VALUES / depth)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "an internal buffer of %lld x %lld x %lld values",
                       (long long)height, (long long)width, (long long)depth);
    if (buffer->arena)
        ns_arena_reset(buffer->arena);
    else
        buffer->arena = ns_arena_new_within(budget);
    buffer->values =
        buffer->arena ? NS_ARENA_ARRAY(buffer->arena, (size_t)(height * width * depth), int64_t) : NULL;
    buffer->height = height;
    buffer->width = width;
    buffer->depth = depth;
    return buffer->values ? NS_OK
                          : ns_fail(error, NS_ERROR_MEMORY, "no memory for %lld values kept inside the NPU",
                                    (long long)(height * width * depth));
}

void ns_npu_buffer_free(ns_npu_buffer *buffer)
{
    ns_arena_free(buffer->arena);
    *buffer = (ns_npu_buffer){0};
}
