/* Weight order: what fixes the order of an operation's weights in their streams, and what they become. */
#ifndef NS_NPU_WEIGHTS_ORDER_H
#define NS_NPU_WEIGHTS_ORDER_H

#include "base/bytes.h"

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
typedef struct ns_weights {
    int16_t *values;
    size_t count;
    bool depthwise;
    int ofm_depth, kernel_height, kernel_width, ifm_depth; /* ifm_depth is 1 for depthwise */
} ns_weights;

#endif
