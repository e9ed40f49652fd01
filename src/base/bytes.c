#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

ns_code ns_bytes_slice(ns_bytes bytes, size_t offset, size_t length, const char *what, ns_bytes *out,
                       ns_error *error)
{
    if (!ns_bytes_contains(bytes, offset, length))
        return ns_fail(error, NS_ERROR_INPUT, "%s: %zu bytes at offset %zu reach past the end (%zu bytes)",
                       what, length, offset, bytes.size);
    *out = (ns_bytes){bytes.data + offset, length};
    return NS_OK;
}

ns_code ns_bytes_u8(ns_bytes bytes, size_t offset, const char *what, uint8_t *out, ns_error *error)
{
    ns_bytes part;
    NS_TRY(ns_bytes_slice(bytes, offset, sizeof *out, what, &part, error));
    *out = part.data[0];
    return NS_OK;
}

ns_code ns_bytes_u16(ns_bytes bytes, size_t offset, const char *what, uint16_t *out, ns_error *error)
{
    ns_bytes part;
    NS_TRY(ns_bytes_slice(bytes, offset, sizeof *out, what, &part, error));
    *out = ns_load_u16(part.data);
    return NS_OK;
}

ns_code ns_bytes_u32(ns_bytes bytes, size_t offset, const char *what, uint32_t *out, ns_error *error)
{
    ns_bytes part;
    NS_TRY(ns_bytes_slice(bytes, offset, sizeof *out, what, &part, error));
    *out = ns_load_u32(part.data);
    return NS_OK;
}

ns_code ns_bytes_u64(ns_bytes bytes, size_t offset, const char *what, uint64_t *out, ns_error *error)
{
    ns_bytes part;
    NS_TRY(ns_bytes_slice(bytes, offset, sizeof *out, what, &part, error));
    *out = ns_load_u64(part.data);
    return NS_OK;
}

#define SINK_BYTES 65536 /* that a buffer with a sink holds at most, but for one longer piece */

static void empty(ns_buffer *buffer)
{
    ns_sink *sink = buffer->sink;
    if (sink->write(sink, (ns_bytes){buffer->data, buffer->size}, &sink->error) != NS_OK)
        buffer->failed = true;
    buffer->size = 0;
}

void ns_buffer_append(ns_buffer *buffer, const void *data, size_t size)
{
    if (buffer->sink && !buffer->failed && buffer->size + size > SINK_BYTES)
        empty(buffer);
    if (buffer->failed || !size)
        return;
    if (size > buffer->capacity - buffer->size) {
        size_t capacity = buffer->capacity ? buffer->capacity : 1024;
        while (capacity - buffer->size < size && capacity <= SIZE_MAX / 4)
            capacity *= 2;
        uint8_t *grown = capacity - buffer->size < size ? NULL : ns_arena_alloc(buffer->arena, capacity, 1);
        if (!grown) {
            buffer->failed = true;
            return;
        }
        if (buffer->size)
            memcpy(grown, buffer->data, buffer->size);
        buffer->data = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
}

ns_code ns_buffer_finish(ns_buffer *buffer, const char *what, ns_error *error)
{
    if (buffer->sink && !buffer->failed)
        empty(buffer);
    if (!buffer->failed)
        return NS_OK;
    if (!buffer->sink || buffer->sink->error.code == NS_OK)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", what);
    if (error)
        *error = buffer->sink->error;
    return buffer->sink->error.code;
}

void ns_buffer_format(ns_buffer *buffer, const char *format, ...)
{
    char small[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    if ((size_t)length < sizeof small) {
        ns_buffer_append(buffer, small, (size_t)length);
        return;
    }
    char *large = ns_arena_alloc(buffer->arena, (size_t)length + 1, 1);
    if (!large) {
        buffer->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(large, (size_t)length + 1, format, arguments);
    va_end(arguments);
    ns_buffer_append(buffer, large, (size_t)length);
}

/* ---- parts of a run ---- */

#define FNV_START 0xcbf29ce484222325u

static uint64_t hash_on(uint64_t hash, ns_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * 0x100000001b3u;
    return hash;
}

uint64_t ns_bytes_hash(ns_bytes bytes)
{
    return hash_on(FNV_START, bytes);
}

bool ns_shard_takes(int shard, int shards, int count, const char *const *key)
{
    uint64_t hash = FNV_START;
    if (shards <= 1)
        return true;
    for (int i = 0; i < count; i++) {
        const char *text = key[i] ? key[i] : "";
        hash = hash_on(hash, (ns_bytes){(const uint8_t *)text, strlen(text) + 1});
    }
    /* The low bits of FNV-1a depend on the low bits of the bytes alone. */
    return (hash ^ hash >> 32) % (uint64_t)shards == (uint64_t)shard;
}

/* ---- options ---- */

ns_code ns_options_take(void *out, size_t known, size_t first, const void *options, ns_error *error)
{
    size_t size = 0;
    memset(out, 0, known);
    if (!options)
        return NS_OK;
    memcpy(&size, options, sizeof size);
    if (!size)
        size = first;
    for (size_t i = known; i < size; i++)
        if (((const uint8_t *)options)[i])
            return ns_fail(error, NS_ERROR_USAGE,
                           "options of %zu bytes, of which this version of npuscope knows %zu, say more",
                           size, known);
    memcpy(out, options, size < known ? size : known);
    memcpy(out, &known, sizeof known);
    return NS_OK;
}
