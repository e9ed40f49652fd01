#include "npu/operations/operation_u55.h"

#include <stdio.h>
#include <string.h>

#include "npu/operations/elementwise/elementwise.h"
#include "npu/operations/operation_common.h"
#include "npu/stream/registers_u55.h"
#include "npu/watch/chip_rules.h"
#include "npu/watch/undefined.h"
#include "npu/weights/weights.h"

/* Reads a field into an int64_t. */
#define GET(reg, name, out) NS_TRY(ns_npu_get(machine, U55_FIELD_##reg##_##name, (out), error))

#define TABLE_SLOT 256
#define BANK 1024

/* ---- feature maps ---- */

static const ns_npu_map_fields ifm_fields = NS_NPU_MAP_FIELDS(U55_, IFM, false);
static const ns_npu_map_fields ifm2_fields = NS_NPU_MAP_FIELDS(U55_, IFM2, false);
static const ns_npu_map_fields ofm_fields = NS_NPU_MAP_FIELDS(U55_, OFM, true);
static const ns_npu_kernel_fields kernel_fields = NS_NPU_KERNEL_FIELDS(U55_);

static ns_code read_map(ns_npu_machine *machine, const ns_npu_map_fields *fields, ns_npu_map *map,
                        ns_error *error)
{
    NS_TRY(ns_npu_read_map(machine, fields, map, error));
    return ns_npu_read_zero_point(machine, fields, map, error);
}

static ns_code set_precision(ns_npu_machine *machine, ns_npu_map *map, int64_t type, int64_t precision,
                             int64_t format, ns_error *error)
{
    if (precision == U55_ACTIVATION_PRECISION_B64)
        return ns_npu_fault(machine, error, "%s_PRECISION: 64-bit elements exist on Ethos-U85 only",
                            map->name);
    map->is_signed = type == U55_ACTIVATION_TYPE_SIGNED;
    map->bytes = 1 << precision;
    map->brick = format == U55_ACTIVATION_FORMAT_NHCWB16;
    return NS_OK;
}

static ns_code read_ofm(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t type, precision, format;
    out->ofm.name = "OFM";
    GET(OFM_PRECISION, ACTIVATION_TYPE, &type);
    GET(OFM_PRECISION, ACTIVATION_PRECISION, &precision);
    GET(OFM_PRECISION, ACTIVATION_FORMAT, &format);
    NS_TRY(set_precision(machine, &out->ofm, type, precision, format, error));
    GET(OFM_HEIGHT_M1, HEIGHT_M1, &out->ofm.height);
    GET(OFM_WIDTH_M1, WIDTH_M1, &out->ofm.width);
    GET(OFM_DEPTH_M1, DEPTH_M1, &out->ofm.depth);
    out->ofm.height++;
    out->ofm.width++;
    out->ofm.depth++;
    return read_map(machine, &ofm_fields, &out->ofm, error);
}

/* All but the extents, which depend on the operation. */
static ns_code read_ifm(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t type, precision, format, depth;
    out->ifm.name = "IFM";
    GET(IFM_PRECISION, ACTIVATION_TYPE, &type);
    GET(IFM_PRECISION, ACTIVATION_PRECISION, &precision);
    GET(IFM_PRECISION, ACTIVATION_FORMAT, &format);
    NS_TRY(set_precision(machine, &out->ifm, type, precision, format, error));
    GET(IFM_DEPTH_M1, DEPTH_M1, &depth);
    out->ifm.depth = depth + 1;
    return read_map(machine, &ifm_fields, &out->ifm, error);
}

/* ---- rounding, scale, activation ---- */

static ns_npu_rounding rounding_of(int64_t mode)
{
    switch (mode) {
    case U55_ROUND_MODE_TRUNCATE:
        return NS_NPU_ROUND_TO_ZERO;
    case U55_ROUND_MODE_NATURAL:
        return NS_NPU_ROUND_NATURAL;
    default:
        return NS_NPU_ROUND_DOUBLE_SYMMETRIC;
    }
}

static ns_code read_ofm_scale(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t scale, shift;
    GET(OFM_SCALE, SCALE, &scale);
    GET(OFM_SCALE, SHIFT, &shift);
    out->scale.scale = (uint32_t)scale;
    out->scale.shift = (int)shift;
    return NS_OK;
}

