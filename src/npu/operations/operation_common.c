#include "npu/operations/operation_common.h"

#include <stdio.h>

#include "npu/operations/internal.h"
#include "npu/watch/rules.h"

ns_code ns_npu_read_precision(ns_npu_machine *machine, const ns_npu_map_fields *fields, ns_npu_map *map,
                              ns_error *error)
{
    int64_t type, precision, format;
    NS_TRY(ns_npu_get(machine, fields->type, &type, error));
    NS_TRY(ns_npu_get(machine, fields->precision, &precision, error));
    NS_TRY(ns_npu_get(machine, fields->format, &format, error));
    map->name = fields->name;
    map->is_signed = type == fields->is_signed;
    map->bytes = 1 << precision;
    map->brick = format == fields->brick;
    return NS_OK;
}

ns_code ns_npu_read_zero_point(ns_npu_machine *machine, const ns_npu_map_fields *fields, ns_npu_map *map,
                               ns_error *error)
{
    int64_t value;
    NS_TRY(ns_npu_get(machine, fields->zero_point, &value, error));
    if (map->bytes == 2 && !map->is_signed)
        value &= 0xffff;
    if (map->bytes > 2 && value != 0 && !fields->is_output)
        return ns_npu_fault(machine, error, "%s_ZERO_POINT is %lld, but 32-bit elements have no zero point",
                            fields->name, (long long)value);
    map->zero_point = (int32_t)value;
    return NS_OK;
}

ns_code ns_npu_set_curve(ns_npu_machine *machine, ns_npu_operation *out, ns_npu_table_kind kind,
                         const char *name, ns_error *error)
{
    if (out->ofm.bytes != 2 || !out->ofm.is_signed || out->ofm.zero_point != 0)
        return ns_npu_unsupported(
            machine, error,
            "ACTIVATION: %s with %s%d-bit OFM and zero point %d: known for int16 and zero "
            "point 0 only, which is what Vela emits it for",
            name, out->ofm.is_signed ? "a signed " : "an unsigned ", 8 * out->ofm.bytes,
            (int)out->ofm.zero_point);
    out->table = kind;
    return NS_OK;
}

void ns_npu_drop_zero_point(ns_npu_operation *out)
{
    if (out->ofm.bytes > 2 && out->table == NS_NPU_TABLE_NONE)
        out->ofm.zero_point = 0;
}

void ns_npu_set_mul_scale(ns_npu_operation *out)
{
    if (out->elementwise == NS_NPU_ELEMENTWISE_MUL && out->ifm.bytes > 2)
        out->scale.scale = 1;
}

ns_code ns_npu_read_map(ns_npu_machine *machine, const ns_npu_map_fields *fields, ns_npu_map *map,
                        ns_error *error)
{
    int64_t value;
    NS_TRY(ns_npu_get(machine, fields->region, &value, error));
    map->region = (int)value;
    for (int i = 0; i < 4; i++)
        NS_TRY(ns_npu_get(machine, fields->base[i], &map->base[i], error));
    NS_TRY(ns_npu_get(machine, fields->stride_x, &map->stride_x, error));
    NS_TRY(ns_npu_get(machine, fields->stride_y, &map->stride_y, error));
    NS_TRY(ns_npu_get(machine, fields->stride_c, &map->stride_c, error));
    NS_TRY(ns_npu_get(machine, fields->width0, &map->width0, error));
    NS_TRY(ns_npu_get(machine, fields->height0, &map->height0, error));
    NS_TRY(ns_npu_get(machine, fields->height1, &map->height1, error));
    map->width0++;
    map->height0++;
    map->height1++;
    return NS_OK;
}

/* Strides take 1 bit of their register each, and a second one elsewhere. */
static ns_code read_stride(ns_npu_machine *machine, int low_field, int high_field, int *out, ns_error *error)
{
    int64_t low, high;
    NS_TRY(ns_npu_get(machine, low_field, &low, error));
    NS_TRY(ns_npu_get(machine, high_field, &high, error));
    *out = (int)(high * 2 + low) + 1;
    return NS_OK;
}

static ns_code read_int(ns_npu_machine *machine, int field, int *out, ns_error *error)
{
    int64_t value;
    NS_TRY(ns_npu_get(machine, field, &value, error));
    *out = (int)value;
    return NS_OK;
}

