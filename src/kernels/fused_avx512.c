/* fused_avx2.c's pairs, thirty-two int16 at a time. The other loops are AVX2's, but for TABLE
 * (table_avx512.c). */
#include <immintrin.h>

#include "kernels/rows.h"

#define ALWAYS static inline __attribute__((always_inline))

typedef struct scale_constants {
    __m512i multiplier, half, shift;
} scale_constants;

typedef struct pair_constants {
    scale_constants out, in[2]; /* in: of the operands' 2^16-fold, where they are scaled */
    __m512i down[2];            /* else from the 2^16-fold to the 2^left-fold */
} pair_constants;

/* For rescale_high_avx2.h's t = `shift`. */
ALWAYS scale_constants constants_of(int32_t multiplier, int shift)
{
    return (scale_constants){_mm512_set1_epi32(multiplier),
                             _mm512_set1_epi32((int32_t)(UINT32_C(1) << (shift - 33))),
                             _mm512_set1_epi32(shift - 32)};
}

ALWAYS __m512i scale(__m512i v, const scale_constants *c)
{
    const __m512i even = _mm512_mul_epi32(v, c->multiplier);
    const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(v, 32), c->multiplier);
    const __m512i upper = _mm512_mask_shuffle_epi32(odd, 0x5555, even, (_MM_PERM_ENUM)0xf5);
    return _mm512_srav_epi32(_mm512_add_epi32(upper, c->half), c->shift);
}

/* ns_fused_op, and ADD and SUB of operands that are scaled. */
enum { ADD_SCALED = NS_FUSED_MUL + 1, SUB_SCALED };

/* Operand `which`, of its 2^16-fold. */
ALWAYS __m512i operand(__m512i v, const int which, const int op, const pair_constants *c)
{
    return op >= ADD_SCALED ? scale(v, &c->in[which]) : _mm512_srav_epi32(v, c->down[which]);
}

ALWAYS __m512i combine(__m512i a, __m512i b, const int op, const pair_constants *c)
{
    a = operand(a, 0, op, c);
    b = operand(b, 1, op, c);
    return op == NS_FUSED_ADD || op == ADD_SCALED ? _mm512_add_epi32(a, b) : _mm512_sub_epi32(a, b);
}

ALWAYS __m512i thirty_two(__m512i a, __m512i b, const int op, const pair_constants *c)
{
    const __m512i none = _mm512_setzero_si512();
    __m512i low, high;
    if (op == NS_FUSED_MUL) {
        const __m512i lower = _mm512_mullo_epi16(a, b), upper = _mm512_mulhi_epi16(a, b);
        low = _mm512_unpacklo_epi16(lower, upper);
        high = _mm512_unpackhi_epi16(lower, upper);
    } else {
        low = combine(_mm512_unpacklo_epi16(none, a), _mm512_unpacklo_epi16(none, b), op, c);
        high = combine(_mm512_unpackhi_epi16(none, a), _mm512_unpackhi_epi16(none, b), op, c);
    }
    return _mm512_packs_epi32(scale(low, &c->out), scale(high, &c->out));
}

ALWAYS void pair_row(const int16_t *a, const int a_step, const int16_t *b, const int b_step, int16_t *out,
                     size_t count, const int op, const pair_constants *constants)
{
    const pair_constants c = *constants;
    const __m512i same_a = _mm512_set1_epi16(*a), same_b = _mm512_set1_epi16(*b);
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m512i x = a_step ? _mm512_loadu_si512(a + i) : same_a;
        const __m512i y = b_step ? _mm512_loadu_si512(b + i) : same_b;
        _mm512_storeu_si512(out + i, thirty_two(x, y, op, &c));
    }
    if (i == count)
        return;
    const __mmask32 some = ((__mmask32)1 << (count - i)) - 1;
    const __m512i x = a_step ? _mm512_maskz_loadu_epi16(some, a + i) : same_a;
    const __m512i y = b_step ? _mm512_maskz_loadu_epi16(some, b + i) : same_b;
    _mm512_mask_storeu_epi16(out + i, some, thirty_two(x, y, op, &c));
}

static void run_pair(const ns_fused_pair *pair, const int16_t *a, int a_step, const int16_t *b, int b_step,
                     int16_t *out, size_t count)
{
    pair_constants c = {
        .out = constants_of(pair->multiplier, pair->shift),
        .down = {_mm512_set1_epi32(16 - pair->left[0]), _mm512_set1_epi32(16 - pair->left[1])},
    };
    for (int k = 0; k < 2 && pair->is_scaled; k++)
        c.in[k] = constants_of(pair->in_multiplier[k], pair->in_shift[k] + 16);
#define STEPS(OP)                                 \
    if (a_step && b_step)                         \
        pair_row(a, 1, b, 1, out, count, OP, &c); \
    else if (a_step)                              \
        pair_row(a, 1, b, 0, out, count, OP, &c); \
    else if (b_step)                              \
        pair_row(a, 0, b, 1, out, count, OP, &c); \
    else                                          \
        pair_row(a, 0, b, 0, out, count, OP, &c);
    if (!count)
        return;
    if (pair->is_scaled && pair->op == NS_FUSED_ADD) {
        STEPS(ADD_SCALED)
    } else if (pair->is_scaled) {
        STEPS(SUB_SCALED)
    } else if (pair->op == NS_FUSED_ADD) {
        STEPS(NS_FUSED_ADD)
    } else if (pair->op == NS_FUSED_SUB) {
        STEPS(NS_FUSED_SUB)
    } else {
        STEPS(NS_FUSED_MUL)
    }
}

#define KERNELS(table)                                                                 \
    {                                                                                  \
        run_pair, table, ns_fused_sum_avx2, ns_fused_multiply_avx2, ns_fused_clip_avx2 \
    }

const ns_fused_kernels ns_fused_kernels_avx512 = KERNELS(ns_fused_table_avx512);
const ns_fused_kernels ns_fused_kernels_avx512vbmi = KERNELS(ns_fused_table_avx512vbmi);
