/* Buffer: values that an Ethos-U85 keeps inside between operations: accumulators and chain buffers. */
#ifndef NS_NPU_BUFFER_H
#define NS_NPU_BUFFER_H

#include "npuscope/arena.h"
#include "npuscope/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ns_npu_buffer {
    ns_arena *arena; /* made on first use */
    int64_t *values; /* [y][x][c] */
    int64_t height, width, depth;
    bool valid; /* an operation has filled it */
} ns_npu_buffer;

/* Makes room for height x width x depth values; the ones before are forgotten. Charged to `budget`.
 * NS_ERROR_MEMORY, and NS_ERROR_UNSUPPORTED for over 2^28 of them. */
ns_code ns_npu_buffer_open(ns_npu_buffer *buffer, ns_budget *budget, int64_t height, int64_t width,
                           int64_t depth, ns_error *error);

/* Row y of a buffer. */
static inline int64_t *ns_npu_buffer_row(const ns_npu_buffer *buffer, int64_t y)
{
    return buffer->values + y * buffer->width * buffer->depth;
}

void ns_npu_buffer_free(ns_npu_buffer *buffer);

#endif
