/* Elementwise arithmetic: ADD, SUB, MUL, DIV, ABS, LRELU. */
#include <inttypes.h>

#include "npu/operations/elementwise/functions.h"
#include "npu/watch/rules.h"

static bool overflows(int64_t a, int64_t b, char operation)
{
    int64_t ignored;
    return operation == '+'   ? __builtin_add_overflow(a, b, &ignored)
           : operation == '-' ? __builtin_sub_overflow(a, b, &ignored)
                              : __builtin_mul_overflow(a, b, &ignored);
}

/* A fault at the first element whose result leaves 64 bits, which only 64-bit operands, or scales that no
 * compiler emits, reach: nothing says what the chip gives then. `text` is "+", "-" or "*". */
static ns_code refuse_overflow(ns_npu_machine *machine, const int64_t *a, const int64_t *b, size_t count,
                               const char *text, ns_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (overflows(a[i], b[i], *text))
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_RESULT_RANGE,
                                    "element %zu of a row: %" PRId64 " %s %" PRId64 " leaves 64 bits",
                                    machine->piece_start + i, a[i], text, b[i]);
    return NS_OK;
}

/* ADD: a + b; SUB: a - b; operands already scaled (elementwise.c), then OFM_SCALE.
 *   U55, U65, by IFM_PRECISION's scale mode: OPA_OPB_16: a * OPA_SCALE and b * OPB_SCALE, as integers;
 *   OPA_32: a scaled by OPA_SCALE in full (multiply, shift, round; the value carries a left shift of 20 for
 *   8-bit and 15 for 16-bit elements), b shifted left by 19 or 14; OPB_32 the other way round, with OPA_SCALE
 *   belonging to b. The fixed shift is the reading that makes TFLite's ADD exact (docs/chip-rules.md).
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp, GenerateScalingForElementwise;
 * tflite_scaling.cpp, ElementwiseAddSubScale. */

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
        return refuse_overflow(machine, a, b, count, "+", error);
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
        return refuse_overflow(machine, a, b, count, "-", error);
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] - b[i];
    return NS_OK;
}

/* MUL: a * b, then OFM_SCALE; of 32-bit operands its shift only (ns_npu_set_mul_scale). Operands have at most
 * 33 bits (32-bit elements have no zero point, so 32), and the product at most 64. Source: Vela 5.1.0,
 * ethos_u55_register_cs_generator.cpp, GenerateScalingForElementwise. */

/* Added to a value of 32 bits, it leaves nothing above them. */
#define BIAS ((uint64_t)1 << 31)

ns_code ns_npu_elementwise_MUL(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    uint64_t wide = 0;
    for (size_t i = 0; operation->ifm.bytes > 4 && i < count; i++)
        wide |= ((uint64_t)a[i] + BIAS) | ((uint64_t)b[i] + BIAS);
    if (wide >> 32)
        NS_TRY(refuse_overflow(machine, a, b, count, "*", error));
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] * b[i];
    return NS_OK;
}

/* DIV (Ethos-U85): a / b, toward zero. A division by 0, and that of the smallest value by -1, are faults:
 * TOSA calls both errors, and nothing says what the chip gives. Source: TOSA 1.0, INTDIV; Vela 5.1.0,
 * ethos_u85_register_cs_generator.cpp, kElementwiseMap. */
ns_code ns_npu_elementwise_DIV(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    const int64_t least = INT64_MIN >> (64 - 8 * operation->ifm.bytes);
    for (size_t i = 0; i < count; i++) {
        if (b[i] == 0 || (b[i] == -1 && a[i] == least))
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_DIVISION,
                                    "element %zu of a row: %" PRId64 " divided by %" PRId64,
                                    machine->piece_start + i, a[i], b[i]);
        out[i] = a[i] / b[i];
    }
    return NS_OK;
}

/* ABS: |a|, then OFM_SCALE.
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp, GenerateElementwiseOp. */
ns_code ns_npu_elementwise_ABS(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                               const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)operation, (void)b;
    for (size_t i = 0; i < count; i++) {
        if (a[i] == INT64_MIN)
            return ns_npu_undefined(machine, error, NS_NPU_UNDEFINED_RESULT_RANGE,
                                    "element %zu of a row: |-2^63| leaves 64 bits", machine->piece_start + i);
        out[i] = a[i] < 0 ? -a[i] : a[i];
    }
    return NS_OK;
}

/* LRELU: a scaled by operand scale A for a >= 0, by B for a < 0.
 *   U55, U65: a >= 0 is left alone, and B is OFM_SCALE, which holds alpha; the output stage does not scale.
 *   U85: A is IFM_SCALE, B is IFM2_SCALE.
 * Source: Vela 5.1.0, ethos_u55_register_cs_generator.cpp and ethos_u85_register_cs_generator.cpp,
 * GenerateScalingForElementwise ("alpha"). */
ns_code ns_npu_elementwise_LRELU(ns_npu_machine *machine, const ns_npu_operation *operation, const int64_t *a,
                                 const int64_t *b, int64_t *out, size_t count, ns_error *error)
{
    (void)machine, (void)b, (void)error;
    const bool plain = operation->operand_scaling[0] == NS_NPU_OPERAND_PLAIN;
    for (size_t i = 0; i < count; i++)
        if (a[i] < 0)
            out[i] = ns_npu_scale_value(a[i], &operation->operand_scale[1]);
        else
            out[i] = plain ? a[i] : ns_npu_scale_value(a[i], &operation->operand_scale[0]);
    return NS_OK;
}
