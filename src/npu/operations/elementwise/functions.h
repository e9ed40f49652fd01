/* The functions of the elementwise modes: one row at a time, operands as 64-bit values less their zero
 * points, results before the output stage. */
#ifndef NS_NPU_ELEMENTWISE_FUNCTIONS_H
#define NS_NPU_ELEMENTWISE_FUNCTIONS_H

#include "npu/operations/operation.h"

typedef enum ns_npu_elementwise_mode {
#define NS_NPU_ELEMENTWISE(name, code, operands) NS_NPU_ELEMENTWISE_##name = code,
#include "npu/operations/elementwise/elementwise.def"
#undef NS_NPU_ELEMENTWISE
} ns_npu_elementwise_mode;

/* out[i] = f(a[i], b[i]); `out` may be `a`. One-operand operations ignore b (NULL). */
#define NS_NPU_ELEMENTWISE(name, code, operands)                                                      \
    ns_code ns_npu_elementwise_##name(ns_npu_machine *machine, const ns_npu_operation *operation,     \
                                      const int64_t *a, const int64_t *b, int64_t *out, size_t count, \
                                      ns_error *error);
#include "npu/operations/elementwise/elementwise.def"
#undef NS_NPU_ELEMENTWISE

#endif
