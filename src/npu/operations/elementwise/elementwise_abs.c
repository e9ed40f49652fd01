/* ABS: |a|, then OFM_SCALE.
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp, GenerateElementwiseOp. */
#include "npu/operations/elementwise/functions.h"
#include "npu/watch/undefined.h"

ns_code ns_npu_elementwise_ABS(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)operation, (void)b;
    for (size_t i = 0; i < count; i++) {
        if (a[i] == INT64_MIN)
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_RESULT_RANGE,
                                    "element %zu of a row: |-2^63| leaves 64 bits", i);
        out[i] = a[i] < 0 ? -a[i] : a[i];
    }
    return NS_OK;
}
