/* The loops of rows.h over int16, compiled for each instruction set (meson.build): sixteen at a time for
 * AVX2, thirty-two for AVX-512. Unpacked against zero a value is its 2^16-fold, in an order within each 128
 * bits of the register that packing restores. TABLE is another file's (table_avx2.c, table_avx512.c). */
#include <immintrin.h>
#include <string.h>

#include "kernels/rows.h"

#define ALWAYS static inline __attribute__((always_inline))

/* ---- the sets' vocabulary: what their instructions have under one name, and what each says its own way ----
 */

#if defined(NS_KERNELS_AVX512)

typedef __m512i vector;
enum { LANES = 32 };
#define SUFFIX(name) name##_avx512
#define V(name) _mm512_##name
#define ZERO() _mm512_setzero_si512()
#define OR(a, b) _mm512_or_si512(a, b)
#define XOR(a, b) _mm512_xor_si512(a, b)
#define ADD_LANES(v) _mm512_reduce_add_epi32(v)
#define IS_ZERO(v) (_mm512_test_epi32_mask(v, v) == 0)

ALWAYS vector load(const void *from)
{
    return _mm512_loadu_si512(from);
}

ALWAYS void store(void *to, vector values)
{
    _mm512_storeu_si512(to, values);
}

ALWAYS __mmask32 first_lanes(size_t count)
{
    return ((__mmask32)1 << count) - 1;
}

/* The last elements, fewer than LANES; the rest of the vector is zero. */
ALWAYS vector load_some(const int16_t *from, size_t count)
{
    return _mm512_maskz_loadu_epi16(first_lanes(count), from);
}

ALWAYS void store_some(int16_t *to, vector values, size_t count)
{
    _mm512_mask_storeu_epi16(to, first_lanes(count), values);
}

/* Of products of 64 bits, of the even lanes and of the odd ones: the upper halves, and the lower ones. */
ALWAYS vector upper_halves(vector even, vector odd)
{
    return _mm512_mask_shuffle_epi32(odd, 0x5555, even, (_MM_PERM_ENUM)0xf5);
}

ALWAYS vector lower_halves(vector even, vector odd)
{
    return _mm512_mask_shuffle_epi32(even, 0xaaaa, odd, (_MM_PERM_ENUM)0xa0);
}

#else

typedef __m256i vector;
enum { LANES = 16 };
#define SUFFIX(name) name##_avx2
#define V(name) _mm256_##name
#define ZERO() _mm256_setzero_si256()
#define OR(a, b) _mm256_or_si256(a, b)
#define XOR(a, b) _mm256_xor_si256(a, b)
#define ADD_LANES(v) add_lanes(v)
#define IS_ZERO(v) _mm256_testz_si256(v, v)

