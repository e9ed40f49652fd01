/* fused.h, sixteen int16 at a time. Unpacked against zero a value is its 2^16-fold, in an order within each
 * half of the register that packing restores. */
#include <immintrin.h>
#include <string.h>

#include "kernels/rows.h"

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS __m256i load(const int16_t *from)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

ALWAYS void store(int16_t *to, __m256i values)
{
    _mm256_storeu_si256((__m256i *)(void *)to, values);
}

typedef struct scale_constants {
    __m256i multiplier, half;
    __m128i shift;
} scale_constants;

typedef struct pair_constants {
    scale_constants out, in[2]; /* in: of the operands' 2^16-fold, where they are scaled */
    __m128i down[2];            /* else from the 2^16-fold to the 2^left-fold */
} pair_constants;

/* For rescale_high_avx2.h's t = `shift`. */
ALWAYS scale_constants constants_of(int32_t multiplier, int shift)
{
    return (scale_constants){_mm256_set1_epi32(multiplier),
                             _mm256_set1_epi32((int32_t)(UINT32_C(1) << (shift - 33))),
                             _mm_cvtsi32_si128(shift - 32)};
}

/* rescale_high_avx2.h: (upper half of v * m, plus 2^(shift-33)) >> (shift - 32). */
ALWAYS __m256i scale(__m256i v, const scale_constants *c)
{
    const __m256i even = _mm256_mul_epi32(v, c->multiplier);
    const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(v, 32), c->multiplier);
    const __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    return _mm256_sra_epi32(_mm256_add_epi32(high, c->half), c->shift);
}

/* ns_fused_op, and ADD and SUB of operands that are scaled. */
enum { ADD_SCALED = NS_FUSED_MUL + 1, SUB_SCALED };

/* Operand `which`, of its 2^16-fold. */
ALWAYS __m256i operand(__m256i v, const int which, const int op, const pair_constants *c)
{
    return op >= ADD_SCALED ? scale(v, &c->in[which]) : _mm256_sra_epi32(v, c->down[which]);
}

ALWAYS __m256i combine(__m256i a, __m256i b, const int op, const pair_constants *c)
{
    a = operand(a, 0, op, c);
    b = operand(b, 1, op, c);
    return op == NS_FUSED_ADD || op == ADD_SCALED ? _mm256_add_epi32(a, b) : _mm256_sub_epi32(a, b);
}

ALWAYS __m256i sixteen(__m256i a, __m256i b, const int op, const pair_constants *c)
{
    const __m256i none = _mm256_setzero_si256();
    __m256i low, high;
    if (op == NS_FUSED_MUL) {
        const __m256i lower = _mm256_mullo_epi16(a, b), upper = _mm256_mulhi_epi16(a, b);
        low = _mm256_unpacklo_epi16(lower, upper);
        high = _mm256_unpackhi_epi16(lower, upper);
    } else {
        low = combine(_mm256_unpacklo_epi16(none, a), _mm256_unpacklo_epi16(none, b), op, c);
        high = combine(_mm256_unpackhi_epi16(none, a), _mm256_unpackhi_epi16(none, b), op, c);
    }
    return _mm256_packs_epi32(scale(low, &c->out), scale(high, &c->out));
}

/* The last elements in a whole vector; the rest of it is zero. */
ALWAYS __m256i load_some(const int16_t *from, size_t count)
{
    int16_t some[16] = {0};
    memcpy(some, from, count * sizeof *from);
    return load(some);
}

ALWAYS void pair_row(const int16_t *a, const int a_step, const int16_t *b, const int b_step, int16_t *out,
                     size_t count, const int op, const pair_constants *constants)
{
    const pair_constants c = *constants;
    const __m256i same_a = _mm256_set1_epi16(*a), same_b = _mm256_set1_epi16(*b);
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        store(out + i, sixteen(a_step ? load(a + i) : same_a, b_step ? load(b + i) : same_b, op, &c));
    if (i == count)
        return;
    int16_t some[16];
    const size_t left = count - i;
    store(some, sixteen(a_step ? load_some(a + i, left) : same_a, b_step ? load_some(b + i, left) : same_b,
                        op, &c));
    memcpy(out + i, some, left * sizeof *out);
}

