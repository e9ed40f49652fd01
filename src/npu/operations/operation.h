/* Scale: the multiply-shift-round of the output stage and of elementwise operands, in each rounding that
 * the Ethos-U families have. Pure. */
#ifndef NS_NPU_OPERATIONS_OPERATION_H
#define NS_NPU_OPERATIONS_OPERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npu/machine.h"
#include "npu/weights/interface.h"

typedef enum ns_npu_rounding {
    NS_NPU_ROUND_NATURAL,           /* half up */
    NS_NPU_ROUND_SYMMETRIC,         /* half away from zero */
    NS_NPU_ROUND_TO_ZERO,           /* truncate */
    NS_NPU_ROUND_TO_LOWER,          /* floor */
    NS_NPU_ROUND_DOUBLE_SYMMETRIC,  /* U55/U65: DBL. Two roundings, the first half away from zero */
    NS_NPU_ROUND_DOUBLE_ASYMMETRIC, /* two roundings, both half up */
} ns_npu_rounding;

typedef struct ns_npu_scale {
    uint32_t scale; /* multiplier, unsigned: 0x80000000 occurs */
    int shift;      /* 0 to 63 */
    ns_npu_rounding rounding;
    int double_shift; /* left shift that the values carry when they arrive; moves the first of two
                         roundings (U85: DBL_RND; U55/U65: implied by ADD and SUB) */
} ns_npu_scale;

/* (value * scale + r) >> shift, with r by rounding mode:
 *   half = shift > 0 ? 2^(shift-1) : 0;  d = shift > 31 - double_shift ? 2^(30-double_shift) : 0
 *   NATURAL half; SYMMETRIC value < 0 ? half - 1 : half (half 0 stays 0); TO_ZERO value < 0 ?
 *   2^shift - 1 : 0; TO_LOWER 0; DOUBLE_SYMMETRIC value < 0 ? half - d : half + d; DOUBLE_ASYMMETRIC half + d
 * |value| < 2^62; the product is taken in 128 bits and the result saturated to 64, so nothing wraps.
 * Source: Vela 5.1.0, regor/compiler/graphir_optimiser.cpp, template Scale. */
int64_t ns_npu_scale_value(int64_t value, const ns_npu_scale *scale);

/* The scale as kernels/rows.h takes it (ns_wide_scales); false where it does not. */
bool ns_npu_scale_wide(const ns_npu_scale *scale, int64_t *multiplier, int64_t *positive, int64_t *negative,
                       int64_t *shift);

/* The same for `count` values, each `step` after the last, in place. */
void ns_npu_scale_column(int64_t *values, size_t count, size_t step, const ns_npu_scale *scale);

typedef enum ns_npu_kind {
    NS_NPU_CONV,
    NS_NPU_DEPTHWISE,
    NS_NPU_POOL_MAX,
    NS_NPU_POOL_MIN,
    NS_NPU_POOL_AVERAGE, /* and SUM: divide_by_taps tells them apart */
    NS_NPU_POOL_NONE,
    NS_NPU_POOL_ARGMAX,
    NS_NPU_REDUCE_SUM,
    NS_NPU_ELEMENTWISE,
    NS_NPU_RESIZE,
} ns_npu_kind;

typedef enum ns_npu_upscale {
    NS_NPU_UPSCALE_NONE,
    NS_NPU_UPSCALE_NEAREST,
    NS_NPU_UPSCALE_ZEROS
} ns_npu_upscale;

/* A feature map in memory. Coordinates are (y, x, c); see map.h for the address of an element. */
typedef struct ns_npu_map {
    const char *name; /* "IFM", "IFM2", "OFM" */
    int region;
    int64_t base[4];
    int64_t stride_x, stride_y, stride_c;
    int64_t width0, height0, height1; /* of the tiles */
    int64_t height, width, depth; /* extent that the operation sees; the stored one where upscaled differs */
    ns_npu_upscale upscale;
    int bytes; /* per element: 1, 2, 4 or 8 */
    bool is_signed;
    bool brick;         /* NHCWB16 */
    int32_t zero_point; /* 0 for elements of over 2 bytes, except an OFM behind a table */

    /* Ethos-U85. A chained map lies in an internal buffer instead of a region; an unused one nowhere. An OFM
     * may be stored with its axes exchanged, axis k of what is stored being axis stored_axis[k] of what is
     * computed (height, width and depth are those of the computed one), or with one axis reversed. */
    ns_npu_buffer *chain;
    bool unused;
    bool transposed;
    int8_t stored_axis[3];
    bool reversed;
    int8_t reversed_axis;

    bool broadcast_h, broadcast_w, broadcast_c; /* the stored extent of that axis is 1 */
    bool scalar;                                /* the value comes from a register */
    int64_t scalar_value;
} ns_npu_map;

/* Pixels [x, x + width) of row y of what an operation sees. */
typedef struct ns_npu_piece {
    int64_t y, x, width;
} ns_npu_piece;

