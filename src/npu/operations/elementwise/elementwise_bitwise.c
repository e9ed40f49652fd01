/* AND: a & b; OR: a | b; XOR: a ^ b; AND_NOT: a & ~b; NOT: ~a (Ethos-U85).
 * Source: Vela 5.1.0, ethos_u85_register_cs_generator.cpp, kElementwiseMap. */
#include "npu/operations/elementwise/functions.h"

#define BITWISE(NAME, expression)                                                                     \
    ns_code ns_npu_elementwise_##NAME(ns_npu_machine *machine, const ns_npu_operation *operation,     \
                                      const int64_t *a, const int64_t *b, int64_t *out, size_t count, \
                                      ns_error *error)                                                \
    {                                                                                                 \
        (void)machine, (void)operation, (void)error, (void)b;                                         \
        for (size_t i = 0; i < count; i++)                                                            \
            out[i] = (expression);                                                                    \
        return NS_OK;                                                                                 \
    }

BITWISE(AND, a[i] & b[i])
BITWISE(OR, a[i] | b[i])
BITWISE(XOR, a[i] ^ b[i])
BITWISE(AND_NOT, a[i] & ~b[i])
BITWISE(NOT, ~a[i])
