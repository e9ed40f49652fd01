/* Elementwise comparisons: MIN, MAX, CMP_EQ, CMP_NE, CMP_GE, CMP_GT. */
#include "npu/operations/elementwise/functions.h"

/* MIN: the smaller of a and b; MAX: the larger. On U55 and U65 there is no scale: the scale mode says
 * PER_CHANNEL, and no scale stream exists.
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp, GenerateElementwiseOp. */
ns_code ns_npu_elementwise_MIN(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)machine, (void)operation, (void)error;
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] < b[i] ? a[i] : b[i];
    return NS_OK;
}

ns_code ns_npu_elementwise_MAX(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)machine, (void)operation, (void)error;
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] > b[i] ? a[i] : b[i];
    return NS_OK;
}

/* CMP_EQ, CMP_NE, CMP_GE, CMP_GT (Ethos-U85): all ones (-1) where a == b, a != b, a >= b, a > b, else 0.
 * Vela takes the lowest bit where it wants a boolean, and uses the whole as a mask for SELECT.
 * Source: Vela 5.1.0, regor/compiler/graphir_optimiser.cpp, RewriteSelect. */

#define COMPARE(NAME, operator)                                                                       \
    ns_code ns_npu_elementwise_##NAME(ns_npu_machine *machine, const ns_npu_operation *operation,     \
                                      const int64_t *a, const int64_t *b, int64_t *out, size_t count, \
                                      ns_error *error)                                                \
    {                                                                                                 \
        (void)machine, (void)operation, (void)error;                                                  \
        for (size_t i = 0; i < count; i++)                                                            \
            out[i] = a[i] operator b[i] ? -1 : 0;                                                     \
        return NS_OK;                                                                                 \
    }

COMPARE(CMP_EQ, ==)
COMPARE(CMP_NE, !=)
COMPARE(CMP_GE, >=)
COMPARE(CMP_GT, >)
