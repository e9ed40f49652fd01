/* Source: Vela 5.1.0, ethos_u85_register_cs_generator.cpp, function by function the Generate... that has the
 * register's name. */
#include "npu/operations/operation_u85.h"

#include <stdio.h>
#include <string.h>

#include "npu/operations/activation.h"
#include "npu/operations/elementwise/elementwise.h"
#include "npu/operations/operation_common.h"
#include "npu/stream/registers_u85.h"
#include "npu/watch/chip_rules.h"
#include "npu/watch/undefined.h"
#include "npu/weights/weights.h"

/* Reads a field into an int64_t. */
#define GET(reg, name, out) NS_TRY(ns_npu_get(machine, U85_FIELD_##reg##_##name, (out), error))

static const ns_npu_map_fields ifm_fields = NS_NPU_MAP_FIELDS(U85_, IFM, false);
static const ns_npu_map_fields ifm2_fields = NS_NPU_MAP_FIELDS(U85_, IFM2, false);
static const ns_npu_map_fields ofm_fields = NS_NPU_MAP_FIELDS(U85_, OFM, true);
static const ns_npu_kernel_fields kernel_fields = NS_NPU_KERNEL_FIELDS(U85_);

/* ---- feature maps ---- */

/* The precision fields of IFM, IFM2 and OFM. */
typedef struct map_precision {
    int64_t type, bits, format, storage;
} map_precision;

/* Type, place and zero point. A chained map's region register holds the number of a chain buffer, and
 * neither bases nor strides are written for it. */
static ns_code read_map(ns_npu_machine *machine, const ns_npu_map_fields *fields,
                        const map_precision *precision, ns_npu_map *map, ns_error *error)
{
    map->name = fields->name;
    map->is_signed = precision->type == U85_ACTIVATION_TYPE_SIGNED;
    map->bytes = 1 << precision->bits;
    map->brick = precision->format == U85_ACTIVATION_FORMAT_NHCWB16;
    switch (precision->storage) {
    case U85_ACTIVATION_STORAGE_TILE2X2:
        NS_TRY(ns_npu_read_map(machine, fields, map, error));
        break;
    case U85_ACTIVATION_STORAGE_CHAINED: {
        int64_t buffer;
        NS_TRY(ns_npu_get(machine, fields->region, &buffer, error));
        map->chain = &machine->chains[buffer];
        break;
    }
    case U85_ACTIVATION_STORAGE_NONE:
        map->unused = true;
        break;
    default:
        return ns_npu_unsupported(machine, error, "%s_PRECISION: storage TILE3X1: no compiler emits it",
                                  fields->name);
    }
    return ns_npu_read_zero_point(machine, fields, map, error);
}

static ns_code read_layout(ns_npu_machine *machine, ns_npu_map *ofm, ns_error *error)
{
    static const int8_t orders[][3] = {
        [U85_ACTIVATION_TRANSPOSE_HWC] = {0, 1, 2}, [U85_ACTIVATION_TRANSPOSE_WHC] = {1, 0, 2},
        [U85_ACTIVATION_TRANSPOSE_HCW] = {0, 2, 1}, [U85_ACTIVATION_TRANSPOSE_WCH] = {1, 2, 0},
        [U85_ACTIVATION_TRANSPOSE_CHW] = {2, 0, 1}, [U85_ACTIVATION_TRANSPOSE_CWH] = {2, 1, 0},
    };
    int64_t transpose, reverse;
    GET(OFM_PRECISION, ACTIVATION_TRANSPOSE, &transpose);
    GET(OFM_PRECISION, ACTIVATION_REVERSE, &reverse);
    ofm->transposed = transpose != U85_ACTIVATION_TRANSPOSE_HWC;
    memcpy(ofm->stored_axis, orders[transpose], sizeof ofm->stored_axis);
    ofm->reversed = reverse != U85_ACTIVATION_REVERSE_NONE;
    ofm->reversed_axis = (int8_t)(reverse - U85_ACTIVATION_REVERSE_H);
    if (ofm->transposed + ofm->reversed + (ofm->chain != NULL) > 1)
        return ns_npu_fault(machine, error,
                            "OFM_PRECISION: transpose, reverse and chaining exclude each other");
    return NS_OK;
}