ALWAYS vector load(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

ALWAYS void store(void *to, vector values)
{
    _mm256_storeu_si256((__m256i *)to, values);
}

ALWAYS vector load_some(const int16_t *from, size_t count)
{
    int16_t some[LANES] = {0};
    memcpy(some, from, count * sizeof *from);
    return load(some);
}

ALWAYS void store_some(int16_t *to, vector values, size_t count)
{
    int16_t some[LANES];
    store(some, values);
    memcpy(to, some, count * sizeof *to);
}

ALWAYS vector upper_halves(vector even, vector odd)
{
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

ALWAYS vector lower_halves(vector even, vector odd)
{
    return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}

ALWAYS int32_t add_lanes(vector v)
{
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}

#endif

/* ---- RESCALE, RESCALE, ADD (SUB, MUL), RESCALE ---- */

typedef struct scale_constants {
    vector multiplier, half, shift;
} scale_constants;

typedef struct pair_constants {
    scale_constants out, in[2]; /* in: of the operands' 2^16-fold, where they are scaled */
    vector down[2];             /* else from the 2^16-fold to the 2^left-fold */
} pair_constants;

/* For rescale_high_avx2.h's t = `shift`. */
ALWAYS scale_constants constants_of(int32_t multiplier, int shift)
{
    return (scale_constants){V(set1_epi32)(multiplier), V(set1_epi32)((int32_t)(UINT32_C(1) << (shift - 33))),
                             V(set1_epi32)(shift - 32)};
}

/* rescale_high_avx2.h: (upper half of v * m, plus 2^(shift-33)) >> (shift - 32). */
ALWAYS vector scale(vector v, const scale_constants *c)
{
    const vector even = V(mul_epi32)(v, c->multiplier);
    const vector odd = V(mul_epi32)(V(srli_epi64)(v, 32), c->multiplier);
    return V(srav_epi32)(V(add_epi32)(upper_halves(even, odd), c->half), c->shift);
}

/* ns_fused_op, and ADD and SUB of operands that are scaled. */
enum { ADD_SCALED = NS_FUSED_MUL + 1, SUB_SCALED };

/* Operand `which`, of its 2^16-fold. */
ALWAYS vector operand(vector v, const int which, const int op, const pair_constants *c)
{
    return op >= ADD_SCALED ? scale(v, &c->in[which]) : V(srav_epi32)(v, c->down[which]);
}

ALWAYS vector combine(vector a, vector b, const int op, const pair_constants *c)
{
    a = operand(a, 0, op, c);
    b = operand(b, 1, op, c);
    return op == NS_FUSED_ADD || op == ADD_SCALED ? V(add_epi32)(a, b) : V(sub_epi32)(a, b);
}

ALWAYS vector pair_of(vector a, vector b, const int op, const pair_constants *c)
{
    const vector none = ZERO();
    vector low, high;
    if (op == NS_FUSED_MUL) {
        const vector lower = V(mullo_epi16)(a, b), upper = V(mulhi_epi16)(a, b);
        low = V(unpacklo_epi16)(lower, upper);
        high = V(unpackhi_epi16)(lower, upper);
    } else {
        low = combine(V(unpacklo_epi16)(none, a), V(unpacklo_epi16)(none, b), op, c);
        high = combine(V(unpackhi_epi16)(none, a), V(unpackhi_epi16)(none, b), op, c);
    }
    return V(packs_epi32)(scale(low, &c->out), scale(high, &c->out));
}

ALWAYS void pair_row(const int16_t *a, const int a_step, const int16_t *b, const int b_step, int16_t *out,
                     size_t count, const int op, const pair_constants *constants)
{
    const pair_constants c = *constants;
    const vector same_a = V(set1_epi16)(*a), same_b = V(set1_epi16)(*b);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        store(out + i, pair_of(a_step ? load(a + i) : same_a, b_step ? load(b + i) : same_b, op, &c));
    if (i == count)
        return;
    const vector x = a_step ? load_some(a + i, count - i) : same_a;
    const vector y = b_step ? load_some(b + i, count - i) : same_b;
    store_some(out + i, pair_of(x, y, op, &c), count - i);
}

static void run_pair(const ns_fused_pair *pair, const int16_t *a, int a_step, const int16_t *b, int b_step,
                     int16_t *out, size_t count)
{
    pair_constants c = {
        .out = constants_of(pair->multiplier, pair->shift),
        .down = {V(set1_epi32)(16 - pair->left[0]), V(set1_epi32)(16 - pair->left[1])},
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

/* ---- sums, products, clips ---- */

typedef struct two_sums {
    vector values, magnitudes;
} two_sums;

ALWAYS void add_to(two_sums *sums, vector x)
{
    const vector ones = V(set1_epi16)(1), sign = OR(V(srai_epi16)(x, 15), ones);
    sums->values = V(add_epi32)(sums->values, V(madd_epi16)(x, ones));
    sums->magnitudes = V(add_epi32)(sums->magnitudes, V(madd_epi16)(x, sign));
}

/* Magnitudes of at most 2^15 add up to at most 2^30 for 2^15 elements. */
static bool run_sum(const int16_t *in, size_t count, int left, int32_t *sum)
{
    two_sums sums = {ZERO(), ZERO()};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        add_to(&sums, load(in + i));
    if (i < count)
        add_to(&sums, load_some(in + i, count - i));
    *sum = (int32_t)((uint32_t)ADD_LANES(sums.values) << left);
    return (int64_t)ADD_LANES(sums.magnitudes) << left <= INT32_MAX;
}

/* A product fits where its upper half repeats the lower one's sign. */
static bool run_multiply(const int32_t *a, const int32_t *b, int32_t *out, size_t count)
{
    vector off = ZERO();
    size_t i = 0;
    for (; i + LANES / 2 <= count; i += LANES / 2) {
        const vector x = load(a + i), y = load(b + i);
        const vector even = V(mul_epi32)(x, y);
        const vector odd = V(mul_epi32)(V(srli_epi64)(x, 32), V(srli_epi64)(y, 32));
        const vector low = lower_halves(even, odd);
        off = OR(off, XOR(upper_halves(even, odd), V(srai_epi32)(low, 31)));
        store(out + i, low);
    }
    bool fits = IS_ZERO(off);
    for (; i < count; i++) {
        const int64_t product = (int64_t)a[i] * b[i];
        out[i] = (int32_t)product;
        fits = fits && out[i] == product;
    }
    return fits;
}

/* What a clip found so far. */
typedef struct clipped {
    size_t outside;
    bool at_ends;
} clipped;

#if defined(NS_KERNELS_AVX512)

ALWAYS size_t clip_vectors(int16_t *row, size_t count, vector low, vector high, const bool is_whole,
                           clipped *found)
{
    const vector first = V(set1_epi16)(INT16_MIN), last = V(set1_epi16)(INT16_MAX);
    __mmask32 ends = 0;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        const vector v = load(row + i);
        ends |= _mm512_cmpeq_epi16_mask(v, first) | _mm512_cmpeq_epi16_mask(v, last);
        if (is_whole)
            continue;
        const __mmask32 out = _mm512_cmpgt_epi16_mask(low, v) | _mm512_cmpgt_epi16_mask(v, high);
        found->outside += (size_t)__builtin_popcount(out);
        store(row + i, V(min_epi16)(V(max_epi16)(v, low), high));
    }
    found->at_ends = ends != 0;
    return i;
}

#else

ALWAYS size_t clip_vectors(int16_t *row, size_t count, vector low, vector high, const bool is_whole,
                           clipped *found)
{
    const vector first = V(set1_epi16)(INT16_MIN), last = V(set1_epi16)(INT16_MAX);
    vector ends = ZERO(), outside = ends;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        const vector v = load(row + i);
        ends = OR(ends, OR(V(cmpeq_epi16)(v, first), V(cmpeq_epi16)(v, last)));
        if (is_whole)
            continue;
        const vector is_out = OR(V(cmpgt_epi16)(low, v), V(cmpgt_epi16)(v, high)); /* 0 or -1 */
        outside = V(sub_epi32)(outside, V(madd_epi16)(is_out, V(set1_epi16)(1)));
        store(row + i, V(min_epi16)(V(max_epi16)(v, low), high));
    }
    *found = (clipped){(size_t)ADD_LANES(outside), !IS_ZERO(ends)};
    return i;
}

#endif

static size_t run_clip(int16_t *row, size_t count, int16_t low, int16_t high, bool *at_ends)
{
    clipped found = {0};
    const vector least = V(set1_epi16)(low), most = V(set1_epi16)(high);
    size_t i = low == INT16_MIN && high == INT16_MAX ? clip_vectors(row, count, least, most, true, &found)
                                                     : clip_vectors(row, count, least, most, false, &found);
    for (; i < count; i++) {
        found.at_ends = found.at_ends || row[i] == INT16_MIN || row[i] == INT16_MAX;
        found.outside += row[i] < low || row[i] > high;
        row[i] = row[i] < low ? low : row[i] > high ? high : row[i];
    }
    *at_ends = found.at_ends;
    return found.outside;
}

#define KERNELS(table)                                   \
    {                                                    \
        run_pair, table, run_sum, run_multiply, run_clip \
    }

const ns_fused_kernels SUFFIX(ns_fused_kernels) = KERNELS(SUFFIX(ns_fused_table));
#if defined(NS_KERNELS_AVX512)
const ns_fused_kernels ns_fused_kernels_avx512vbmi = KERNELS(ns_fused_table_avx512vbmi);
#endif
