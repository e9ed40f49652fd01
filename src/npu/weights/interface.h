/* What npu/weights gives the rooms above it. */
#ifndef NS_NPU_WEIGHTS_INTERFACE_H
#define NS_NPU_WEIGHTS_INTERFACE_H

#include "base/bytes.h"

/* Weight order: what fixes the order of an operation's weights in their streams, and what they become. */

/* Most streams of one operation: one for each core of the largest Ethos-U85. */
#define NS_WEIGHT_STREAMS_MAX 4

/* Most weights of one operation, padding included: 1 GiB as symbols. No real operation comes near. */
#define NS_WEIGHTS_MAX (1u << 28)

typedef enum ns_weight_traversal {
    NS_WEIGHTS_DEPTH_FIRST,
    NS_WEIGHTS_PART_KERNEL,
    NS_WEIGHTS_DEPTHWISE,
} ns_weight_traversal;

/* What fixes the order of an operation's weights. All from registers, but for macs and cores (the
 * payload's configuration word). */
typedef struct ns_weight_order {
    ns_weight_traversal traversal;
    int ofm_depth;                   /* channels of this operation, >= 1 */
    int kernel_height, kernel_width; /* taps, not dilated, >= 1 */
    int ifm_depth;                   /* >= 1; ignored for depthwise */
    int dilation_y, dilation_x;      /* 1 or 2 */
    int stride_y, stride_x;          /* 1 to 4; Ethos-U85 only */
    int ifm_bits;                    /* 8, 16 or 32 */
    int ofm_block_depth;             /* OFM_BLK_DEPTH_M1 + 1, of all cores together */
    int ofm_ublock_depth;            /* depth of the OFM micro-block: see the two functions below */
    int macs;                        /* MACs per cycle of all cores; Ethos-U85 only */
    int cores;                       /* 1, 2 or 4 */
    bool sparse;                     /* 2:4 sparsity; Ethos-U85 only */
    bool fast;                       /* "fast weight" coding in stream 0; Ethos-U85 only */
} ns_weight_order;

/* Dense weights, zero point already taken off: |value| <= 256.
 *   convolution: values[((o * kernel_height + ky) * kernel_width + kx) * ifm_depth + i]
 *   depthwise:   values[(ky * kernel_width + kx) * ofm_depth + o]
 * so that in both cases the axis along which an NHWC image is contiguous is contiguous here too. */
/* What an operation derives from weights that are kept with their stream. */
typedef struct ns_weights_kept {
    int16_t *packed; /* for the product kernel; NULL: not yet */
    uint32_t *tiles; /* for kernels that have tiles; NULL: not yet */
    bool fit_tiles;
    int64_t largest; /* magnitude; with `packed` */
    int64_t most;    /* sum of magnitudes of an OFM channel's weights; with `packed` */
} ns_weights_kept;

typedef struct ns_weights {
    int16_t *values;
    size_t count;
    bool depthwise;
    int ofm_depth, kernel_height, kernel_width, ifm_depth; /* ifm_depth is 1 for depthwise */
    ns_weights_kept *kept;                                 /* NULL: they are forgotten after the operation */
    ns_arena *kept_arena;
} ns_weights;

/* ---- weights.c ---- */

/* Weights: the compressed weight and scale streams of an operation, made dense.
 *
 * A stream is decoded in two steps. The coding (weights_mlw.c, weights_fwd.c) turns bytes into a sequence
 * of symbols; the traversal order (weights_order_u55.c, weights_order_u85.c) says which weight each symbol
 * is, for the order is that in which the MAC array consumes them, with zeros where it has nothing to do.
 * Everything here is a pure function of its arguments. Nothing reads outside a stream, and memory stays
 * proportional to the streams' length. */

/* Depth of the OFM micro-block of Ethos-U55 and U65 with `macs` MACs per cycle and core: 4 for 32, else 8
 * (Vela 5.1.0, ethos_u55.cpp, s_EthosU55Configs). */
int ns_weights_ublock_depth_u55(int macs_per_core);

/* Depth of the OFM micro-block of Ethos-U85 for ACC_FORMAT's micro-block field (0: 1x1, 1: 1x2, 2: 1x4,
 * 3: 2x2, 4: 2x4, 5: 4x4, height x width); 0 for a combination that the variant does not have (Vela 5.1.0,
 * ethos_u85.cpp, s_EthosU85Configs). */
int ns_weights_ublock_depth_u85(int macs, int ublock_field);

/* Cores of an Ethos-U85 with `macs` MACs: 1, 2 or 4; 0 for an unknown MAC count. */
int ns_weights_cores_u85(int macs);

/* The dense weights of `order` from its streams (`cores` of them, or one when `fast`; unused ones have
 * size 0), for Ethos-U55 and U65, and for Ethos-U85. `values` is made in `arena`. NS_ERROR_FAULT when a
 * stream ends too soon or goes on too long, is not well formed, or has a weight where the order has
 * padding; NS_ERROR_UNSUPPORTED for over 2^28 weights. */
ns_code ns_weights_decode_u55(const ns_weight_order *order, const ns_bytes *streams, ns_arena *arena,
                              ns_weights *out, ns_error *error);
ns_code ns_weights_decode_u85(const ns_weight_order *order, const ns_bytes *streams, ns_arena *arena,
                              ns_weights *out, ns_error *error);

/* ---- scales.c ---- */

/* Scales: the records of bias, multiplier and shift that stand beside the weights. */

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