static ns_code read_ofm(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    map_precision ofm;
    GET(OFM_PRECISION, ACTIVATION_TYPE, &ofm.type);
    GET(OFM_PRECISION, ACTIVATION_PRECISION, &ofm.bits);
    GET(OFM_PRECISION, ACTIVATION_FORMAT, &ofm.format);
    GET(OFM_PRECISION, ACTIVATION_STORAGE, &ofm.storage);
    GET(OFM_HEIGHT_M1, HEIGHT_M1, &out->ofm.height);
    GET(OFM_WIDTH_M1, WIDTH_M1, &out->ofm.width);
    GET(OFM_DEPTH_M1, DEPTH_M1, &out->ofm.depth);
    out->ofm.height++;
    out->ofm.width++;
    out->ofm.depth++;
    NS_TRY(read_map(machine, &ofm_fields, &ofm, &out->ofm, error));
    return read_layout(machine, &out->ofm, error);
}

static ns_code read_ifm(ns_npu_machine *machine, ns_npu_map *map, ns_error *error)
{
    map_precision ifm;
    GET(IFM_PRECISION, ACTIVATION_TYPE, &ifm.type);
    GET(IFM_PRECISION, ACTIVATION_PRECISION, &ifm.bits);
    GET(IFM_PRECISION, ACTIVATION_FORMAT, &ifm.format);
    GET(IFM_PRECISION, ACTIVATION_STORAGE, &ifm.storage);
    return read_map(machine, &ifm_fields, &ifm, map, error);
}

static ns_code read_ifm2(ns_npu_machine *machine, ns_npu_map *map, ns_error *error)
{
    map_precision ifm2;
    GET(IFM2_PRECISION, ACTIVATION_TYPE, &ifm2.type);
    GET(IFM2_PRECISION, ACTIVATION_PRECISION, &ifm2.bits);
    GET(IFM2_PRECISION, ACTIVATION_FORMAT, &ifm2.format);
    GET(IFM2_PRECISION, ACTIVATION_STORAGE, &ifm2.storage);
    return read_map(machine, &ifm2_fields, &ifm2, map, error);
}

/* The depth register belongs to the IFM of operations with a kernel; elementwise operands have the OFM's. */
static ns_code read_ifm_depth(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t depth;
    GET(IFM_DEPTH_M1, DEPTH_M1, &depth);
    out->ifm.depth = depth + 1;
    return NS_OK;
}

static void set_extent(ns_npu_map *map, const ns_npu_map *like)
{
    map->height = like->height;
    map->width = like->width;
    map->depth = like->depth;
}

/* ---- scale and activation ---- */

static ns_npu_rounding ofm_rounding(int64_t mode)
{
    switch (mode) {
    case U85_ROUND_MODE_OFM_NATURAL:
        return NS_NPU_ROUND_NATURAL;
    case U85_ROUND_MODE_OFM_DOUBLE_ASYMMETRIC:
        return NS_NPU_ROUND_DOUBLE_ASYMMETRIC;
    case U85_ROUND_MODE_OFM_SYMMETRIC:
        return NS_NPU_ROUND_SYMMETRIC;
    case U85_ROUND_MODE_OFM_TRUNCATE_TO_ZERO:
        return NS_NPU_ROUND_TO_ZERO;
    case U85_ROUND_MODE_OFM_TRUNCATE_TO_LOWER:
        return NS_NPU_ROUND_TO_LOWER;
    default:
        return NS_NPU_ROUND_DOUBLE_SYMMETRIC;
    }
}

/* OFM_SCALE. With one scale per channel its multiplier and shift are a copy of channel 0's and only the
 * rounding counts. */
static ns_code read_ofm_scale(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t scale, shift, rounding, double_shift;
    GET(OFM_SCALE, SCALE, &scale);
    GET(OFM_SCALE, SHIFT, &shift);
    GET(OFM_SCALE, ROUND_MODE, &rounding);
    GET(OFM_SCALE, DBL_RND, &double_shift);
    out->scale = (ns_npu_scale){(uint32_t)scale, (int)shift, ofm_rounding(rounding), (int)double_shift};
    return NS_OK;
}

static ns_npu_scale operand_scale(int64_t scale, int64_t shift, int64_t rounding, int64_t double_shift)
{
    return (ns_npu_scale){(uint32_t)scale, (int)shift,
                          rounding == U85_ROUND_MODE_IFM_NATURAL ? NS_NPU_ROUND_NATURAL
                                                                 : NS_NPU_ROUND_DOUBLE_SYMMETRIC,
                          (int)double_shift};
}

