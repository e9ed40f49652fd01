/* CLZ: the number of leading zeros of a as a 32-bit word; 32 for a = 0.
 * Source: Vela 5.1.0, graphir_optimiser.cpp (TOSA CLZ is 32-bit only). */
#include "npu/operations/elementwise/functions.h"

ns_code ns_npu_elementwise_CLZ(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)machine, (void)operation, (void)b, (void)error;
    for (size_t i = 0; i < count; i++)
        out[i] = (uint32_t)a[i] ? __builtin_clz((uint32_t)a[i]) : 32;
    return NS_OK;
}
