/* Results of elementwise operations that leave 64 bits. */
#ifndef NS_NPU_ELEMENTWISE_OVERFLOW_H
#define NS_NPU_ELEMENTWISE_OVERFLOW_H

#include "npu/machine.h"

/* A fault at the first element whose result leaves 64 bits, which only 64-bit operands, or scales that no
 * compiler emits, reach: nothing says what the chip gives then. `text` is "+", "-" or "*". */
ns_code ns_npu_elementwise_overflow(ns_npu_machine *machine, const int64_t *a, const int64_t *b, size_t count,
                                    const char *text, ns_error *error);

#endif
