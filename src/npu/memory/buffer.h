/* Buffer: values that an Ethos-U85 keeps inside between operations: accumulators and chain buffers. */
#ifndef NS_NPU_BUFFER_H
#define NS_NPU_BUFFER_H

#include "npuscope/arena.h"
#include "npuscope/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ns_npu_buffer {
    ns_arena *arena; /* made on first use */
    uint8_t *values; /* [y][x][c] */
    int64_t height, width, depth;
    int bytes;      /* of a value: 1, 2, 4 or 8 */
    bool is_signed; /* of the values of a chain, as their OFM has them */
    bool valid;     /* an operation has filled it */
    int64_t bound;  /* of accumulators: no magnitude is larger; 0: not known */
} ns_npu_buffer;

/* Makes room for values of the buffer's extents and type; the ones before are forgotten. Charged to `budget`.
 * NS_ERROR_MEMORY, and NS_ERROR_UNSUPPORTED for over 2^28 of them. */
ns_code ns_npu_buffer_open(ns_npu_buffer *buffer, ns_budget *budget, ns_error *error);

/* Value x of row y, x counted in values. */
static inline void *ns_npu_buffer_at(const ns_npu_buffer *buffer, int64_t y, int64_t x)
{
    return buffer->values + (y * buffer->width * buffer->depth + x) * buffer->bytes;
}

void ns_npu_buffer_free(ns_npu_buffer *buffer);

#endif
