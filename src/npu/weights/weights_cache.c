#include "npu/weights/internal.h"

#include <stddef.h>
#include <string.h>

#include "npu/internal.h"
#include "npu/memory/internal.h"
#include "npu/weights/interface.h"

/* Decoded weights that are kept per stream; past it they are decoded for each operation. */
#define MAX_CACHE ((size_t)1 << 30)

/* As FNV-1a, eight bytes at a time, with the upper half mixed into the lower. It only tells apart what is
 * then compared. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        hash = (hash ^ ns_load_u64(bytes + i)) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    for (; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

/* Without what pads the struct at its end. */
enum { ORDER_SIZE = offsetof(ns_weight_order, fast) + sizeof(bool) };

static uint64_t hash_all(const ns_weight_order *order, const ns_bytes *streams)
{
    uint64_t hash = hash_bytes(0xcbf29ce484222325u, order, ORDER_SIZE);
    for (int i = 0; i < NS_WEIGHT_STREAMS_MAX; i++)
        hash = hash_bytes(hash, streams[i].data, streams[i].size);
    return hash;
}

static bool matches(const ns_npu_cached_weights *entry, const ns_weight_order *order, const ns_bytes *streams)
{
    if (memcmp(&entry->order, order, ORDER_SIZE) != 0)
        return false;
    for (int i = 0; i < NS_WEIGHT_STREAMS_MAX; i++)
        if (entry->streams[i].size != streams[i].size ||
            (streams[i].size && entry->streams[i].data != streams[i].data &&
             memcmp(entry->streams[i].data, streams[i].data, streams[i].size) != 0))
            return false;
    return true;
}

static ns_code decode(ns_npu_machine *machine, const ns_weight_order *order, const ns_bytes *streams,
                      ns_arena *arena, ns_weights *out, ns_error *error)
{
    ns_error inner = {0};
    ns_code code = machine->config->product_bit == NS_NPU_PRODUCT_U85
                       ? ns_weights_decode_u85(order, streams, arena, out, &inner)
                       : ns_weights_decode_u55(order, streams, arena, out, &inner);
    if (code == NS_ERROR_FAULT)
        return ns_npu_fault(machine, error, "%s", inner.message);
    return code == NS_OK ? NS_OK : ns_fail(error, code, "%s", inner.message);
}

/* Bytes of the region that nothing writes stay what they are. */
static bool is_fixed(const ns_npu_stream *stream, const ns_bytes *bytes)
{
    const uintptr_t from = (uintptr_t)stream->weights.data, at = (uintptr_t)bytes->data;
    return at >= from && at - from < stream->weights.size;
}

static ns_code remember(ns_npu_stream *stream, uint64_t hash, const ns_weight_order *order,
                        const ns_bytes *streams, const ns_weights *weights, ns_error *error)
{
    if (stream->cache_count == stream->cache_capacity) {
        size_t capacity = stream->cache_capacity ? 2 * stream->cache_capacity : 16;
        ns_npu_cached_weights *grown = NS_ARENA_ARRAY(stream->arena, capacity, ns_npu_cached_weights);
        if (!grown)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory to keep decoded weights");
        if (stream->cache_count)
            memcpy(grown, stream->cache, stream->cache_count * sizeof *grown);
        stream->cache = grown;
        stream->cache_capacity = capacity;
    }
    ns_npu_cached_weights *entry = &stream->cache[stream->cache_count];
    *entry = (ns_npu_cached_weights){.hash = hash, .order = *order, .weights = *weights};
    for (int i = 0; i < NS_WEIGHT_STREAMS_MAX; i++) {
        entry->streams[i] = streams[i];
        if (is_fixed(stream, &streams[i]))
            continue;
        entry->streams[i].data = ns_arena_copy(stream->arena, streams[i].data, streams[i].size);
        if (streams[i].size && !entry->streams[i].data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory to keep decoded weights");
    }
    stream->cache_count++;
    return NS_OK;
}

ns_code ns_npu_weights_get(ns_npu_machine *machine, const ns_npu_operation *operation, ns_weights *out,
                           ns_error *error)
{
    ns_npu_stream *stream = machine->stream;
    const ns_weight_order *order = &operation->weights;
    ns_bytes streams[NS_WEIGHT_STREAMS_MAX] = {0};
    for (int i = 0; i < NS_WEIGHT_STREAMS_MAX; i++) {
        if (operation->weight_length[i] == 0)
            continue;
        static const char *const names[NS_WEIGHT_STREAMS_MAX] = {"weight stream 0", "weight stream 1",
                                                                 "weight stream 2", "weight stream 3"};
        uint8_t *data;
        NS_TRY(ns_npu_span(machine, operation->weight_region, operation->weight_base[i],
                           operation->weight_length[i], false, names[i], &data, error));
        streams[i] = (ns_bytes){data, operation->weight_length[i]};
    }
    /* Operations come in the same order in each run. */
    const ns_npu_cached_weights *next =
        stream->cache_next < stream->cache_count ? &stream->cache[stream->cache_next] : NULL;
    if (next && matches(next, order, streams)) {
        *out = next->weights;
        stream->cache_next = (stream->cache_next + 1) % stream->cache_count;
        return NS_OK;
    }
    const uint64_t hash = hash_all(order, streams);
    for (size_t i = 0; i < stream->cache_count; i++)
        if (stream->cache[i].hash == hash && matches(&stream->cache[i], order, streams)) {
            *out = stream->cache[i].weights;
            stream->cache_next = (i + 1) % stream->cache_count;
            return NS_OK;
        }
    if (stream->cache_bytes > MAX_CACHE)
        return decode(machine, order, streams, machine->scratch, out, error);
    NS_TRY(decode(machine, order, streams, stream->arena, out, error));
    out->kept = NS_ARENA_NEW(stream->arena, ns_weights_kept);
    out->kept_arena = stream->arena;
    stream->cache_bytes += out->count * sizeof(int16_t);
    return remember(stream, hash, order, streams, out, error);
}
