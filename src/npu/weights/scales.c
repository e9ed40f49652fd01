/* Scale records: bias, scale and shift of each output channel, 10 bytes, little-endian. Facts: Vela 5.1.0,
 * ethos_u55_weight_encoder.cpp (EncodeBias), ethos_u85_weight_encoder.cpp (EncodeBias32, EncodeBias48). */
#include "base/interface.h"
#include "npu/weights/interface.h"

/* Widths in bits of a record's three fields; they follow each other, each from a byte boundary. */
typedef struct record_layout {
    unsigned bias_bytes, scale_bytes;
    uint32_t scale_mask;
    bool spare_byte; /* the last byte is reserved */
} record_layout;

static const record_layout layouts[] = {
    [NS_SCALES_U55] = {5, 4, UINT32_MAX, false},
    [NS_SCALES_U85_I32] = {4, 4, 0x7fffffff, true},
    [NS_SCALES_U85_I48] = {6, 2, 0x7fff, true},
};

static bool unpack(const record_layout *layout, const uint8_t *p, ns_scale_record *out)
{
    const unsigned bias_bits = 8 * layout->bias_bytes, unused = 64 - bias_bits;
    const uint64_t first = ns_load_u64(p);
    const uint64_t scale =
        (first >> bias_bits | (uint64_t)p[8] << unused) & UINT64_MAX >> (64 - 8 * layout->scale_bytes);
    const uint8_t shift = p[layout->bias_bytes + layout->scale_bytes];
    out->bias = (int64_t)(first << unused) >> unused;
    out->scale = (uint32_t)scale & layout->scale_mask;
    out->shift = shift & 63;
    return scale <= layout->scale_mask && shift < 64 && !(layout->spare_byte && p[9]);
}

ns_code ns_scales_decode(ns_scale_format format, const ns_bytes *streams, int stream_count, int channels,
                         ns_arena *arena, ns_scale_record **out, ns_error *error)
{
    if (stream_count < 1 || channels < 1)
        return ns_fail(error, NS_ERROR_FAULT, "scales: %d streams for %d channels", stream_count, channels);
    for (int i = 0; i < stream_count; i++) {
        const size_t records = (size_t)((channels + stream_count - 1 - i) / stream_count);
        if (streams[i].size / NS_SCALE_RECORD_BYTES < records)
            return ns_fail(error, NS_ERROR_FAULT,
                           "scales: stream %d has %zu bytes, but %zu channels take %d bytes each", i,
                           streams[i].size, records, NS_SCALE_RECORD_BYTES);
    }
    ns_scale_record *records = NS_ARENA_ARRAY(arena, (size_t)channels, ns_scale_record);
    if (!records)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for %d scale records", channels);
    for (int channel = 0; channel < channels; channel++) {
        const size_t offset = (size_t)(channel / stream_count) * NS_SCALE_RECORD_BYTES;
        if (!unpack(&layouts[format], streams[channel % stream_count].data + offset, &records[channel]))
            return ns_fail(error, NS_ERROR_FAULT, "scales: a reserved bit of channel %d's record is set",
                           channel);
    }
    *out = records;
    return NS_OK;
}