ns_code ns_npu_read_kernel(ns_npu_machine *machine, const ns_npu_kernel_fields *fields, ns_npu_operation *out,
                           ns_error *error)
{
    int64_t width, height, dilation_x, dilation_y, decomposition, upscale;
    NS_TRY(ns_npu_get(machine, fields->width, &width, error));
    NS_TRY(ns_npu_get(machine, fields->height, &height, error));
    NS_TRY(ns_npu_get(machine, fields->dilation_x, &dilation_x, error));
    NS_TRY(ns_npu_get(machine, fields->dilation_y, &dilation_y, error));
    NS_TRY(ns_npu_get(machine, fields->decomposition, &decomposition, error));
    NS_TRY(ns_npu_get(machine, fields->upscale, &upscale, error));
    NS_TRY(read_stride(machine, fields->stride_x_low, fields->stride_x_high, &out->stride_x, error));
    NS_TRY(read_stride(machine, fields->stride_y_low, fields->stride_y_high, &out->stride_y, error));
    out->dilation_x = (int)dilation_x + 1;
    out->dilation_y = (int)dilation_y + 1;
    if (decomposition != 0)
        return ns_npu_unsupported(
            machine, error,
            "KERNEL_STRIDE: decomposition 4 x 4, which nothing describes and no compiler emits; want 8 x 8");
    out->kernel_width = (int)width / out->dilation_x + 1;
    out->kernel_height = (int)height / out->dilation_y + 1;
    NS_TRY(read_int(machine, fields->pad_top, &out->pad_top, error));
    NS_TRY(read_int(machine, fields->pad_left, &out->pad_left, error));
    NS_TRY(read_int(machine, fields->pad_right, &out->pad_right, error));
    NS_TRY(read_int(machine, fields->pad_bottom, &out->pad_bottom, error));
    out->ifm.upscale = (ns_npu_upscale)upscale;
    out->ifm.height = (out->ofm.height - 1) * out->stride_y + height + 1 - out->pad_top - out->pad_bottom;
    out->ifm.width = (out->ofm.width - 1) * out->stride_x + width + 1 - out->pad_left - out->pad_right;
    /* None at all is right: Vela takes large strides and dilations apart into convolutions of single taps,
     * and the taps of one may all lie in the padding. */
    if (out->ifm.height < 0 || out->ifm.width < 0)
        return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_EMPTY_EXTENT,
                                "IFM_PAD_*: the pads leave an IFM of %lld x %lld", (long long)out->ifm.height,
                                (long long)out->ifm.width);
    return NS_OK;
}

ns_code ns_npu_read_clip(ns_npu_machine *machine, const ns_npu_operation_fields *fields, int bits,
                         bool is_signed, ns_npu_operation *out, ns_error *error)
{
    int64_t low, high;
    NS_TRY(ns_npu_get(machine, fields->clip_low, &low, error));
    NS_TRY(ns_npu_get(machine, fields->clip_high, &high, error));
    if (!is_signed) {
        low &= 0xffff;
        high &= 0xffff;
    }
    int64_t type_low = is_signed ? -((int64_t)1 << (bits - 1)) : 0;
    int64_t type_high = ((int64_t)1 << (bits - is_signed)) - 1;
    out->clip = true;
    out->clip_low = low > type_low ? low : type_low;
    out->clip_high = high < type_high ? high : type_high;
    if (out->clip_low > out->clip_high)
        return ns_npu_fault(machine, error, "ACTIVATION_MIN %lld is above ACTIVATION_MAX %lld",
                            (long long)low, (long long)high);
    return NS_OK;
}

static ns_code read_extent(ns_npu_machine *machine, int field, int64_t *out, ns_error *error)
{
    NS_TRY(ns_npu_get(machine, field, out, error));
    ++*out;
    return NS_OK;
}

ns_code ns_npu_read_ofm_extent(ns_npu_machine *machine, const ns_npu_operation_fields *fields,
                               ns_npu_operation *out, ns_error *error)
{
    NS_TRY(read_extent(machine, fields->ofm_height, &out->ofm.height, error));
    NS_TRY(read_extent(machine, fields->ofm_width, &out->ofm.width, error));
    return read_extent(machine, fields->ofm_depth, &out->ofm.depth, error);
}

ns_code ns_npu_read_ifm_depth(ns_npu_machine *machine, const ns_npu_operation_fields *fields,
                              ns_npu_operation *out, ns_error *error)
{
    return read_extent(machine, fields->ifm_depth, &out->ifm.depth, error);
}

