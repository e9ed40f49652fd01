/* Source: Vela 5.1.0, ethos_u85_register_cs_generator.cpp, function by function the Generate... that has the
 * register's name. */
#include "npu/operations/internal.h"

#include <stdio.h>
#include <string.h>

#include "npu/operations/parts.h"
#include "npu/stream/registers.h"
#include "npu/watch/rules.h"
#include "npu/weights/interface.h"

/* Reads a field into an int64_t. */
#define GET(reg, name, out) NS_TRY(ns_npu_get(machine, U85_FIELD_##reg##_##name, (out), error))

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
    NS_TRY(ns_npu_ifm2_u85(machine, &out->ifm2, error));
    ns_npu_set_extent(&out->ifm2, &out->ofm);
    return NS_OK;
}

/* One scale for each channel. */
static ns_code read_scale_stream(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    return ns_npu_read_scale_stream(machine, &ns_npu_fields_u85,
                                    out->accumulator_bits == 48 ? NS_SCALES_U85_I48 : NS_SCALES_U85_I32, out,
                                    error);
}

static ns_code read_weights(ns_npu_machine *machine, ns_npu_operation *out, bool depthwise, ns_error *error)
{
    int64_t order, format, sparsity, micro_block;
    GET(KERNEL_STRIDE, WEIGHT_ORDER, &order);
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
    return ns_npu_read_weight_streams(machine, &ns_npu_fields_u85, machine->config->cores, out, error);
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
    NS_TRY(ns_npu_ifm2_u85(machine, &out->ifm2, error));
    if (out->ifm2.bytes > 2)
        return ns_npu_fault(machine, error, "IFM2_PRECISION: a convolution with weights of %d bits",
                            8 * out->ifm2.bytes);
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
    NS_TRY(ns_npu_read_conv(machine, &ns_npu_fields_u85, depthwise, out, error));
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
    int64_t mode;
    const int64_t pooling =
        ns_npu_read_mode(machine, command, "POOL", U85_OPFIELD_POOL_POOLING_MODE, U85_ENUM_POOLING_MODE, out);
    out->kind = kinds[pooling];
    out->divide_by_taps = pooling == U85_POOLING_MODE_AVERAGE;
    if (out->kind == NS_NPU_POOL_NONE) {
        /* The IFM's registers are dummies. */
        out->ifm.unused = true;
        if (out->accumulator_input == NS_NPU_ACCUMULATOR_RESET)
            return ns_npu_unsupported(machine, error, "POOL NONE of accumulators that begin with zero");
    } else {
        NS_TRY(ns_npu_read_kernel(machine, &ns_npu_fields_u85.kernel, out, error));
        if (out->kind != NS_NPU_REDUCE_SUM)
            NS_TRY(ns_npu_check_depths(machine, out, "pooling", error));
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

static ns_code read_elementwise(ns_npu_machine *machine, const ns_npu_command *command, ns_npu_operation *out,
                                ns_error *error)
{
    int64_t mode, broadcast;
    out->kind = NS_NPU_ELEMENTWISE;
    out->elementwise =
        (int)ns_npu_read_mode(machine, command, "ELEMENTWISE", U85_OPFIELD_ELEMENTWISE_ELEMENTWISE_MODE,
                              U85_ENUM_ELEMENTWISE_MODE, out);
    GET(OFM_PRECISION, SCALE_MODE, &mode);
    if (mode != U85_OFM_SCALE_MODE_GLOBAL)
        return ns_npu_unsupported(machine, error, "OFM_PRECISION: scale mode PER_CHANNEL with %s", out->name);
    const bool two = ns_npu_elementwise_operands(out->elementwise) == 2;
    GET(IFM_BROADCAST, BROADCAST_MODE, &broadcast);
    NS_TRY(ns_npu_broadcast_u85(machine, out, &out->ifm, broadcast, error));
    if (two) {
        out->has_ifm2 = true;
        NS_TRY(ns_npu_ifm2_u85(machine, &out->ifm2, error));
        GET(IFM2_BROADCAST, BROADCAST_MODE, &broadcast);
        NS_TRY(ns_npu_broadcast_u85(machine, out, &out->ifm2, broadcast, error));
    }
    out->scaling = NS_NPU_SCALING_GLOBAL;
    ns_npu_set_mul_scale(out);
    return ns_npu_operand_scales_u85(machine, out, two || out->elementwise == NS_NPU_ELEMENTWISE_LRELU,
                                     error);
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
    int64_t value;
    const int64_t mode = ns_npu_read_mode(machine, command, "RESIZE", U85_OPFIELD_RESIZE_RESIZE_MODE,
                                          U85_ENUM_RESIZE_MODE, out);
    out->kind = NS_NPU_RESIZE;
    out->resize_mode = mode == U85_RESIZE_MODE_BILINEAR    ? NS_NPU_RESIZE_BILINEAR
                       : mode == U85_RESIZE_MODE_REPLICATE ? NS_NPU_RESIZE_REPLICATE
                                                           : NS_NPU_RESIZE_NEAREST;
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
    NS_TRY(ns_npu_ofm_u85(machine, out, error));
    NS_TRY(ns_npu_ifm_u85(machine, &out->ifm, error));
    NS_TRY(read_accumulators(machine, out, error));
    NS_TRY(ns_npu_read_block(machine, &ns_npu_fields_u85, out, error));
    NS_TRY(ns_npu_activation_u85(machine, out, error));
    ns_npu_drop_zero_point(out);
    NS_TRY(ns_npu_ofm_scale_u85(machine, out, error));
    if (command->index == U85_OP_ELEMENTWISE)
        return read_elementwise(machine, command, out, error);
    NS_TRY(ns_npu_read_ifm_depth(machine, &ns_npu_fields_u85, out, error));
    switch (command->index) {
    case U85_OP_POOL:
        return read_pool(machine, command, out, error);
    case U85_OP_RESIZE:
        return read_resize(machine, command, out, error);
    default:
        return read_conv(machine, command, out, error);
    }
}