/* Scale records of a per-channel operation. */
static ns_code read_scale_streams(ns_npu_machine *machine, ns_npu_operation *out, int cores, ns_error *error)
{
    int64_t region, length;
    GET(SCALE_REGION, REGION, &region);
    out->scaling = NS_NPU_SCALING_CHANNEL;
    out->scale_format = NS_SCALES_U55;
    out->scale_region = (int)region;
    out->scale_streams = cores;
    GET(SCALE_BASE, ADDRESS, &out->scale_base[0]);
    GET(SCALE_LENGTH, LENGTH, &length);
    out->scale_length[0] = (uint64_t)length;
    if (cores > 1) {
        GET(SCALE1_LENGTH, LENGTH, &length);
        out->scale_length[1] = (uint64_t)length;
        if (length)
            GET(SCALE1_BASE, ADDRESS, &out->scale_base[1]);
        if (!length && out->ofm.depth == 1) /* the second core has no channel */
            out->scale_streams = 1;
        if (!length && out->ofm.depth > 1) {
            out->scale_base[1] = out->scale_base[0];
            out->scale_length[1] = out->scale_length[0];
            ns_npu_chip_rule(machine, NS_NPU_RULE_DUAL_CORE_SCALES, "OFM depth is %lld, SCALE_LENGTH is %lld",
                             (long long)out->ofm.depth, (long long)out->scale_length[0]);
        }
    }
    return NS_OK;
}

/* Range of the clip before MIN and MAX are applied: of OFM's type, or of the type that the register forces.
 */
typedef struct clip_type {
    int bits;
    bool is_signed;
} clip_type;

static ns_code read_clip(ns_npu_machine *machine, ns_npu_operation *out, clip_type *type, ns_error *error)
{
    int64_t range, low, high;
    GET(ACTIVATION, ACTIVATION_CLIP_RANGE, &range);
    switch (range) {
    case U55_ACTIVATION_CLIP_RANGE_FORCE_UINT8:
        *type = (clip_type){8, false};
        break;
    case U55_ACTIVATION_CLIP_RANGE_FORCE_INT8:
        *type = (clip_type){8, true};
        break;
    case U55_ACTIVATION_CLIP_RANGE_FORCE_INT16:
        *type = (clip_type){16, true};
        break;
    default:
        *type = (clip_type){8 * out->ofm.bytes, out->ofm.is_signed};
        break;
    }
    if (type->bits > 16) /* a 32-bit OFM is not clamped, whatever MIN and MAX hold */
        return NS_OK;
    GET(ACTIVATION_MIN, CLIP_BOUNDARY, &low);
    GET(ACTIVATION_MAX, CLIP_BOUNDARY, &high);
    return ns_npu_set_clip(machine, out, type->bits, type->is_signed, low, high, error);
}

static ns_code read_activation(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t function;
    clip_type type;
    GET(ACTIVATION, ACTIVATION_FUNCTION, &function);
    NS_TRY(read_clip(machine, out, &type, error));
    if (function == U55_ACTIVATION_FUNCTION_RELU)
        return NS_OK;
    if (function == U55_ACTIVATION_FUNCTION_TANH)
        return ns_npu_set_curve(machine, out, NS_NPU_TABLE_BUILT_IN_TANH, "TANH", error);
    if (function == U55_ACTIVATION_FUNCTION_SIGMOID)
        return ns_npu_set_curve(machine, out, NS_NPU_TABLE_BUILT_IN_SIGMOID, "SIGMOID", error);
    out->table = out->ofm.bytes == 1   ? NS_NPU_TABLE_8_TO_8
                 : out->ofm.bytes == 2 ? NS_NPU_TABLE_16_TO_16
                                       : NS_NPU_TABLE_8_TO_32;
    if (out->table == NS_NPU_TABLE_8_TO_32 && type.bits != 8)
        return ns_npu_fault(machine, error,
                            "ACTIVATION: a table with a 32-bit OFM wants a clip to 8 bits "
                            "(FORCE_INT8 or FORCE_UINT8)");
    out->table_signed = type.is_signed;
    out->table_address = (size_t)machine->config->lut_bank * BANK +
                         (size_t)(function - U55_ACTIVATION_FUNCTION_TABLE_0) * TABLE_SLOT;
    return NS_OK;
}

