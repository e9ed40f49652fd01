/* Elementwise operations on bits: AND, OR, XOR, AND_NOT, NOT, CLZ, SHR, SHL, LSR. */
#include <inttypes.h>

#include "npu/operations/elementwise/functions.h"
#include "npu/watch/rules.h"

/* AND: a & b; OR: a | b; XOR: a ^ b; AND_NOT: a & ~b; NOT: ~a (Ethos-U85).
 * Source: Vela 5.1.0, ethos_u85_register_cs_generator.cpp, kElementwiseMap. */

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

/* CLZ: the number of leading zeros of a as a 32-bit word; 32 for a = 0.
 * Source: Vela 5.1.0, graphir_optimiser.cpp (TOSA CLZ is 32-bit only). */
ns_code ns_npu_elementwise_CLZ(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)machine, (void)operation, (void)b, (void)error;
    for (size_t i = 0; i < count; i++)
        out[i] = (uint32_t)a[i] ? __builtin_clz((uint32_t)a[i]) : 32;
    return NS_OK;
}

/* SHR: a >> b, arithmetic, after adding half of the last place where OFM's rounding is NATURAL or DBL
 *      (b > 0); TRUNCATE and to-lower floor.
 * SHL: a << b, of which the output keeps the low bits.
 * LSR (Ethos-U85): a >> b, with zeros from the left of a's own width.
 * b is 0 to 31 (0 to 63 for 64-bit elements); another count is a fault, for nothing says what the chip does.
 * Source: Vela 5.1.0, graphir_optimiser.cpp (TOSA ARITHMETIC_RIGHT_SHIFT with `round` becomes NATURAL). */

static ns_code check_counts(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *b,
                            size_t count, ns_error *error)
{
    int64_t limit = operation->ifm.bytes == 8 ? 63 : 31;
    for (size_t i = 0; i < count; i++)
        if (b[i] < 0 || b[i] > limit)
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_SHIFT_COUNT,
                                    "element %zu of a row is shifted by %" PRId64 "; want 0 to %" PRId64,
                                    machine->piece_start + i, b[i], limit);
    return NS_OK;
}

ns_code ns_npu_elementwise_SHR(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    NS_TRY(check_counts(machine, operation, b, count, error));
    bool floors = operation->scale.rounding == NS_NPU_ROUND_TO_ZERO ||
                  operation->scale.rounding == NS_NPU_ROUND_TO_LOWER;
    for (size_t i = 0; i < count; i++) {
        int64_t last = floors || b[i] == 0 ? 0 : a[i] >> (b[i] - 1) & 1;
        out[i] = (a[i] >> b[i]) + last;
    }
    return NS_OK;
}

ns_code ns_npu_elementwise_SHL(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    NS_TRY(check_counts(machine, operation, b, count, error));
    for (size_t i = 0; i < count; i++)
        out[i] = (int64_t)((uint64_t)a[i] << b[i]);
    return NS_OK;
}

ns_code ns_npu_elementwise_LSR(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    NS_TRY(check_counts(machine, operation, b, count, error));
    const uint64_t mask = UINT64_MAX >> (64 - 8 * operation->ifm.bytes);
    for (size_t i = 0; i < count; i++)
        out[i] = (int64_t)(((uint64_t)a[i] & mask) >> b[i]);
    return NS_OK;
}