static ns_code read_operand_scales(ns_npu_machine *machine, ns_npu_operation *out, bool both, ns_error *error)
{
    int64_t scale, shift, rounding, double_shift;
    GET(IFM_SCALE, SCALE, &scale);
    GET(IFM_SCALE, SHIFT, &shift);
    GET(IFM_SCALE, ROUND_MODE, &rounding);
    GET(IFM_SCALE, DBL_RND, &double_shift);
    out->operand_scale[0] = operand_scale(scale, shift, rounding, double_shift);
    out->operand_scaling[0] = NS_NPU_OPERAND_SCALE;
    if (!both)
        return NS_OK;
    GET(IFM2_SCALE, SCALE, &scale);
    GET(IFM2_SCALE, SHIFT, &shift);
    GET(IFM2_SCALE, ROUND_MODE, &rounding);
    GET(IFM2_SCALE, DBL_RND, &double_shift);
    out->operand_scale[1] = operand_scale(scale, shift, rounding, double_shift);
    out->operand_scaling[1] = NS_NPU_OPERAND_SCALE;
    return NS_OK;
}

static ns_code read_scale_stream(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t region, length;
    GET(SCALE_REGION, REGION, &region);
    GET(SCALE_BASE, ADDRESS, &out->scale_base[0]);
    GET(SCALE_LENGTH, LENGTH, &length);
    out->scaling = NS_NPU_SCALING_CHANNEL;
    out->scale_format = out->accumulator_bits == 48 ? NS_SCALES_U85_I48 : NS_SCALES_U85_I32;
    out->scale_region = (int)region;
    out->scale_streams = 1;
    out->scale_length[0] = (uint64_t)length;
    return NS_OK;
}

/* Kind of table, and the type of its index. */
typedef struct table_type {
    ns_npu_table_kind kind;
    int bits;
    bool is_signed;
} table_type;

static ns_code read_activation(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    static const table_type types[] = {
        [U85_ACTIVATION_FUNCTION_LUT_U8_U8] = {NS_NPU_TABLE_8_TO_8, 8, false},
        [U85_ACTIVATION_FUNCTION_LUT_S8_S8] = {NS_NPU_TABLE_8_TO_8, 8, true},
        [U85_ACTIVATION_FUNCTION_LUT_S8_S16] = {NS_NPU_TABLE_8_TO_16, 8, true},
        [U85_ACTIVATION_FUNCTION_LUT_S8_S32] = {NS_NPU_TABLE_8_TO_32, 8, true},
        [U85_ACTIVATION_FUNCTION_LUT_S16_S16] = {NS_NPU_TABLE_16_TO_16, 16, true},
        [U85_ACTIVATION_FUNCTION_LUT_S16_S32] = {NS_NPU_TABLE_16_TO_32, 16, true},
        [U85_ACTIVATION_FUNCTION_LUT_TANH] = {NS_NPU_TABLE_TANH, 16, true},
        [U85_ACTIVATION_FUNCTION_LUT_SIGMOID] = {NS_NPU_TABLE_SIGMOID, 16, true},
    };
    int64_t function, table, range, low, high;
    GET(ACTIVATION, ACTIVATION_FUNCTION, &function);
    GET(ACTIVATION, ACTIVATION_CLIP_RANGE, &range);
    table_type type = {NS_NPU_TABLE_NONE, 8 * out->ofm.bytes, out->ofm.is_signed};
    if (function != U85_ACTIVATION_FUNCTION_LUT_NONE) {
        GET(ACTIVATION, TABLE, &table);
        type = types[function];
        out->table = type.kind;
        out->table_signed = type.is_signed;
        out->table_address = (size_t)table * ns_npu_table_size(type.kind);
        if (ns_npu_table_is_curve(type.kind))
            NS_TRY(ns_npu_set_curve(machine, out, type.kind,
                                    type.kind == NS_NPU_TABLE_TANH ? "LUT_TANH" : "LUT_SIGMOID", error));
    }
    if (range == U85_ACTIVATION_CLIP_RANGE_NONE)
        return NS_OK;
    GET(ACTIVATION_MIN, CLIP_BOUNDARY, &low);
    GET(ACTIVATION_MAX, CLIP_BOUNDARY, &high);
    NS_TRY(ns_npu_set_clip(machine, out, type.bits < 16 ? type.bits : 16, type.is_signed, low, high, error));
    return NS_OK;
}