ns_code ns_npu_read_block(ns_npu_machine *machine, const ns_npu_operation_fields *fields,
                          ns_npu_operation *out, ns_error *error)
{
    NS_TRY(read_int(machine, fields->block_height, &out->block_height, error));
    NS_TRY(read_int(machine, fields->block_width, &out->block_width, error));
    NS_TRY(read_int(machine, fields->block_depth, &out->block_depth, error));
    out->block_height++;
    out->block_width++;
    out->block_depth++;
    return read_int(machine, fields->block_dependency, &out->block_dependency, error);
}

int64_t ns_npu_read_mode(const ns_npu_machine *machine, const ns_npu_command *command, const char *prefix,
                         int operation_field, int enum_index, ns_npu_operation *out)
{
    const ns_npu_table *table = machine->config->table;
    const int64_t mode = ns_npu_field_of(&table->operation_fields[operation_field], command->value);
    snprintf(out->name, sizeof out->name, "%s %s", prefix, ns_npu_value_text(table, enum_index, mode));
    return mode;
}

ns_code ns_npu_check_depths(ns_npu_machine *machine, const ns_npu_operation *operation, const char *what,
                            ns_error *error)
{
    if (operation->ifm.depth == operation->ofm.depth)
        return NS_OK;
    return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_DEPTHS, "%s of depth %lld gives depth %lld",
                            what, (long long)operation->ifm.depth, (long long)operation->ofm.depth);
}

ns_code ns_npu_read_conv(ns_npu_machine *machine, const ns_npu_operation_fields *fields, bool depthwise,
                         ns_npu_operation *out, ns_error *error)
{
    out->kind = depthwise ? NS_NPU_DEPTHWISE : NS_NPU_CONV;
    snprintf(out->name, sizeof out->name, depthwise ? "DEPTHWISE" : "CONV");
    NS_TRY(ns_npu_read_kernel(machine, &fields->kernel, out, error));
    if (out->ifm.bytes > 2)
        return ns_npu_fault(machine, error, "IFM_PRECISION: a convolution of %d-bit elements",
                            8 * out->ifm.bytes);
    return depthwise ? ns_npu_check_depths(machine, out, "a depthwise convolution", error) : NS_OK;
}

ns_code ns_npu_read_weight_streams(ns_npu_machine *machine, const ns_npu_operation_fields *fields,
                                   int streams, ns_npu_operation *out, ns_error *error)
{
    NS_TRY(read_int(machine, fields->weight_region, &out->weight_region, error));
    for (int i = 0; i < streams; i++) {
        int64_t length;
        NS_TRY(ns_npu_get(machine, fields->weight_length[i], &length, error));
        out->weight_length[i] = (uint64_t)length;
        if (length)
            NS_TRY(ns_npu_get(machine, fields->weight_base[i], &out->weight_base[i], error));
    }
    return NS_OK;
}

ns_code ns_npu_read_scale_stream(ns_npu_machine *machine, const ns_npu_operation_fields *fields,
                                 ns_scale_format format, ns_npu_operation *out, ns_error *error)
{
    int64_t length;
    out->scaling = NS_NPU_SCALING_CHANNEL;
    out->scale_format = format;
    out->scale_streams = 1;
    NS_TRY(read_int(machine, fields->scale_region, &out->scale_region, error));
    NS_TRY(ns_npu_get(machine, fields->scale_base, &out->scale_base[0], error));
    NS_TRY(ns_npu_get(machine, fields->scale_length, &length, error));
    out->scale_length[0] = (uint64_t)length;
    return NS_OK;
}

void ns_npu_set_weight_geometry(ns_npu_operation *out, bool depthwise, bool part_kernel)
{
    ns_weight_order *weights = &out->weights;
    weights->traversal = depthwise     ? NS_WEIGHTS_DEPTHWISE
                         : part_kernel ? NS_WEIGHTS_PART_KERNEL
                                       : NS_WEIGHTS_DEPTH_FIRST;
    weights->ofm_depth = (int)out->ofm.depth;
    weights->kernel_height = out->kernel_height;
    weights->kernel_width = out->kernel_width;
    weights->ifm_depth = depthwise ? 1 : (int)out->ifm.depth;
    weights->dilation_y = out->dilation_y;
    weights->dilation_x = out->dilation_x;
    weights->stride_y = out->stride_y;
    weights->stride_x = out->stride_x;
    weights->ifm_bits = 8 * out->ifm.bytes;
    weights->ofm_block_depth = out->block_depth;
}