static ns_code read_common(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t value, accumulator;
    NS_TRY(read_ofm(machine, out, error));
    NS_TRY(read_ifm(machine, out, error));
    GET(OFM_PRECISION, ROUND_MODE, &value);
    out->scale.rounding = rounding_of(value);
    GET(ACC_FORMAT, ACC_FORMAT, &accumulator);
    if (accumulator == U55_ACC_FORMAT_F16)
        return ns_npu_unsupported(
            machine, error, "ACC_FORMAT F16, which nothing describes and no compiler emits; want I32 or I40");
    out->accumulator_bits = accumulator == U55_ACC_FORMAT_I40 ? 40 : 32;
    GET(OFM_BLK_HEIGHT_M1, HEIGHT_M1, &value);
    out->block_height = (int)value + 1;
    GET(OFM_BLK_WIDTH_M1, WIDTH_M1, &value);
    out->block_width = (int)value + 1;
    GET(OFM_BLK_DEPTH_M1, DEPTH_M1, &value);
    out->block_depth = (int)value + 1;
    GET(BLOCKDEP, BLOCKDEP, &value);
    out->block_dependency = (int)value;
    NS_TRY(read_activation(machine, out, error));
    ns_npu_drop_zero_point(out);
    return NS_OK;
}

/* ---- kernel operations ---- */

static ns_code read_weights(ns_npu_machine *machine, ns_npu_operation *out, bool depthwise, ns_error *error)
{
    int64_t order, region, length, parallel = U55_PARALLEL_MODE_SINGLE_CORE;
    GET(KERNEL_STRIDE, WEIGHT_ORDER, &order);
    GET(WEIGHT_REGION, REGION, &region);
    if (machine->config->cores > 1)
        GET(PARALLEL_MODE, PARALLEL_MODE, &parallel);
    int cores = parallel == U55_PARALLEL_MODE_DUAL_CORE_DEPTH ? 2 : 1;
    ns_weight_order *weights = &out->weights;
    ns_npu_set_weight_geometry(out, depthwise, order == U55_WEIGHT_ORDER_PART_KERNEL_FIRST);
    weights->ofm_ublock_depth = ns_weights_ublock_depth_u55(machine->config->macs / machine->config->cores);
    weights->macs = machine->config->macs;
    weights->cores = cores;
    out->weight_region = (int)region;
    GET(WEIGHT_BASE, ADDRESS, &out->weight_base[0]);
    GET(WEIGHT_LENGTH, LENGTH, &length);
    out->weight_length[0] = (uint64_t)length;
    if (cores > 1) {
        GET(WEIGHT1_LENGTH, LENGTH, &length);
        out->weight_length[1] = (uint64_t)length;
        if (length)
            GET(WEIGHT1_BASE, ADDRESS, &out->weight_base[1]);
    }
    return read_scale_streams(machine, out, cores, error);
}

static ns_code read_conv(ns_npu_machine *machine, ns_npu_operation *out, bool depthwise, ns_error *error)
{
    int64_t mode;
    out->kind = depthwise ? NS_NPU_DEPTHWISE : NS_NPU_CONV;
    snprintf(out->name, sizeof out->name, depthwise ? "DEPTHWISE" : "CONV");
    NS_TRY(ns_npu_read_kernel(machine, &kernel_fields, out, error));
    GET(OFM_PRECISION, SCALE_MODE, &mode);
    if (mode != U55_OFM_SCALE_MODE_PER_CHANNEL)
        return ns_npu_unsupported(
            machine, error,
            "OFM_PRECISION: a convolution with scale mode GLOBAL, which no compiler emits: "
            "nothing says where its bias would come from; want PER_CHANNEL");
    if (out->ifm.bytes > 2)
        return ns_npu_fault(machine, error, "IFM_PRECISION: a convolution of 32-bit elements");
    if (depthwise && out->ifm.depth != out->ofm.depth)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_DEPTHS,
                                "a depthwise convolution of depth %lld gives depth %lld",
                                (long long)out->ifm.depth, (long long)out->ofm.depth);
    return read_weights(machine, out, depthwise, error);
}

