/* Table lookups and fused rows for NEON, eight int16 at a time. SRSHL by -s is (v + 2^(s-1)) >> s, nothing
 * lost between. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/rows.h"

#define ALWAYS static inline __attribute__((always_inline))

/* The last elements in a whole vector; the rest of it is zero. */
ALWAYS int16x8_t load_some(const int16_t *from, size_t count)
{
    int16_t some[8] = {0};
    memcpy(some, from, count * sizeof *from);
    return vld1q_s16(some);
}

ALWAYS void store_some(int16_t *to, int16x8_t values, size_t count)
{
    int16_t some[8];
    vst1q_s16(some, values);
    memcpy(to, some, count * sizeof *to);
}

/* ---- pairs ---- */

typedef struct pair_constants {
    int32x4_t out, in[2];           /* multipliers */
    int64x2_t out_left, in_left[2]; /* -shift */
    int32x4_t left[2];
} pair_constants;

ALWAYS int32x4_t scale(int32x4_t v, int32x4_t multiplier, int64x2_t left)
{
    const int64x2_t low = vmull_s32(vget_low_s32(v), vget_low_s32(multiplier)),
                    high = vmull_high_s32(v, multiplier);
    return vmovn_high_s64(vmovn_s64(vrshlq_s64(low, left)), vrshlq_s64(high, left));
}

/* ns_fused_op, and ADD and SUB of operands that are scaled. */
enum { ADD_SCALED = NS_FUSED_MUL + 1, SUB_SCALED };

ALWAYS int32x4_t operand(int16x4_t v, const int which, const int op, const pair_constants *c)
{
    const int32x4_t wide = vmovl_s16(v);
    return op >= ADD_SCALED ? scale(wide, c->in[which], c->in_left[which]) : vshlq_s32(wide, c->left[which]);
}

ALWAYS int16x4_t combine(int16x4_t a, int16x4_t b, const int op, const pair_constants *c)
{
    int32x4_t v;
    if (op == NS_FUSED_MUL) {
        v = vmull_s16(a, b);
    } else {
        const int32x4_t x = operand(a, 0, op, c), y = operand(b, 1, op, c);
        v = op == NS_FUSED_ADD || op == ADD_SCALED ? vaddq_s32(x, y) : vsubq_s32(x, y);
    }
    return vqmovn_s32(scale(v, c->out, c->out_left));
}

ALWAYS int16x8_t eight(int16x8_t a, int16x8_t b, const int op, const pair_constants *c)
{
    return vcombine_s16(combine(vget_low_s16(a), vget_low_s16(b), op, c),
                        combine(vget_high_s16(a), vget_high_s16(b), op, c));
}

/* Both operands of a row and their steps. */
typedef struct operands {
    const int16_t *a, *b;
    int a_step, b_step;
} operands;

ALWAYS void pair_row(const operands *from, int16_t *out, size_t count, const int op,
                     const pair_constants *constants)
{
    const pair_constants c = *constants;
    const int16_t *a = from->a, *b = from->b;
    const int16x8_t same_a = vdupq_n_s16(*a), same_b = vdupq_n_s16(*b);
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        vst1q_s16(out + i, eight(from->a_step ? vld1q_s16(a + i) : same_a,
                                 from->b_step ? vld1q_s16(b + i) : same_b, op, &c));
    const size_t left = count - i;
    if (left)
        store_some(out + i,
                   eight(from->a_step ? load_some(a + i, left) : same_a,
                         from->b_step ? load_some(b + i, left) : same_b, op, &c),
                   left);
}

static void run_pair(const ns_fused_pair *pair, const int16_t *a, int a_step, const int16_t *b, int b_step,
                     int16_t *out, size_t count)
{
    if (!count)
        return;
    pair_constants c = {.out = vdupq_n_s32(pair->multiplier), .out_left = vdupq_n_s64(-pair->shift)};
    for (int k = 0; k < 2; k++) {
        c.in[k] = vdupq_n_s32(pair->in_multiplier[k]);
        c.in_left[k] = vdupq_n_s64(-pair->in_shift[k]);
        c.left[k] = vdupq_n_s32(pair->left[k]);
    }
    const operands from = {a, b, a_step, b_step};
    if (pair->is_scaled && pair->op == NS_FUSED_ADD)
        pair_row(&from, out, count, ADD_SCALED, &c);
    else if (pair->is_scaled)
        pair_row(&from, out, count, SUB_SCALED, &c);
    else if (pair->op == NS_FUSED_ADD)
        pair_row(&from, out, count, NS_FUSED_ADD, &c);
    else if (pair->op == NS_FUSED_SUB)
        pair_row(&from, out, count, NS_FUSED_SUB, &c);
    else
        pair_row(&from, out, count, NS_FUSED_MUL, &c);
}

