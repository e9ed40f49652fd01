/* LRELU: a scaled by operand scale A for a >= 0, by B for a < 0.
 *   U55, U65: a >= 0 is left alone, and B is OFM_SCALE, which holds alpha; the output stage does not scale.
 *   U85: A is IFM_SCALE, B is IFM2_SCALE.
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp and ethos_u85_register_cs_generator.cpp,
 * GenerateScalingForElementwise ("alpha"). */
#include "npu/operations/elementwise/functions.h"

ns_code ns_npu_elementwise_LRELU(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                                 const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)machine, (void)b, (void)error;
    const bool plain = operation->operand_scaling[0] == NS_NPU_OPERAND_PLAIN;
    for (size_t i = 0; i < count; i++)
        if (a[i] < 0)
            out[i] = ns_npu_scale_value(a[i], &operation->operand_scale[1]);
        else
            out[i] = plain ? a[i] : ns_npu_scale_value(a[i], &operation->operand_scale[0]);
    return NS_OK;
}