/* Axes of a feature map, as indices and in reverse_axis. */
enum { NS_NPU_AXIS_H, NS_NPU_AXIS_W, NS_NPU_AXIS_C, NS_NPU_AXIS_NONE = -1 };

/* How an elementwise operand is brought to the common scale before ADD and SUB. */
typedef enum ns_npu_operand_scaling {
    NS_NPU_OPERAND_PLAIN,    /* x */
    NS_NPU_OPERAND_MULTIPLY, /* x * scale */
    NS_NPU_OPERAND_SHIFT,    /* x << shift */
    NS_NPU_OPERAND_SCALE,    /* ns_npu_scale_value(x) */
} ns_npu_operand_scaling;

typedef enum ns_npu_scaling {
    NS_NPU_SCALING_NONE,
    NS_NPU_SCALING_GLOBAL,
    NS_NPU_SCALING_CHANNEL
} ns_npu_scaling;

/* Tables of the activation stage: index type and entry type. */
typedef enum ns_npu_table_kind {
    NS_NPU_TABLE_NONE,
    NS_NPU_TABLE_8_TO_8,
    NS_NPU_TABLE_8_TO_16,
    NS_NPU_TABLE_8_TO_32,
    NS_NPU_TABLE_16_TO_16, /* base and slope, interpolated and rounded */
    NS_NPU_TABLE_16_TO_32, /* the same, not rounded: 7 more fractional bits */
    NS_NPU_TABLE_TANH,     /* Ethos-U85: loaded; of unclipped values, see activation.c */
    NS_NPU_TABLE_SIGMOID,
    NS_NPU_TABLE_BUILT_IN_TANH, /* Ethos-U55, U65: no table in memory */
    NS_NPU_TABLE_BUILT_IN_SIGMOID,
} ns_npu_table_kind;

/* What accumulators hold when an operation begins (Ethos-U85: ACC_FORMAT's input field). */
typedef enum ns_npu_accumulator_input {
    NS_NPU_ACCUMULATOR_RESET, /* 0 */
    NS_NPU_ACCUMULATOR_KEEP,  /* what the operation before left */
    NS_NPU_ACCUMULATOR_IFM2,  /* the elements of IFM2 */
} ns_npu_accumulator_input;

typedef enum ns_npu_resize_mode {
    NS_NPU_RESIZE_BILINEAR,
    NS_NPU_RESIZE_REPLICATE,
    NS_NPU_RESIZE_NEAREST,
} ns_npu_resize_mode;

/* RESIZE along one axis: output o takes position (o * step + offset) / n of the IFM. */
typedef struct ns_npu_resize_axis {
    int n, step, offset;
} ns_npu_resize_axis;

typedef struct ns_npu_operation {
    ns_npu_kind kind;
    int elementwise; /* ns_npu_elementwise_mode (elementwise.h) */
    char name[32];   /* "CONV", "POOL AVERAGE", "ELEMENTWISE ADD" */

    ns_npu_map ifm, ifm2, ofm;
    bool has_ifm2;

    /* Kernel, in taps; pads in rows and columns of the (upscaled) image. */
    int kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x;
    int pad_top, pad_left, pad_right, pad_bottom;

    int accumulator_bits; /* 32, 40 or 48 */
    ns_npu_accumulator_input accumulator_input;
    bool accumulators_stay; /* no output: they are left for the next operation */
    bool weights_from_ifm2; /* CONV: IFM2 is a matrix of OFM depth x IFM depth weights */
    ns_npu_resize_mode resize_mode;
    ns_npu_resize_axis resize_y, resize_x;
    ns_weight_order weights; /* CONV and DEPTHWISE */
    int weight_region, scale_region;
    int64_t weight_base[NS_WEIGHT_STREAMS_MAX];
    uint64_t weight_length[NS_WEIGHT_STREAMS_MAX];
    int scale_streams;
    int64_t scale_base[2];
    uint64_t scale_length[2];
    ns_scale_format scale_format;

    /* Elementwise. */
    bool ifm2_is_a;                            /* operand A is IFM2, B is IFM */
    ns_npu_operand_scaling operand_scaling[2]; /* A, B */
    ns_npu_scale operand_scale[2];

    /* Output stage: scale, zero point, clip, table. */
    ns_npu_scaling scaling;
    ns_npu_scale scale;  /* GLOBAL: all of it; CHANNEL: its rounding */
    bool divide_by_taps; /* POOL AVERAGE: by the number of taps inside the image, not by OFM_SCALE */
    bool gives_zeros;    /* REDUCE_SUM under a chip rule: every sum is 0 */
    bool clip;
    int64_t clip_low, clip_high;
    ns_npu_table_kind table;
    bool table_signed;    /* the index is signed: entry 0 is the most negative */
    size_t table_address; /* in the machine's internal memory */

    /* Block, for hazards only. */
    int block_height, block_width, block_depth, block_dependency;
} ns_npu_operation;

#endif
