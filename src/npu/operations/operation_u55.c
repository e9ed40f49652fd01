#include "npu/operations/internal.h"

#include <string.h>

#include "npu/operations/parts.h"
#include "npu/stream/registers.h"
#include "npu/watch/rules.h"
#include "npu/weights/interface.h"

/* Reads a field into an int64_t. */
#define GET(reg, name, out) NS_TRY(ns_npu_get(machine, U55_FIELD_##reg##_##name, (out), error))

static ns_code read_common(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t value, accumulator;
    NS_TRY(ns_npu_maps_u55(machine, out, error));
    GET(OFM_PRECISION, ROUND_MODE, &value);
    out->scale.rounding = ns_npu_rounding_u55(value);
    GET(ACC_FORMAT, ACC_FORMAT, &accumulator);
    if (accumulator == U55_ACC_FORMAT_F16)
        return ns_npu_unsupported(
            machine, error, "ACC_FORMAT F16, which nothing describes and no compiler emits; want I32 or I40");
    out->accumulator_bits = accumulator == U55_ACC_FORMAT_I40 ? 40 : 32;
    NS_TRY(ns_npu_read_block(machine, &ns_npu_fields_u55, out, error));
    NS_TRY(ns_npu_activation_u55(machine, out, error));
    ns_npu_drop_zero_point(out);
    return NS_OK;
}

static ns_code read_weights(ns_npu_machine *machine, ns_npu_operation *out, bool depthwise, ns_error *error)
{
    int64_t order, parallel = U55_PARALLEL_MODE_SINGLE_CORE;
    GET(KERNEL_STRIDE, WEIGHT_ORDER, &order);
    if (machine->config->cores > 1)
        GET(PARALLEL_MODE, PARALLEL_MODE, &parallel);
    const int cores = parallel == U55_PARALLEL_MODE_DUAL_CORE_DEPTH ? 2 : 1;
    ns_weight_order *weights = &out->weights;
    ns_npu_set_weight_geometry(out, depthwise, order == U55_WEIGHT_ORDER_PART_KERNEL_FIRST);
    weights->ofm_ublock_depth = ns_weights_ublock_depth_u55(machine->config->macs / machine->config->cores);
    weights->macs = machine->config->macs;
    weights->cores = cores;
    NS_TRY(ns_npu_read_weight_streams(machine, &ns_npu_fields_u55, cores, out, error));
    return ns_npu_scale_streams_u55(machine, out, cores, error);
}

static ns_code read_conv(ns_npu_machine *machine, ns_npu_operation *out, bool depthwise, ns_error *error)
{
    int64_t mode;
    NS_TRY(ns_npu_read_conv(machine, &ns_npu_fields_u55, depthwise, out, error));
    GET(OFM_PRECISION, SCALE_MODE, &mode);
    if (mode != U55_OFM_SCALE_MODE_PER_CHANNEL)
        return ns_npu_unsupported(
            machine, error,
            "OFM_PRECISION: a convolution with scale mode GLOBAL, which no compiler emits: "
            "nothing says where its bias would come from; want PER_CHANNEL");
    return read_weights(machine, out, depthwise, error);
}

static ns_code read_pool(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                         ns_error *error)
{
    int64_t mode;
    const int64_t pooling =
        ns_npu_read_mode(machine, command, "POOL", U55_OPFIELD_POOL_POOLING_MODE, U55_ENUM_POOLING_MODE, out);
    NS_TRY(ns_npu_read_kernel(machine, &ns_npu_fields_u55.kernel, out, error));
    GET(OFM_PRECISION, SCALE_MODE, &mode);
    bool global = mode == U55_OFM_SCALE_MODE_GLOBAL;
    bool padded = out->pad_top || out->pad_left || out->pad_right || out->pad_bottom;
    if (pooling != U55_POOLING_MODE_REDUCE_SUM)
        NS_TRY(ns_npu_check_depths(machine, out, "pooling", error));
    if (pooling == U55_POOLING_MODE_MAX) {
        out->kind = NS_NPU_POOL_MAX;
        if (global)
            NS_TRY(ns_npu_ofm_scale_u55(machine, out, error));
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
        return ns_npu_scale_streams_u55(machine, out, machine->config->cores, error);
    out->scaling = NS_NPU_SCALING_GLOBAL;
    return ns_npu_ofm_scale_u55(machine, out, error);
}

static ns_code read_elementwise(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                                ns_error *error)
{
    int64_t mode;
    out->kind = NS_NPU_ELEMENTWISE;
    out->elementwise =
        (int)ns_npu_read_mode(machine, command, "ELEMENTWISE", U55_OPFIELD_ELEMENTWISE_ELEMENTWISE_MODE,
                              U55_ENUM_ELEMENTWISE_MODE, out);
    out->ifm.height = out->ofm.height;
    out->ifm.width = out->ofm.width;
    NS_TRY(ns_npu_check_depths(machine, out, "an elementwise operation", error));
    if (ns_npu_elementwise_operands(out->elementwise) == 2)
        NS_TRY(ns_npu_ifm2_u55(machine, out, error));
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
    NS_TRY(ns_npu_ofm_scale_u55(machine, out, error));
    ns_npu_set_mul_scale(out);
    if (out->elementwise == NS_NPU_ELEMENTWISE_LRELU) {
        out->operand_scale[1] = out->scale;
        return NS_OK;
    }
    out->scaling = NS_NPU_SCALING_GLOBAL;
    if (out->elementwise == NS_NPU_ELEMENTWISE_ADD || out->elementwise == NS_NPU_ELEMENTWISE_SUB)
        return ns_npu_operand_scales_u55(machine, out, error);
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