static ns_code read_accumulators(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t format, input, output;
    GET(ACC_FORMAT, ACC_FORMAT, &format);
    GET(ACC_FORMAT, ACC_INPUT, &input);
    GET(ACC_FORMAT, ACC_OUTPUT, &output);
    out->accumulator_bits = format == U85_ACC_FORMAT_I48 ? 48 : 32;
    out->accumulator_input = input == U85_ACC_INPUT_KEEP   ? NS_NPU_ACCUMULATOR_KEEP
                             : input == U85_ACC_INPUT_IFM2 ? NS_NPU_ACCUMULATOR_IFM2
                                                           : NS_NPU_ACCUMULATOR_RESET;
    out->accumulators_stay = output == U85_ACC_OUTPUT_DISABLE;
    if (out->accumulators_stay != out->ofm.unused)
        return ns_npu_fault(machine, error,
                            "ACC_FORMAT: output %s, but OFM_PRECISION's storage says that there is %s",
                            out->accumulators_stay ? "DISABLE" : "ENABLE", out->ofm.unused ? "none" : "one");
    if (out->accumulator_input != NS_NPU_ACCUMULATOR_IFM2)
        return NS_OK;
    out->has_ifm2 = true;
    NS_TRY(read_ifm2(machine, &out->ifm2, error));
    set_extent(&out->ifm2, &out->ofm);
    return NS_OK;
}

static ns_code read_block(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t value;
    GET(OFM_BLK_HEIGHT_M1, HEIGHT_M1, &value);
    out->block_height = (int)value + 1;
    GET(OFM_BLK_WIDTH_M1, WIDTH_M1, &value);
    out->block_width = (int)value + 1;
    GET(OFM_BLK_DEPTH_M1, DEPTH_M1, &value);
    out->block_depth = (int)value + 1;
    GET(BLOCKDEP, BLOCKDEP, &value);
    out->block_dependency = (int)value;
    return NS_OK;
}

/* ---- operations ---- */

static ns_code read_weights(ns_npu_machine *machine, ns_npu_operation *out, bool depthwise, ns_error *error)
{
    static const int bases[] = {U85_FIELD_WEIGHT_BASE_ADDRESS, U85_FIELD_WEIGHT1_BASE_ADDRESS,
                                U85_FIELD_WEIGHT2_BASE_ADDRESS, U85_FIELD_WEIGHT3_BASE_ADDRESS};
    static const int lengths[] = {U85_FIELD_WEIGHT_LENGTH_LENGTH, U85_FIELD_WEIGHT1_LENGTH_LENGTH,
                                  U85_FIELD_WEIGHT2_LENGTH_LENGTH, U85_FIELD_WEIGHT3_LENGTH_LENGTH};
    int64_t order, region, length, format, sparsity, micro_block;
    GET(KERNEL_STRIDE, WEIGHT_ORDER, &order);
    GET(WEIGHT_REGION, REGION, &region);
    GET(WEIGHT_FORMAT, WEIGHT_FORMAT, &format);
    GET(WEIGHT_FORMAT, WEIGHT_SPARSITY, &sparsity);
    GET(ACC_FORMAT, MICROBLOCK, &micro_block);
    ns_weight_order *weights = &out->weights;
    ns_npu_set_weight_geometry(out, depthwise, order == U85_WEIGHT_ORDER_PART_KERNEL_FIRST);
    weights->ofm_ublock_depth = ns_weights_ublock_depth_u85(machine->config->macs, (int)micro_block);
    weights->macs = machine->config->macs;
    weights->cores = machine->config->cores;
    weights->sparse = sparsity == U85_WEIGHT_SPARSITY_SPARSE_2_4;
    weights->fast = format == U85_WEIGHT_FORMAT_FWD;
    if (!weights->ofm_ublock_depth)
        return ns_npu_fault(machine, error, "ACC_FORMAT: %s has no micro-block %s", machine->config->text,
                            ns_npu_value_text(machine->config->table, U85_ENUM_MICROBLOCK, micro_block));
    out->weight_region = (int)region;
    for (int i = 0; i < machine->config->cores; i++) {
        NS_TRY(ns_npu_get(machine, lengths[i], &length, error));
        out->weight_length[i] = (uint64_t)length;
        if (length)
            NS_TRY(ns_npu_get(machine, bases[i], &out->weight_base[i], error));
    }
    return NS_OK;
}