/* ---- tables ---- */

/* Eight entries and the ones behind them: each two by one load. */
ALWAYS int16x8x2_t entries(const int16_t *table, int16x8_t x)
{
    uint16_t indices[8];
    vst1q_u16(indices, vshrq_n_u16(veorq_u16(vreinterpretq_u16_s16(x), vdupq_n_u16(0x8000)), 7));
    int16_t both[16];
    for (int k = 0; k < 8; k++)
        memcpy(both + 2 * k, table + indices[k], 2 * sizeof *both);
    return vld2q_s16(both);
}

ALWAYS int16x8_t fraction_of(int16x8_t x)
{
    return vandq_s16(x, vdupq_n_s16(127));
}

void ns_table_row_neon(const int16_t *table, const int16_t *in, int32_t *out, size_t count)
{
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const int16x8_t x = vld1q_s16(in + i), fraction = fraction_of(x);
        const int16x8x2_t e = entries(table, x);
        const int16x8_t slope = vsubq_s16(e.val[1], e.val[0]);
        vst1q_s32(out + i, vmlal_s16(vshll_n_s16(vget_low_s16(e.val[0]), 7), vget_low_s16(slope),
                                     vget_low_s16(fraction)));
        vst1q_s32(out + i + 4, vmlal_high_s16(vshll_high_n_s16(e.val[0], 7), slope, fraction));
    }
    ns_table_row_c(table, in + i, out + i, count - i);
}

/* SQRDMULH of slope and fraction * 2^8 is (slope * fraction * 2^9 + 2^15) >> 16, which is slope * fraction +
 * 64 >> 7.
 */
ALWAYS int16x8_t look_up(const int16_t *table, int16x8_t x)
{
    const int16x8x2_t e = entries(table, x);
    const int16x8_t slope = vsubq_s16(e.val[1], e.val[0]);
    return vaddq_s16(e.val[0], vqrdmulhq_s16(slope, vshlq_n_s16(fraction_of(x), 8)));
}

static void run_table(const int16_t *table, const int16_t *in, int16_t *out, size_t count)
{
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        vst1q_s16(out + i, look_up(table, vld1q_s16(in + i)));
    if (i < count)
        store_some(out + i, look_up(table, load_some(in + i, count - i)), count - i);
}

/* ---- sums ---- */

/* Magnitudes of at most 2^15 add up to at most 2^30 for 2^15 elements. */
static bool run_sum(const int16_t *in, size_t count, int left, int32_t *sum)
{
    int32x4_t sums = vdupq_n_s32(0);
    uint32x4_t magnitudes = vdupq_n_u32(0);
    for (size_t i = 0; i < count; i += 8) {
        const int16x8_t x = count - i < 8 ? load_some(in + i, count - i) : vld1q_s16(in + i);
        sums = vpadalq_s16(sums, x);
        magnitudes = vpadalq_u16(magnitudes, vreinterpretq_u16_s16(vabsq_s16(x)));
    }
    *sum = (int32_t)((uint32_t)vaddvq_s32(sums) << left);
    return (int64_t)vaddvq_u32(magnitudes) << left <= INT32_MAX;
}

/* Plain C, which the compiler makes NEON of. */
static bool run_multiply(const int32_t *a, const int32_t *b, int32_t *out, size_t count)
{
    int64_t off = 0;
    for (size_t i = 0; i < count; i++) {
        const int64_t product = (int64_t)a[i] * b[i];
        out[i] = (int32_t)product;
        off |= product ^ out[i];
    }
    return off == 0;
}

static size_t run_clip(int16_t *row, size_t count, int16_t low, int16_t high, bool *at_ends)
{
    size_t cut = 0, ends = 0;
    for (size_t i = 0; i < count; i++) {
        const int16_t v = row[i], clipped = v < low ? low : v > high ? high : v;
        ends += (v == INT16_MIN) | (v == INT16_MAX);
        cut += v != clipped;
        row[i] = clipped;
    }
    *at_ends = ends > 0;
    return cut;
}

const ns_fused_kernels ns_fused_kernels_neon = {run_pair, run_table, run_sum, run_multiply, run_clip};