static ns_code read_pool(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                         ns_error *error)
{
    int64_t mode, pooling;
    const ns_npu_table *table = machine->config->table;
    pooling = ns_npu_field_of(&table->operation_fields[U55_OPFIELD_POOL_POOLING_MODE], command->value);
    snprintf(out->name, sizeof out->name, "POOL %s",
             ns_npu_value_text(table, U55_ENUM_POOLING_MODE, pooling));
    NS_TRY(ns_npu_read_kernel(machine, &kernel_fields, out, error));
    GET(OFM_PRECISION, SCALE_MODE, &mode);
    bool global = mode == U55_OFM_SCALE_MODE_GLOBAL;
    bool padded = out->pad_top || out->pad_left || out->pad_right || out->pad_bottom;
    if (pooling != U55_POOLING_MODE_REDUCE_SUM && out->ifm.depth != out->ofm.depth)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_DEPTHS,
                                "pooling of depth %lld gives depth %lld", (long long)out->ifm.depth,
                                (long long)out->ofm.depth);
    if (pooling == U55_POOLING_MODE_MAX) {
        out->kind = NS_NPU_POOL_MAX;
        if (global)
            NS_TRY(read_ofm_scale(machine, out, error));
        if (global && (out->scale.scale != 1 || out->scale.shift != 0))
            ns_npu_chip_rule(machine, NS_NPU_RULE_MAX_POOL_SCALE, "OFM_SCALE is %u >> %d", out->scale.scale,
                             out->scale.shift);
        return NS_OK;
    }
    out->kind = pooling == U55_POOLING_MODE_AVERAGE ? NS_NPU_POOL_AVERAGE : NS_NPU_REDUCE_SUM;
    if (out->kind == NS_NPU_POOL_AVERAGE && padded) {
        out->divide_by_taps = true;
        return NS_OK;
    }
    if (!global)
        return read_scale_streams(machine, out, machine->config->cores, error);
    out->scaling = NS_NPU_SCALING_GLOBAL;
    return read_ofm_scale(machine, out, error);
}

/* ---- elementwise ---- */

static ns_code read_ifm2(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t type, precision, format, value;
    ns_npu_map *map = &out->ifm2;
    map->name = "IFM2";
    out->has_ifm2 = true;
    GET(IFM2_PRECISION, ACTIVATION_TYPE, &type);
    GET(IFM2_PRECISION, ACTIVATION_PRECISION, &precision);
    GET(IFM2_PRECISION, ACTIVATION_FORMAT, &format);
    NS_TRY(set_precision(machine, map, type, precision, format, error));
    map->height = out->ofm.height;
    map->width = out->ofm.width;
    map->depth = out->ofm.depth;
    GET(IFM2_BROADCAST, OPERAND_ORDER, &value);
    out->ifm2_is_a = value == U55_IFM2_OPERAND_ORDER_ORDER_A;
    GET(IFM2_BROADCAST, BROADCAST_CONSTANT, &value);
    map->scalar = value == U55_BROADCAST_MODE_ENABLE;
    if (map->scalar) {
        GET(IFM2_SCALAR, SCALAR, &value);
        map->scalar_value = map->is_signed ? value : value & 0xffff;
        return ns_npu_read_zero_point(machine, &ifm2_fields, map, error);
    }
    GET(IFM2_BROADCAST, BROADCAST_H, &value);
    map->broadcast_h = value == U55_BROADCAST_MODE_ENABLE;
    GET(IFM2_BROADCAST, BROADCAST_W, &value);
    map->broadcast_w = value == U55_BROADCAST_MODE_ENABLE;
    GET(IFM2_BROADCAST, BROADCAST_C, &value);
    map->broadcast_c = value == U55_BROADCAST_MODE_ENABLE;
    return read_map(machine, &ifm2_fields, map, error);
}

