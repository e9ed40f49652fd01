/* MUL: a * b, then OFM_SCALE; of 32-bit operands its shift only (ns_npu_set_mul_scale). Operands have at most
 * 33 bits (32-bit elements have no zero point, so 32), and the product at most 64. Source: Vela 5.1.0,
 * ethos_u55_register_cs_generator.cpp, GenerateScalingForElementwise. */
#include "npu/operations/elementwise/elementwise_overflow.h"
#include "npu/operations/elementwise/functions.h"

/* Added to a value of 32 bits, it leaves nothing above them. */
#define BIAS ((uint64_t)1 << 31)

ns_code ns_npu_elementwise_MUL(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    uint64_t wide = 0;
    for (size_t i = 0; operation->ifm.bytes > 4 && i < count; i++)
        wide |= ((uint64_t)a[i] + BIAS) | ((uint64_t)b[i] + BIAS);
    if (wide >> 32)
        NS_TRY(ns_npu_elementwise_overflow(machine, a, b, count, "*", error));
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] * b[i];
    return NS_OK;
}