static void run_pair(const ns_fused_pair *pair, const int16_t *a, int a_step, const int16_t *b, int b_step,
                     int16_t *out, size_t count)
{
    pair_constants c = {
        .out = constants_of(pair->multiplier, pair->shift),
        .down = {_mm_cvtsi32_si128(16 - pair->left[0]), _mm_cvtsi32_si128(16 - pair->left[1])},
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

/* Entry `index` and the next. */
ALWAYS int32_t entry(const int16_t *table, uint64_t indices, const int which)
{
    int32_t both;
    memcpy(&both, table + (uint16_t)(indices >> (16 * which)), sizeof both);
    return both;
}

/* Entries of four elements: loads are faster here than a gather. */
ALWAYS __m128i four_entries(const int16_t *table, uint64_t indices)
{
    return _mm_setr_epi32(entry(table, indices, 0), entry(table, indices, 1), entry(table, indices, 2),
                          entry(table, indices, 3));
}

/* slope * fraction + 64 >> 7 is (slope * (fraction * 2^8) + 2^14) >> 15, vpmulhrsw of 16 bits; the sum with
 * the base lies between two entries. */
ALWAYS __m256i look_up(const int16_t *table, __m256i x)
{
    const __m256i index = _mm256_srli_epi16(_mm256_xor_si256(x, _mm256_set1_epi16(INT16_MIN)), 7);
    uint64_t indices[4];
    _mm256_storeu_si256((__m256i *)(void *)indices, index);
    const __m256i first = _mm256_set_m128i(four_entries(table, indices[2]), four_entries(table, indices[0]));
    const __m256i second = _mm256_set_m128i(four_entries(table, indices[3]), four_entries(table, indices[1]));
    const __m256i lower = _mm256_set1_epi32(0xffff);
    const __m256i base = _mm256_packus_epi32(_mm256_and_si256(first, lower), _mm256_and_si256(second, lower));
    const __m256i next = _mm256_packus_epi32(_mm256_srli_epi32(first, 16), _mm256_srli_epi32(second, 16));
    const __m256i fraction = _mm256_slli_epi16(_mm256_and_si256(x, _mm256_set1_epi16(127)), 8);
    return _mm256_add_epi16(base, _mm256_mulhrs_epi16(_mm256_sub_epi16(next, base), fraction));
}

void ns_fused_table_avx2(const int16_t *table, const int16_t *in, int16_t *out, size_t count)
{
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        store(out + i, look_up(table, load(in + i)));
    if (i == count)
        return;
    int16_t some[16];
    store(some, look_up(table, load_some(in + i, count - i)));
    memcpy(out + i, some, (count - i) * sizeof *out);
}

ALWAYS int32_t add_lanes(__m256i v)
{
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}

/* Magnitudes of at most 2^15 add up to at most 2^30 for 2^15 elements. */
bool ns_fused_sum_avx2(const int16_t *in, size_t count, int left, int32_t *sum)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums = _mm256_setzero_si256(), magnitudes = sums;
    for (size_t i = 0; i < count; i += 16) {
        const __m256i x = count - i < 16 ? load_some(in + i, count - i) : load(in + i);
        const __m256i sign = _mm256_or_si256(_mm256_srai_epi16(x, 15), ones);
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(x, ones));
        magnitudes = _mm256_add_epi32(magnitudes, _mm256_madd_epi16(x, sign));
    }
    *sum = (int32_t)((uint32_t)add_lanes(sums) << left);
    return (int64_t)add_lanes(magnitudes) << left <= INT32_MAX;
}

/* A product fits where its upper half repeats the lower one's sign. */
bool ns_fused_multiply_avx2(const int32_t *a, const int32_t *b, int32_t *out, size_t count)
{
    __m256i off = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m256i x = load((const int16_t *)(const void *)(a + i));
        const __m256i y = load((const int16_t *)(const void *)(b + i));
        const __m256i even = _mm256_mul_epi32(x, y);
        const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(y, 32));
        const __m256i low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
        const __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
        off = _mm256_or_si256(off, _mm256_xor_si256(high, _mm256_srai_epi32(low, 31)));
        store((int16_t *)(void *)(out + i), low);
    }
    bool fits = _mm256_testz_si256(off, off);
    for (; i < count; i++) {
        const int64_t product = (int64_t)a[i] * b[i];
        out[i] = (int32_t)product;
        fits = fits && out[i] == product;
    }
    return fits;
}

size_t ns_fused_clip_avx2(int16_t *row, size_t count, int16_t low, int16_t high, bool *at_ends)
{
    const __m256i least = _mm256_set1_epi16(low), most = _mm256_set1_epi16(high);
    const __m256i first = _mm256_set1_epi16(INT16_MIN), last = _mm256_set1_epi16(INT16_MAX);
    __m256i ends = _mm256_setzero_si256(), outside = ends;
    const bool is_whole = low == INT16_MIN && high == INT16_MAX;
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const __m256i v = load(row + i);
        ends =
            _mm256_or_si256(ends, _mm256_or_si256(_mm256_cmpeq_epi16(v, first), _mm256_cmpeq_epi16(v, last)));
        if (is_whole)
            continue;
        const __m256i is_out =
            _mm256_or_si256(_mm256_cmpgt_epi16(least, v), _mm256_cmpgt_epi16(v, most)); /* 0 or -1 */
        outside = _mm256_sub_epi32(outside, _mm256_madd_epi16(is_out, _mm256_set1_epi16(1)));
        store(row + i, _mm256_min_epi16(_mm256_max_epi16(v, least), most));
    }
    size_t cut = (size_t)add_lanes(outside);
    *at_ends = !_mm256_testz_si256(ends, ends);
    for (; i < count; i++) {
        *at_ends = *at_ends || row[i] == INT16_MIN || row[i] == INT16_MAX;
        cut += row[i] < low || row[i] > high;
        row[i] = row[i] < low ? low : row[i] > high ? high : row[i];
    }
    return cut;
}

const ns_fused_kernels ns_fused_kernels_avx2 = {run_pair, ns_fused_table_avx2, ns_fused_sum_avx2,
                                                ns_fused_multiply_avx2, ns_fused_clip_avx2};
