/* Bytes: a span of memory that is read with its bounds checked. All integers are little-endian. */
#ifndef NS_BASE_BYTES_H
#define NS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "npuscope/arena.h"
#include "npuscope/status.h"

typedef struct ns_bytes {
    const uint8_t *data;
    size_t size;
} ns_bytes;

/* True when [offset, offset + length) lies inside the span; never overflows. */
static inline bool ns_bytes_contains(ns_bytes bytes, size_t offset, size_t length)
{
    return offset <= bytes.size && length <= bytes.size - offset;
}

/* Unchecked little-endian loads and stores; the caller has checked the bounds. */
static inline uint16_t ns_load_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t ns_load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t ns_load_u64(const uint8_t *p)
{
    return (uint64_t)ns_load_u32(p) | (uint64_t)ns_load_u32(p + 4) << 32;
}
static inline void ns_store_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}
static inline void ns_store_u32(uint8_t *p, uint32_t v)
{
    ns_store_u16(p, (uint16_t)v);
    ns_store_u16(p + 2, (uint16_t)(v >> 16));
}
static inline void ns_store_u64(uint8_t *p, uint64_t v)
{
    ns_store_u32(p, (uint32_t)v);
    ns_store_u32(p + 4, (uint32_t)(v >> 32));
}

/* The span [offset, offset + length). NS_ERROR_INPUT names `what`, the offset and the size when it
 * reaches past the end. */
ns_code ns_bytes_slice(ns_bytes bytes, size_t offset, size_t length, const char *what, ns_bytes *out,
                       ns_error *error);

/* One integer at `offset`; fails like ns_bytes_slice. */
ns_code ns_bytes_u8(ns_bytes bytes, size_t offset, const char *what, uint8_t *out, ns_error *error);
ns_code ns_bytes_u16(ns_bytes bytes, size_t offset, const char *what, uint16_t *out, ns_error *error);
ns_code ns_bytes_u32(ns_bytes bytes, size_t offset, const char *what, uint32_t *out, ns_error *error);
ns_code ns_bytes_u64(ns_bytes bytes, size_t offset, const char *what, uint64_t *out, ns_error *error);

/* Where a long document goes piece by piece. What went wrong is kept: whoever writes looks once, at the end.
 */
typedef struct ns_sink {
    ns_code (*write)(struct ns_sink *sink, ns_bytes bytes, ns_error *error);
    void *context;
    ns_error error;
} ns_sink;

/* A growing buffer for writers, backed by an arena. A failed growth sets `failed`, and every later
 * append is ignored: writers check once at the end. With a sink it stays small: what is in it goes there. */
typedef struct ns_buffer {
    ns_arena *arena;
    uint8_t *data;
    size_t size;
    size_t capacity;
    bool failed;
    ns_sink *sink; /* NULL: none */
} ns_buffer;

/* Whether all was appended, and is with the sink where there is one: NS_ERROR_MEMORY, or what the sink said.
 * `what` names the document: "the JSON report". */
ns_code ns_buffer_finish(ns_buffer *buffer, const char *what, ns_error *error);

void ns_buffer_append(ns_buffer *buffer, const void *data, size_t size);
void ns_buffer_format(ns_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* FNV-1a, 64 bits: the same on every machine. */
uint64_t ns_bytes_hash(ns_bytes bytes);

/* Whether what `key` names, `count` texts (NULL: ""), belongs to part `shard`, from 0, of `shards`; 0 or 1:
 * there is one part. Of the texts alone, so that every machine splits the same way, whatever else it was
 * given. */
bool ns_shard_takes(int shard, int shards, int count, const char *const *key);

/* Copies options that begin with their size to `out`, which has `known` bytes: what the caller's do not reach
 * becomes 0. `first`: how many bytes version 0.1 had. NULL options are all 0. NS_ERROR_USAGE where a caller
 * of a newer version asks for what this one does not have. */
ns_code ns_options_take(void *out, size_t known, size_t first, const void *options, ns_error *error);

/* The same into `*out`, for structs that are as version 0.1 had them. */
#define NS_OPTIONS_TAKE(out, options, error) \
    ns_options_take((out), sizeof *(out), sizeof *(out), (options), (error))

#endif
