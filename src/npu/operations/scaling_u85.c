/* Source: Vela 5.1.0, ethos_u85_register_cs_generator.cpp, function by function the Generate... that has the
 * register's name. */
#include "npu/operations/parts.h"

#include "npu/operations/internal.h"
#include "npu/stream/registers.h"

/* Reads a field into an int64_t. */
#define GET(reg, name, out) NS_TRY(ns_npu_get(machine, U85_FIELD_##reg##_##name, (out), error))

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

ns_code ns_npu_ofm_scale_u85(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
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

ns_code ns_npu_operand_scales_u85(ns_npu_machine *machine, ns_npu_operation *out, bool both, ns_error *error)
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

/* Kind of table, and the type of its index. */
typedef struct table_type {
    ns_npu_table_kind kind;
    int bits;
    bool is_signed;
} table_type;

ns_code ns_npu_activation_u85(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
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
    int64_t function, table, range;
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
    return ns_npu_read_clip(machine, &ns_npu_fields_u85, type.bits < 16 ? type.bits : 16, type.is_signed, out,
                            error);
}
