/* ADD: a + b; SUB: a - b; operands already scaled (elementwise.c), then OFM_SCALE.
 *   U55, U65, by IFM_PRECISION's scale mode: OPA_OPB_16: a * OPA_SCALE and b * OPB_SCALE, as integers;
 *   OPA_32: a scaled by OPA_SCALE in full (multiply, shift, round; the value carries a left shift of 20 for
 *   8-bit and 15 for 16-bit elements), b shifted left by 19 or 14; OPB_32 the other way round, with OPA_SCALE
 *   belonging to b. The fixed shift is the reading that makes TFLite's ADD exact (docs/chip-rules.md).
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp, GenerateScalingForElementwise;
 * tflite_scaling.cpp, ElementwiseAddSubScale. */
#include "npu/operations/elementwise/elementwise_overflow.h"
#include "npu/operations/elementwise/functions.h"

/* Negative where the result leaves 64 bits. */
static inline int64_t add_wraps(int64_t a, int64_t b)
{
    const int64_t sum = (int64_t)((uint64_t)a + (uint64_t)b);
    return (a ^ sum) & (b ^ sum);
}

static inline int64_t sub_wraps(int64_t a, int64_t b)
{
    return (a ^ b) & (a ^ (int64_t)((uint64_t)a - (uint64_t)b));
}

ns_code ns_npu_elementwise_ADD(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)operation;
    int64_t wrapped = 0;
    for (size_t i = 0; i < count; i++)
        wrapped |= add_wraps(a[i], b[i]);
    if (wrapped < 0)
        return ns_npu_elementwise_overflow(machine, a, b, count, "+", error);
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] + b[i];
    return NS_OK;
}

ns_code ns_npu_elementwise_SUB(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)operation;
    int64_t wrapped = 0;
    for (size_t i = 0; i < count; i++)
        wrapped |= sub_wraps(a[i], b[i]);
    if (wrapped < 0)
        return ns_npu_elementwise_overflow(machine, a, b, count, "-", error);
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] - b[i];
    return NS_OK;
}