/* A matrix product: IFM2 is read as [1, OFM depth, IFM depth] and has the place of the weights. */
static ns_code read_product(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    snprintf(out->name, sizeof out->name, "CONV IFM2");
    if (out->accumulator_input == NS_NPU_ACCUMULATOR_IFM2)
        return ns_npu_fault(machine, error,
                            "CONV: IFM2 is both the weights and what the accumulators begin with");
    if (out->kernel_height != 1 || out->kernel_width != 1)
        return ns_npu_unsupported(machine, error, "CONV: weights from IFM2 with a kernel of %d x %d",
                                  out->kernel_height, out->kernel_width);
    out->weights_from_ifm2 = out->has_ifm2 = true;
    NS_TRY(read_ifm2(machine, &out->ifm2, error));
    out->ifm2.height = 1;
    out->ifm2.width = out->ofm.depth;
    out->ifm2.depth = out->ifm.depth;
    return NS_OK;
}

static ns_code read_conv(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                         ns_error *error)
{
    const bool depthwise = command->index == U85_OP_DEPTHWISE;
    int64_t mode, from_ifm2 = 0;
    if (!depthwise)
        from_ifm2 = ns_npu_field_of(&machine->config->table->operation_fields[U85_OPFIELD_CONV_WEIGHTS_IFM2],
                                    command->value);
    out->kind = depthwise ? NS_NPU_DEPTHWISE : NS_NPU_CONV;
    snprintf(out->name, sizeof out->name, depthwise ? "DEPTHWISE" : "CONV");
    NS_TRY(ns_npu_read_kernel(machine, &kernel_fields, out, error));
    if (out->ifm.bytes > 2)
        return ns_npu_fault(machine, error, "IFM_PRECISION: a convolution of %d-bit elements",
                            8 * out->ifm.bytes);
    if (depthwise && out->ifm.depth != out->ofm.depth)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_DEPTHS,
                                "a depthwise convolution of depth %lld gives depth %lld",
                                (long long)out->ifm.depth, (long long)out->ofm.depth);
    GET(OFM_PRECISION, SCALE_MODE, &mode);
    if (from_ifm2) {
        NS_TRY(read_product(machine, out, error));
        out->scaling = NS_NPU_SCALING_GLOBAL;
        if (mode != U85_OFM_SCALE_MODE_GLOBAL)
            NS_TRY(read_scale_stream(machine, out, error));
        return NS_OK;
    }
    if (mode != U85_OFM_SCALE_MODE_PER_CHANNEL)
        return ns_npu_unsupported(machine, error,
                                  "OFM_PRECISION: a convolution with weights and a global scale: no compiler "
                                  "emits it, and nothing says where its bias would come from");
    NS_TRY(read_weights(machine, out, depthwise, error));
    return read_scale_stream(machine, out, error);
}

