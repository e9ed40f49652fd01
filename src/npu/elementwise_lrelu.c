/* LRELU: a for a >= 0; a scaled by operand scale B for a < 0.
 *   U55, U65: a >= 0 is left alone, and B is OFM_SCALE, which holds alpha; the output stage does not scale.
 *   U85: IFM_SCALE for a >= 0 (applied by elementwise.c as operand scale A) does not fit this form; its
 *   family sets both scales here: A for a >= 0, B for a < 0.
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp, GenerateScalingForElementwise ("alpha"). */
#include "npu/elementwise.h"

ns_code ns_npu_elementwise_LRELU(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                                 const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)machine, (void)b, (void)error;
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] >= 0 ? a[i] : ns_npu_scale_value(a[i], &operation->operand_scale[1]);
    return NS_OK;
}
