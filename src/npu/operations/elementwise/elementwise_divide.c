/* DIV (Ethos-U85): a / b, toward zero. A division by 0, and that of the smallest value by -1, are faults:
 * TOSA calls both errors, and nothing says what the chip gives. Source: TOSA 1.0, INTDIV; Vela 5.1.0,
 * ethos_u85_register_cs_generator.cpp, kElementwiseMap. */
#include <inttypes.h>

#include "npu/operations/elementwise/functions.h"
#include "npu/watch/undefined.h"

ns_code ns_npu_elementwise_DIV(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    const int64_t least = INT64_MIN >> (64 - 8 * operation->ifm.bytes);
    for (size_t i = 0; i < count; i++) {
        if (b[i] == 0 || (b[i] == -1 && a[i] == least))
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_DIVISION,
                                    "element %zu of a row: %" PRId64 " divided by %" PRId64, i, a[i], b[i]);
        out[i] = a[i] / b[i];
    }
    return NS_OK;
}
