#include "npu/operations/parts.h"

#include "npu/stream/registers.h"
#include "npu/watch/rules.h"

/* Reads a field into an int64_t. */
#define GET(reg, name, out) NS_TRY(ns_npu_get(machine, U55_FIELD_##reg##_##name, (out), error))

#define TABLE_SLOT 256
#define BANK 1024

ns_npu_rounding ns_npu_rounding_u55(int64_t mode)
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

ns_code ns_npu_ofm_scale_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t scale, shift;
    GET(OFM_SCALE, SCALE, &scale);
    GET(OFM_SCALE, SHIFT, &shift);
    out->scale.scale = (uint32_t)scale;
    out->scale.shift = (int)shift;
    return NS_OK;
}

ns_code ns_npu_scale_streams_u55(ns_npu_machine *machine, ns_npu_operation *out, int cores, ns_error *error)
{
    int64_t length;
    NS_TRY(ns_npu_read_scale_stream(machine, &ns_npu_fields_u55, NS_SCALES_U55, out, error));
    if (cores == 1)
        return NS_OK;
    out->scale_streams = cores;
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
    int64_t range;
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
    return ns_npu_read_clip(machine, &ns_npu_fields_u55, type->bits, type->is_signed, out, error);
}

ns_code ns_npu_activation_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
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

ns_code ns_npu_operand_scales_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
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
            (ns_npu_scale){(uint32_t)scale, (int)shift, ns_npu_rounding_u55(rounding), carried};
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
