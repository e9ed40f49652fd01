/* Scales: the records of bias, multiplier and shift that stand beside the weights. */
#ifndef NS_NPU_SCALES_H
#define NS_NPU_SCALES_H

#include "base/bytes.h"

typedef struct ns_scale_record {
    int64_t bias;   /* 40 bits on Ethos-U55/U65, 32 or 48 on U85 */
    uint32_t scale; /* 32 bits on Ethos-U55/U65, 31 or 15 on U85 */
    uint8_t shift;  /* 0 to 63 */
} ns_scale_record;

typedef enum ns_scale_format {
    NS_SCALES_U55,     /* bias s40, scale u32, shift u6: Ethos-U55 and U65 */
    NS_SCALES_U85_I32, /* bias s32, scale u31, shift u6: ACC_FORMAT I32 */
    NS_SCALES_U85_I48, /* bias s48, scale u15, shift u6: ACC_FORMAT I48 */
} ns_scale_format;

#define NS_SCALE_RECORD_BYTES 10

/* The records of channels 0 to `channels` - 1 of an operation. `streams` holds one stream, or two for a
 * two-core Ethos-U65, where channel c lies in stream c % 2. NS_ERROR_FAULT when a stream is too short or a
 * reserved bit is set. */
ns_code ns_scales_decode(ns_scale_format format, const ns_bytes *streams, int stream_count, int channels,
                         ns_arena *arena, ns_scale_record **out, ns_error *error);

#endif