static ns_code read_pool(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                         ns_error *error)
{
    static const ns_npu_kind kinds[] = {
        [U85_POOLING_MODE_MAX] = NS_NPU_POOL_MAX,          [U85_POOLING_MODE_AVERAGE] = NS_NPU_POOL_AVERAGE,
        [U85_POOLING_MODE_REDUCE_SUM] = NS_NPU_REDUCE_SUM, [U85_POOLING_MODE_SUM] = NS_NPU_POOL_AVERAGE,
        [U85_POOLING_MODE_NONE] = NS_NPU_POOL_NONE,        [U85_POOLING_MODE_MIN] = NS_NPU_POOL_MIN,
        [U85_POOLING_MODE_ARGMAX_X] = NS_NPU_POOL_ARGMAX,  [U85_POOLING_MODE_ARGMAX_Y] = NS_NPU_POOL_ARGMAX,
    };
    const ns_npu_table *table = machine->config->table;
    int64_t mode;
    const int64_t pooling =
        ns_npu_field_of(&table->operation_fields[U85_OPFIELD_POOL_POOLING_MODE], command->value);
    snprintf(out->name, sizeof out->name, "POOL %s",
             ns_npu_value_text(table, U85_ENUM_POOLING_MODE, pooling));
    out->kind = kinds[pooling];
    out->divide_by_taps = pooling == U85_POOLING_MODE_AVERAGE;
    if (out->kind == NS_NPU_POOL_NONE) {
        /* The IFM's registers are dummies. */
        out->ifm.unused = true;
        if (out->accumulator_input == NS_NPU_ACCUMULATOR_RESET)
            return ns_npu_unsupported(machine, error, "POOL NONE of accumulators that begin with zero");
    } else {
        NS_TRY(ns_npu_read_kernel(machine, &kernel_fields, out, error));
        if (out->kind != NS_NPU_REDUCE_SUM && out->ifm.depth != out->ofm.depth)
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_DEPTHS,
                                    "pooling of depth %lld gives depth %lld", (long long)out->ifm.depth,
                                    (long long)out->ofm.depth);
        if (out->ifm.bytes > 4)
            return ns_npu_fault(machine, error, "IFM_PRECISION: %s of 64-bit elements", out->name);
    }
    if (out->kind == NS_NPU_POOL_ARGMAX) {
        const bool down = pooling == U85_POOLING_MODE_ARGMAX_Y;
        const int across = down ? out->kernel_width : out->kernel_height;
        if (across != 1 || out->pad_top || out->pad_bottom || out->pad_left || out->pad_right)
            return ns_npu_unsupported(machine, error, "POOL ARGMAX with a kernel of %d x %d or with padding",
                                      out->kernel_height, out->kernel_width);
    }
    GET(OFM_PRECISION, SCALE_MODE, &mode);
    if (mode != U85_OFM_SCALE_MODE_GLOBAL)
        return read_scale_stream(machine, out, error);
    out->scaling = NS_NPU_SCALING_GLOBAL;
    if (out->divide_by_taps && out->kernel_height * out->kernel_width > 1 &&
        (out->scale.scale != 1 || out->scale.shift != 0)) {
        ns_npu_chip_rule(machine, NS_NPU_RULE_AVERAGE_SCALE, "the kernel is %d x %d, OFM_SCALE %u >> %d",
                         out->kernel_height, out->kernel_width, out->scale.scale, out->scale.shift);
        out->scaling = NS_NPU_SCALING_NONE;
    }
    return NS_OK;
}

/* Broadcast of one operand: bits H, W and C, or a scalar from OP_SCALAR. */
static ns_code set_broadcast(ns_npu_machine *machine, ns_npu_operation *out, ns_npu_map *map, int64_t mode,
                             ns_error *error)
{
    int64_t scalar;
    set_extent(map, &out->ofm);
    map->broadcast_h = mode & U85_BROADCAST_MODE_H;
    map->broadcast_w = mode & U85_BROADCAST_MODE_W;
    map->broadcast_c = mode & U85_BROADCAST_MODE_C;
    map->scalar = mode == U85_BROADCAST_MODE_SCALAR;
    if (map->scalar != map->unused)
        return ns_npu_fault(machine, error, "%s_BROADCAST and %s_PRECISION's storage disagree on a scalar",
                            map->name, map->name);
    if (!map->scalar)
        return NS_OK;
    map->unused = false;
    GET(OP_SCALAR, SCALAR, &scalar);
    const int spare = 64 - 8 * (map->bytes < 4 ? map->bytes : 4);
    map->scalar_value = map->is_signed ? (int64_t)((uint64_t)scalar << spare) >> spare
                                       : (int64_t)((uint64_t)scalar << spare >> spare);
    return NS_OK;
}

static ns_code read_elementwise(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                                ns_error *error)
{
    const ns_npu_table *table = machine->config->table;
    int64_t mode, broadcast;
    const int64_t value =
        ns_npu_field_of(&table->operation_fields[U85_OPFIELD_ELEMENTWISE_ELEMENTWISE_MODE], command->value);
    out->kind = NS_NPU_ELEMENTWISE;
    out->elementwise = (int)value;
    snprintf(out->name, sizeof out->name, "ELEMENTWISE %s",
             ns_npu_value_text(table, U85_ENUM_ELEMENTWISE_MODE, value));
    GET(OFM_PRECISION, SCALE_MODE, &mode);
    if (mode != U85_OFM_SCALE_MODE_GLOBAL)
        return ns_npu_unsupported(machine, error, "OFM_PRECISION: scale mode PER_CHANNEL with %s", out->name);
    const bool two = ns_npu_elementwise_operands(out->elementwise) == 2;
    GET(IFM_BROADCAST, BROADCAST_MODE, &broadcast);
    NS_TRY(set_broadcast(machine, out, &out->ifm, broadcast, error));
    if (two) {
        out->has_ifm2 = true;
        NS_TRY(read_ifm2(machine, &out->ifm2, error));
        GET(IFM2_BROADCAST, BROADCAST_MODE, &broadcast);
        NS_TRY(set_broadcast(machine, out, &out->ifm2, broadcast, error));
    }
    out->scaling = NS_NPU_SCALING_GLOBAL;
    ns_npu_set_mul_scale(out);
    return read_operand_scales(machine, out, two || out->elementwise == NS_NPU_ELEMENTWISE_LRELU, error);
}

