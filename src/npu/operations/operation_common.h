/* Registers that all families have: read the same way, through each family's own field indices. */
#ifndef NS_NPU_OPERATION_COMMON_H
#define NS_NPU_OPERATION_COMMON_H

#include "npu/operations/operation.h"

/* Where a feature map lies. */
typedef struct ns_npu_map_fields {
    const char *name;
    bool is_output;
    int type, precision, format;
    int is_signed, brick; /* the values of type and format that say so */
    int region, base[4], stride_x, stride_y, stride_c, width0, height0, height1, zero_point;
} ns_npu_map_fields;

/* Of a family with prefix P (U55_, U85_); `map` is IFM, IFM2 or OFM (`output` true). */
#define NS_NPU_MAP_FIELDS(P, map, output)                                                                   \
    {                                                                                                       \
        .name = #map, .is_output = output, .is_signed = P##ACTIVATION_TYPE_SIGNED,                          \
        .brick = P##ACTIVATION_FORMAT_NHCWB16, .type = P##FIELD_##map##_PRECISION_ACTIVATION_TYPE,          \
        .precision = P##FIELD_##map##_PRECISION_ACTIVATION_PRECISION,                                       \
        .format = P##FIELD_##map##_PRECISION_ACTIVATION_FORMAT, .region = P##FIELD_##map##_REGION_REGION,   \
        .base = {P##FIELD_##map##_BASE0_ADDRESS, P##FIELD_##map##_BASE1_ADDRESS,                            \
                 P##FIELD_##map##_BASE2_ADDRESS, P##FIELD_##map##_BASE3_ADDRESS},                           \
        .stride_x = P##FIELD_##map##_STRIDE_X_STRIDE, .stride_y = P##FIELD_##map##_STRIDE_Y_STRIDE,         \
        .stride_c = P##FIELD_##map##_STRIDE_C_STRIDE, .width0 = P##FIELD_##map##_WIDTH0_M1_WIDTH_M1,        \
        .height0 = P##FIELD_##map##_HEIGHT0_M1_HEIGHT_M1, .height1 = P##FIELD_##map##_HEIGHT1_M1_HEIGHT_M1, \
        .zero_point = P##FIELD_##map##_ZERO_POINT_ZERO_POINT                                                \
    }

/* Name, type, element size and format. */
ns_code ns_npu_read_precision(ns_npu_machine *machine, const ns_npu_map_fields *fields, ns_npu_map *map,
                              ns_error *error);

/* Region, bases, strides and tiles. */
ns_code ns_npu_read_map(ns_npu_machine *machine, const ns_npu_map_fields *fields, ns_npu_map *map,
                        ns_error *error);

/* Zero points are 16 bits, signed but for unsigned 16-bit elements. Wider inputs have none: a fault. A wider
 * OFM's is read, for it belongs to the index of a table; without a table ns_npu_drop_zero_point drops it. */
ns_code ns_npu_read_zero_point(ns_npu_machine *machine, const ns_npu_map_fields *fields, ns_npu_map *map,
                               ns_error *error);

/* TANH or SIGMOID. Unsupported unless the OFM is int16 with zero point 0: no compiler emits another. */
ns_code ns_npu_set_curve(ns_npu_machine *machine, ns_npu_operation *out, ns_npu_table_kind kind,
                         const char *name, ns_error *error);

/* After the activation is known: OFM_ZERO_POINT does nothing for an OFM of over 16 bits unless a table stands
 * between. Vela 4.5.0 and 5.1.0's legacy core leave the zero point of an 8-bit operation before in it (CLZ,
 * SHL and SUB of an int8 softmax), and the softmax equals LiteRT's reference kernel only if it is ignored
 * there and added before the exp table of the same graph (FORCE_INT8, zero point 127). */
void ns_npu_drop_zero_point(ns_npu_operation *out);

/* MUL of 32-bit operands takes OFM_SCALE's shift only: (a * b + rounding) >> shift. Vela 5.1.0's int16
 * softmax holds 1549429504 >> 32 there and its int8 softmax 0x40000000 >> 31: both equal LiteRT's reference
 * kernel only when the multiplier counts as 1. */
void ns_npu_set_mul_scale(ns_npu_operation *out);

typedef struct ns_npu_kernel_fields {
    int width, height, stride_x_low, stride_x_high, stride_y_low, stride_y_high, dilation_x, dilation_y,
        decomposition, pad_top, pad_left, pad_right, pad_bottom, upscale;
} ns_npu_kernel_fields;

#define NS_NPU_KERNEL_FIELDS(P)                                                                           \
    {                                                                                                     \
        .width = P##FIELD_KERNEL_WIDTH_M1_WIDTH_M1, .height = P##FIELD_KERNEL_HEIGHT_M1_HEIGHT_M1,        \
        .stride_x_low = P##FIELD_KERNEL_STRIDE_STRIDE_X_LSB,                                              \
        .stride_x_high = P##FIELD_KERNEL_STRIDE_STRIDE_X_MSB,                                             \
        .stride_y_low = P##FIELD_KERNEL_STRIDE_STRIDE_Y_LSB,                                              \
        .stride_y_high = P##FIELD_KERNEL_STRIDE_STRIDE_Y_MSB,                                             \
        .dilation_x = P##FIELD_KERNEL_STRIDE_DILATION_X, .dilation_y = P##FIELD_KERNEL_STRIDE_DILATION_Y, \
        .decomposition = P##FIELD_KERNEL_STRIDE_DECOMPOSITION, .pad_top = P##FIELD_IFM_PAD_TOP_PAD,       \
        .pad_left = P##FIELD_IFM_PAD_LEFT_PAD, .pad_right = P##FIELD_IFM_PAD_RIGHT_PAD,                   \
        .pad_bottom = P##FIELD_IFM_PAD_BOTTOM_PAD, .upscale = P##FIELD_IFM_UPSCALE_MODE                   \
    }

/* All of these, and what else a block operation has. */
typedef struct ns_npu_operation_fields {
    ns_npu_map_fields ifm, ifm2, ofm;
    ns_npu_kernel_fields kernel;
    int ofm_height, ofm_width, ofm_depth, ifm_depth;
    int block_height, block_width, block_depth, block_dependency;
    int weight_region, weight_base[NS_WEIGHT_STREAMS_MAX], weight_length[NS_WEIGHT_STREAMS_MAX];
    int scale_region, scale_base, scale_length;
    int clip_low, clip_high;
} ns_npu_operation_fields;

#define NS_NPU_OPERATION_FIELDS(P)                                                                           \
    .ifm = NS_NPU_MAP_FIELDS(P, IFM, false), .ifm2 = NS_NPU_MAP_FIELDS(P, IFM2, false),                      \
    .ofm = NS_NPU_MAP_FIELDS(P, OFM, true), .kernel = NS_NPU_KERNEL_FIELDS(P),                               \
    .ofm_height = P##FIELD_OFM_HEIGHT_M1_HEIGHT_M1, .ofm_width = P##FIELD_OFM_WIDTH_M1_WIDTH_M1,             \
    .ofm_depth = P##FIELD_OFM_DEPTH_M1_DEPTH_M1, .ifm_depth = P##FIELD_IFM_DEPTH_M1_DEPTH_M1,                \
    .block_height = P##FIELD_OFM_BLK_HEIGHT_M1_HEIGHT_M1, .block_width = P##FIELD_OFM_BLK_WIDTH_M1_WIDTH_M1, \
    .block_depth = P##FIELD_OFM_BLK_DEPTH_M1_DEPTH_M1, .block_dependency = P##FIELD_BLOCKDEP_BLOCKDEP,       \
    .weight_region = P##FIELD_WEIGHT_REGION_REGION, .weight_base[0] = P##FIELD_WEIGHT_BASE_ADDRESS,          \
    .weight_base[1] = P##FIELD_WEIGHT1_BASE_ADDRESS, .weight_length[0] = P##FIELD_WEIGHT_LENGTH_LENGTH,      \
    .weight_length[1] = P##FIELD_WEIGHT1_LENGTH_LENGTH, .scale_region = P##FIELD_SCALE_REGION_REGION,        \
    .scale_base = P##FIELD_SCALE_BASE_ADDRESS, .scale_length = P##FIELD_SCALE_LENGTH_LENGTH,                 \
    .clip_low = P##FIELD_ACTIVATION_MIN_CLIP_BOUNDARY, .clip_high = P##FIELD_ACTIVATION_MAX_CLIP_BOUNDARY

/* Height, width and depth of the OFM; of the IFM the depth only. */
ns_code ns_npu_read_ofm_extent(ns_npu_machine *machine, const ns_npu_operation_fields *fields,
                               ns_npu_operation *out, ns_error *error);
ns_code ns_npu_read_ifm_depth(ns_npu_machine *machine, const ns_npu_operation_fields *fields,
                              ns_npu_operation *out, ns_error *error);

/* The block and BLOCKDEP. */
ns_code ns_npu_read_block(ns_npu_machine *machine, const ns_npu_operation_fields *fields,
                          ns_npu_operation *out, ns_error *error);

/* The mode that a field of the command names; the operation's name becomes "<prefix> <mode>". */
int64_t ns_npu_read_mode(const ns_npu_machine *machine, const ns_npu_command *command, const char *prefix,
                         int operation_field, int enum_index, ns_npu_operation *out);

/* NS_ERROR_UNDEFINED unless IFM and OFM have one depth; `what` is the operation in words. */
ns_code ns_npu_check_depths(ns_npu_machine *machine, const ns_npu_operation *operation, const char *what,
                            ns_error *error);

/* Kind, name and kernel of CONV and DEPTHWISE. */
ns_code ns_npu_read_conv(ns_npu_machine *machine, const ns_npu_operation_fields *fields, bool depthwise,
                         ns_npu_operation *out, ns_error *error);

/* Where the weights of `streams` cores lie; of an empty stream the base is not read. */
ns_code ns_npu_read_weight_streams(ns_npu_machine *machine, const ns_npu_operation_fields *fields,
                                   int streams, ns_npu_operation *out, ns_error *error);

/* A scale for each channel, from one stream of records. */
ns_code ns_npu_read_scale_stream(ns_npu_machine *machine, const ns_npu_operation_fields *fields,
                                 ns_scale_format format, ns_npu_operation *out, ns_error *error);

/* Kernel, stride, dilation, pads and upscaling, and from them the IFM's height and width, which no register
 * holds: H = (OH - 1) * stride + dilated kernel height - pads. */
ns_code ns_npu_read_kernel(ns_npu_machine *machine, const ns_npu_kernel_fields *fields, ns_npu_operation *out,
                           ns_error *error);

/* What the weights' traversal takes from kernel, feature maps and block depth, which are read by then. */
void ns_npu_set_weight_geometry(ns_npu_operation *out, bool depthwise, bool part_kernel);

/* Clips to ACTIVATION_MIN and MAX, 16 bits, unsigned for an unsigned type, cut to a type of `bits` bits; a
 * fault when nothing is left. */
ns_code ns_npu_read_clip(ns_npu_machine *machine, const ns_npu_operation_fields *fields, int bits,
                         bool is_signed, ns_npu_operation *out, ns_error *error);

#endif