/* ADD and SUB; see elementwise_add.c. */
static ns_code read_operand_scales(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t mode, rounding, scale, shift, other;
    GET(IFM_PRECISION, SCALE_MODE, &mode);
    GET(IFM_PRECISION, ROUND_MODE, &rounding);
    GET(OPA_SCALE, SCALE, &scale);
    GET(OPA_SCALE, SHIFT, &shift);
    GET(OPB_SCALE, SCALE, &other);
    if (mode == U55_IFM_SCALE_MODE_OPA_OPB_16) {
        for (int i = 0; i < 2; i++) {
            out->operand_scaling[i] = NS_NPU_OPERAND_MULTIPLY;
            out->operand_scale[i].scale = (uint32_t)(i == 0 ? scale : other);
        }
        if (out->ifm.bytes > 2 && (scale != 1 || other != 1))
            return ns_npu_fault(machine, error, "OPA_SCALE %lld and OPB_SCALE %lld with 32-bit elements",
                                (long long)scale, (long long)other);
    } else {
        if (out->ifm.bytes > 2)
            return ns_npu_fault(machine, error, "IFM_PRECISION: a 32-bit operand scale with 32-bit elements");
        int scaled = mode == U55_IFM_SCALE_MODE_OPA_32 ? 0 : 1;
        int carried = out->ifm.bytes == 1 ? 20 : 15;
        out->operand_scaling[scaled] = NS_NPU_OPERAND_SCALE;
        out->operand_scale[scaled] =
            (ns_npu_scale){(uint32_t)scale, (int)shift, rounding_of(rounding), carried};
        out->operand_scaling[1 - scaled] = NS_NPU_OPERAND_SHIFT;
        out->operand_scale[1 - scaled].shift = carried - 1;
        /* Vela writes 2^19 or 2^14 modulo 2^16, or 0, where the shift is what it means. */
        if (other != 0 && other != 1 << (carried - 1))
            ns_npu_chip_rule(machine, NS_NPU_RULE_OPERAND_SHIFT, "OPB_SCALE is %lld, the shift is %d",
                             (long long)other, carried - 1);
    }
    bool scales = mode != U55_IFM_SCALE_MODE_OPA_OPB_16 || scale != 1 || other != 1;
    if (scales && out->ofm.bytes > 2)
        return ns_npu_chip_rule_refuse(machine, error, NS_NPU_RULE_SCALED_ADD_32,
                                       "OPA_SCALE is %lld, OPB_SCALE is %lld", (long long)scale,
                                       (long long)other);
    return NS_OK;
}

static ns_code read_elementwise(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                                ns_error *error)
{
    const ns_npu_table *table = machine->config->table;
    int64_t value, mode;
    value =
        ns_npu_field_of(&table->operation_fields[U55_OPFIELD_ELEMENTWISE_ELEMENTWISE_MODE], command->value);
    out->kind = NS_NPU_ELEMENTWISE;
    out->elementwise = (int)value;
    snprintf(out->name, sizeof out->name, "ELEMENTWISE %s",
             ns_npu_value_text(table, U55_ENUM_ELEMENTWISE_MODE, value));
    out->ifm.height = out->ofm.height;
    out->ifm.width = out->ofm.width;
    if (out->ifm.depth != out->ofm.depth)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_DEPTHS,
                                "IFM_DEPTH_M1 + 1 is %lld, but an elementwise OFM has depth %lld",
                                (long long)out->ifm.depth, (long long)out->ofm.depth);
    if (ns_npu_elementwise_operands(out->elementwise) == 2)
        NS_TRY(read_ifm2(machine, out, error));
    GET(OFM_PRECISION, SCALE_MODE, &mode);
    bool scaled = out->elementwise == NS_NPU_ELEMENTWISE_MUL || out->elementwise == NS_NPU_ELEMENTWISE_ADD ||
                  out->elementwise == NS_NPU_ELEMENTWISE_SUB || out->elementwise == NS_NPU_ELEMENTWISE_ABS ||
                  out->elementwise == NS_NPU_ELEMENTWISE_LRELU;
    if (scaled != (mode == U55_OFM_SCALE_MODE_GLOBAL))
        return ns_npu_unsupported(
            machine, error, "OFM_PRECISION: scale mode %s with %s, which no compiler emits; want %s",
            scaled ? "PER_CHANNEL" : "GLOBAL", out->name, scaled ? "GLOBAL" : "PER_CHANNEL");
    if (!scaled)
        return NS_OK;
    NS_TRY(read_ofm_scale(machine, out, error));
    ns_npu_set_mul_scale(out);
    if (out->elementwise == NS_NPU_ELEMENTWISE_LRELU) {
        out->operand_scale[1] = out->scale;
        return NS_OK;
    }
    out->scaling = NS_NPU_SCALING_GLOBAL;
    if (out->elementwise == NS_NPU_ELEMENTWISE_ADD || out->elementwise == NS_NPU_ELEMENTWISE_SUB)
        return read_operand_scales(machine, out, error);
    return NS_OK;
}

ns_code ns_npu_operation_u55(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                             ns_error *error)
{
    memset(out, 0, sizeof *out); /* padding too: the weights' order is compared as bytes */
    NS_TRY(read_common(machine, out, error));
    switch (command->index) {
    case U55_OP_CONV:
        return read_conv(machine, out, false, error);
    case U55_OP_DEPTHWISE:
        return read_conv(machine, out, true, error);
    case U55_OP_POOL:
        return read_pool(machine, command, out, error);
    default:
        return read_elementwise(machine, command, out, error);
    }
}
