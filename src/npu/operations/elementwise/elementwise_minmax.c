/* MIN: the smaller of a and b; MAX: the larger. On U55 and U65 there is no scale: the scale mode says
 * PER_CHANNEL, and no scale stream exists.
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp, GenerateElementwiseOp. */
#include "npu/operations/elementwise/functions.h"

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