static ns_code read_resize_axis(ns_npu_machine *machine, const int *fields, ns_npu_resize_axis *axis,
                                ns_error *error)
{
    int64_t n, whole, part, offset;
    NS_TRY(ns_npu_get(machine, fields[0], &n, error));
    NS_TRY(ns_npu_get(machine, fields[1], &whole, error));
    NS_TRY(ns_npu_get(machine, fields[2], &part, error));
    NS_TRY(ns_npu_get(machine, fields[3], &offset, error));
    *axis = (ns_npu_resize_axis){(int)n + 1, (int)(whole * (n + 1) + part), (int)offset};
    return NS_OK;
}

static ns_code read_resize(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                           ns_error *error)
{
    static const int y[] = {U85_FIELD_RESIZE_Y_SCALE_N_M1_RESIZE_Y_SCALE_N_M1,
                            U85_FIELD_RESIZE_Y_STEP_ONE_STEP_INT, U85_FIELD_RESIZE_Y_STEP_ONE_STEP_MOD,
                            U85_FIELD_RESIZE_Y_OFFSET_RESIZE_Y_OFFSET};
    static const int x[] = {U85_FIELD_RESIZE_X_SCALE_N_M1_RESIZE_X_SCALE_N_M1,
                            U85_FIELD_RESIZE_X_STEP_ONE_STEP_INT, U85_FIELD_RESIZE_X_STEP_ONE_STEP_MOD,
                            U85_FIELD_RESIZE_X_OFFSET_RESIZE_X_OFFSET};
    const ns_npu_table *table = machine->config->table;
    int64_t value;
    const int64_t mode =
        ns_npu_field_of(&table->operation_fields[U85_OPFIELD_RESIZE_RESIZE_MODE], command->value);
    out->kind = NS_NPU_RESIZE;
    out->resize_mode = mode == U85_RESIZE_MODE_BILINEAR    ? NS_NPU_RESIZE_BILINEAR
                       : mode == U85_RESIZE_MODE_REPLICATE ? NS_NPU_RESIZE_REPLICATE
                                                           : NS_NPU_RESIZE_NEAREST;
    snprintf(out->name, sizeof out->name, "RESIZE %s", ns_npu_value_text(table, U85_ENUM_RESIZE_MODE, mode));
    /* The kernel registers hold the IFM's extent. */
    GET(KERNEL_HEIGHT_M1, HEIGHT_M1, &value);
    out->ifm.height = value + 1;
    GET(KERNEL_WIDTH_M1, WIDTH_M1, &value);
    out->ifm.width = value + 1;
    if (out->ifm.bytes > 2 || out->ifm.depth != out->ofm.depth)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_DEPTHS,
                                "RESIZE of %d-bit elements, depth %lld to %lld", 8 * out->ifm.bytes,
                                (long long)out->ifm.depth, (long long)out->ofm.depth);
    out->scaling = NS_NPU_SCALING_GLOBAL;
    NS_TRY(read_resize_axis(machine, y, &out->resize_y, error));
    return read_resize_axis(machine, x, &out->resize_x, error);
}

ns_code ns_npu_operation_u85(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                             ns_error *error)
{
    memset(out, 0, sizeof *out); /* padding too: the weights' order is compared as bytes */
    NS_TRY(read_ofm(machine, out, error));
    NS_TRY(read_ifm(machine, &out->ifm, error));
    NS_TRY(read_accumulators(machine, out, error));
    NS_TRY(read_block(machine, out, error));
    NS_TRY(read_activation(machine, out, error));
    ns_npu_drop_zero_point(out);
    NS_TRY(read_ofm_scale(machine, out, error));
    if (command->index == U85_OP_ELEMENTWISE)
        return read_elementwise(machine, command, out, error);
    NS_TRY(read_ifm_depth(machine, out, error));
    switch (command->index) {
    case U85_OP_POOL:
        return read_pool(machine, command, out, error);
    case U85_OP_RESIZE:
        return read_resize(machine, command, out, error);
    default:
        return read_conv(machine, command, out, error);
    }
}
