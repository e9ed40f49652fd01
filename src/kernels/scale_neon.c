/* What multiplies, shifts and rounds, for NEON: rescale, requantise and the rows of 64-bit values.
 *
 * SRSHL with a negative shift is (v + 2^(s-1)) >> s with nothing lost between, which is the rounding of all
 * three; rescale.c derives the ranges of the products. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/matrix.h"
#include "kernels/rescale_template.h"

/* ---- rescale ---- */

/* Four values, as two pairs of 64 bits; those of fewer than 48 bits in `narrow` too. */
typedef struct four {
    int64x2_t pair[2];
    int32x4_t narrow;
} four;

ALWAYS four load_four(const void *in, size_t i, const int type, const bool is_unsigned, int32x4_t zero)
{
    const char *at = (const char *)in + (i << type);
    four v = {{vdupq_n_s64(0), vdupq_n_s64(0)}, vdupq_n_s32(0)};
    if (type == I48) {
        v.pair[0] = vld1q_s64((const int64_t *)(const void *)at);
        v.pair[1] = vld1q_s64((const int64_t *)(const void *)at + 2);
        return v;
    }
    if (type == I32) {
        v.narrow = vld1q_s32((const int32_t *)(const void *)at);
    } else {
        int16x4_t words;
        if (type == I8) {
            uint32_t four_bytes;
            memcpy(&four_bytes, at, sizeof four_bytes);
            const uint8x8_t bytes = vreinterpret_u8_u32(vdup_n_u32(four_bytes));
            words = is_unsigned ? vreinterpret_s16_u16(vget_low_u16(vmovl_u8(bytes)))
                                : vget_low_s16(vmovl_s8(vreinterpret_s8_u8(bytes)));
        } else {
            words = vld1_s16((const int16_t *)(const void *)at);
        }
        v.narrow =
            is_unsigned ? vreinterpretq_s32_u32(vmovl_u16(vreinterpret_u16_s16(words))) : vmovl_s16(words);
        v.narrow = vsubq_s32(v.narrow, zero);
    }
    v.pair[0] = vmovl_s32(vget_low_s32(v.narrow));
    v.pair[1] = vmovl_high_s32(v.narrow);
    return v;
}

/* Four int32 that have been clipped to the output type. */
ALWAYS void store_four(void *out, size_t i, const int type, int32x4_t values)
{
    char *at = (char *)out + (i << type);
    if (type == I32) {
        vst1q_s32((int32_t *)(void *)at, values);
    } else if (type == I16) {
        vst1_s16((int16_t *)(void *)at, vmovn_s32(values));
    } else {
        const int16x4_t words = vmovn_s32(values);
        const uint32_t bytes = vget_lane_u32(vreinterpret_u32_s8(vmovn_s16(vcombine_s16(words, words))), 0);
        memcpy(at, &bytes, sizeof bytes);
    }
}

/* One multiplier and shift for each lane, and what follows from the shift. */
typedef struct scales {
    int32x4_t multiplier;
    int64x2_t left[2]; /* -shift */
    int64x2_t half[2]; /* 2^(shift-1) */
    int64x2_t far[2];  /* 2^30 where double rounding adds it */
} scales;

ALWAYS scales load_scales(const int32_t *multiplier, const int8_t *shift, const int step,
                          const bool is_double)
{
    scales s;
    for (int k = 0; k < 2; k++) {
        const int64_t pair[2] = {shift[step ? 2 * k : 0], shift[step ? 2 * k + 1 : 0]};
        const int64x2_t shifts = vld1q_s64(pair);
        s.left[k] = vnegq_s64(shifts);
        s.half[k] = vshlq_s64(vdupq_n_s64(1), vsubq_s64(shifts, vdupq_n_s64(1)));
        s.far[k] = vdupq_n_s64(0);
        if (is_double)
            s.far[k] =
                vandq_s64(vreinterpretq_s64_u64(vcgtq_s64(shifts, vdupq_n_s64(31))), vdupq_n_s64(1 << 30));
    }
    s.multiplier = step ? vld1q_s32(multiplier) : vdupq_n_s32(*multiplier);
    return s;
}

/* Two values of 48 bits by multipliers of 15: the lower halves' products, and the upper halves' above them.
 */
ALWAYS int64x2_t multiply_wide(int64x2_t v, int32x2_t multiplier)
{
    const uint64x2_t low = vmull_u32(vmovn_u64(vreinterpretq_u64_s64(v)), vreinterpret_u32_s32(multiplier));
    const int64x2_t high = vmull_s32(vshrn_n_s64(v, 32), multiplier);
    return vaddq_s64(vreinterpretq_s64_u64(low), vshlq_n_s64(high, 32));
}

/* Two results; what a fault leaves in `fault` is any bit that is not zero. */
ALWAYS int64x2_t scale_two(const four *v, const scales *s, const int k, const rescale_kind kind,
                           int64x2_t *fault)
{
    const int32x2_t multiplier = k ? vget_high_s32(s->multiplier) : vget_low_s32(s->multiplier);
    int64x2_t product = kind.in_type == I48 ? multiply_wide(v->pair[k], multiplier)
                        : k                 ? vmull_high_s32(v->narrow, s->multiplier)
                                            : vmull_s32(vget_low_s32(v->narrow), multiplier);
    if (kind.is_double) {
        const int64x2_t sign = vshrq_n_s64(v->pair[k], 63);
        product = vaddq_s64(product, vsubq_s64(veorq_s64(s->far[k], sign), sign));
    }
    const int64x2_t result = vrshlq_s64(product, s->left[k]);
    if (kind.check && kind.is_wide) {
        const uint64x2_t raised = vreinterpretq_u64_s64(vaddq_s64(v->pair[k], s->half[k]));
        *fault = vorrq_s64(*fault, vreinterpretq_s64_u64(vshlq_u64(raised, s->left[k])));
    }
    return result;
}

/* Are these what 32 bits hold? */
ALWAYS int64x2_t beyond_32(int64x2_t v)
{
    return veorq_s64(v, vmovl_s32(vmovn_s64(v)));
}

ALWAYS bool body(const rescale_row *r, const rescale_kind kind)
{
    const ns_rescale *rescale = r->rescale;
    const int in_type = kind.in_type, out_type = kind.out_type, step = kind.step;
    const int32x4_t input_zero = vdupq_n_s32(rescale->input_zero_point);
    const int64x2_t output_zero = vdupq_n_s64(rescale->output_zero_point);
    const int32x4_t low = vdupq_n_s32(rescale->low), high = vdupq_n_s32(rescale->high);
    const bool is_unsigned = in_type < I32 && rescale->input_unsigned;
    int64x2_t fault = vdupq_n_s64(0);
    scales s = {0};
    if (!step && r->count >= 4)
        s = load_scales(r->multiplier, r->shift, 0, kind.is_double);
    size_t i = 0;
    for (; i + 4 <= r->count; i += 4) {
        if (step)
            s = load_scales(r->multiplier + i, r->shift + i, 1, kind.is_double);
        const four v = load_four(r->in, i, in_type, is_unsigned, input_zero);
        int64x2_t results[2];
        for (int k = 0; k < 2; k++) {
            results[k] = scale_two(&v, &s, k, kind, &fault);
            if (kind.check)
                fault = vorrq_s64(fault, beyond_32(results[k]));
            if (out_type != I32) {
                results[k] = vaddq_s64(results[k], output_zero);
                if (kind.check)
                    fault = vorrq_s64(fault, beyond_32(results[k]));
            }
        }
        const int32x4_t values = vmovn_high_s64(vmovn_s64(results[0]), results[1]);
        store_four(r->out, i, out_type, vminq_s32(vmaxq_s32(values, low), high));
    }
    const bool found = (vgetq_lane_s64(fault, 0) | vgetq_lane_s64(fault, 1)) != 0;
    const size_t offset = step ? i : 0;
    return (i < r->count && ns_rescale_rows_c[in_type][out_type](
                                rescale, (const char *)r->in + (i << in_type), r->multiplier + offset,
                                r->shift + offset, step, (char *)r->out + (i << out_type), r->count - i)) ||
           found;
}

ALWAYS bool row(rescale_row row, const int in_type, const int out_type)
{
    return rescale_rest(&row, in_type, out_type);
}

const ns_rescale_rows ns_rescale_rows_neon = NS_RESCALE_ROWS;

/* ---- requantise ---- */

/* The upper halves of two products of 64 by 31 bits that fit 64: the lower half's carries into no bit that is
 * kept. */
ALWAYS int64x2_t high_two(int64x2_t v, int32x2_t m)
{
    const uint64x2_t low = vmull_u32(vmovn_u64(vreinterpretq_u64_s64(v)), vreinterpret_u32_s32(m));
    return vaddq_s64(vmull_s32(vshrn_n_s64(v, 32), m), vreinterpretq_s64_u64(vshrq_n_u64(low, 32)));
}

/* Four results; their sums with `half` fit 32 bits (kernels/matrix.h). */
ALWAYS int16x4_t requantise_four(const ns_requantise *q, const int64_t *sums, size_t column)
{
    const int32x4_t m = vld1q_s32(q->multiplier + column);
    const int32x2_t first = vmovn_s64(high_two(vld1q_s64(sums), vget_low_s32(m)));
    const int32x4_t high = vmovn_high_s64(first, high_two(vld1q_s64(sums + 2), vget_high_s32(m)));
    const int32x4_t raised = vaddq_s32(high, vld1q_s32(q->half + column));
    return vqmovn_s32(vshlq_s32(raised, vnegq_s32(vld1q_s32(q->shift + column))));
}

void ns_requantise_rows_neon(const ns_requantise *q, const int64_t *sums, size_t step, size_t rows,
                             size_t column, size_t count, int16_t *out, size_t out_step)
{
    for (size_t r = 0; r < rows; r++, sums += step, out += out_step) {
        size_t i = 0;
        for (; i + 4 <= count; i += 4)
            vst1_s16(out + i, requantise_four(q, sums + i, column + i));
        if (i == count)
            continue;
        int64_t some[4] = {0};
        int16_t narrow[4];
        memcpy(some, sums + i, (count - i) * sizeof *some);
        vst1_s16(narrow, requantise_four(q, some, column + i));
        memcpy(out + i, narrow, (count - i) * sizeof *narrow);
    }
}

/* ---- rows of 64-bit values ---- */

ALWAYS int64x2_t smaller(int64x2_t a, int64x2_t b)
{
    return vbslq_s64(vcltq_s64(a, b), a, b);
}

ALWAYS int64x2_t larger(int64x2_t a, int64x2_t b)
{
    return vbslq_s64(vcgtq_s64(a, b), a, b);
}

static void wide_range(const int64_t *values, size_t count, int64_t *low, int64_t *high)
{
    int64x2_t least = vdupq_n_s64(0), most = least;
    size_t i = 0;
    for (; i + 2 <= count; i += 2) {
        least = smaller(least, vld1q_s64(values + i));
        most = larger(most, vld1q_s64(values + i));
    }
    if (i < count) {
        least = smaller(least, vdupq_n_s64(values[i]));
        most = larger(most, vdupq_n_s64(values[i]));
    }
    const int64_t lanes[4] = {vgetq_lane_s64(least, 0), vgetq_lane_s64(least, 1), vgetq_lane_s64(most, 0),
                              vgetq_lane_s64(most, 1)};
    *low = lanes[0] < lanes[1] ? lanes[0] : lanes[1];
    *high = lanes[2] > lanes[3] ? lanes[2] : lanes[3];
}

static void wide_add(int64_t *values, size_t rows, const int64_t *terms, size_t columns)
{
    for (size_t r = 0; r < rows; r++, values += columns) {
        size_t i = 0;
        for (; i + 2 <= columns; i += 2)
            vst1q_s64(values + i, vaddq_s64(vld1q_s64(values + i), vld1q_s64(terms + i)));
        if (i < columns)
            values[i] += terms[i];
    }
}

static void wide_scale(int64_t *values, size_t rows, size_t columns, const ns_wide_scales *s)
{
    const size_t whole = columns / 2 * 2;
    const ns_wide_scales rest = {s->multiplier + whole, s->positive + whole, s->negative + whole,
                                 s->shift + whole};
    for (size_t r = 0; r < rows; r++, values += columns) {
        for (size_t i = 0; i < whole; i += 2) {
            const int64x2_t v = vld1q_s64(values + i);
            const int64x2_t product = vmull_s32(vmovn_s64(v), vmovn_s64(vld1q_s64(s->multiplier + i)));
            const int64x2_t term =
                vbslq_s64(vcltzq_s64(v), vld1q_s64(s->negative + i), vld1q_s64(s->positive + i));
            vst1q_s64(values + i, vshlq_s64(vaddq_s64(product, term), vnegq_s64(vld1q_s64(s->shift + i))));
        }
        if (whole < columns)
            ns_wide_scale_c(values + whole, 1, columns - whole, &rest);
    }
}

static int64_t wide_clip(int64_t *values, size_t count, const ns_wide_clip *c)
{
    const int64x2_t low = vdupq_n_s64(c->low), high = vdupq_n_s64(c->high), add = vdupq_n_s64(c->add);
    int64x2_t cut = vdupq_n_s64(0);
    size_t i = 0;
    for (; i + 2 <= count; i += 2) {
        const int64x2_t v = vld1q_s64(values + i);
        const int64x2_t kept = smaller(larger(v, low), high);
        cut = vsubq_s64(cut, vreinterpretq_s64_u64(vceqq_s64(v, kept)));
        vst1q_s64(values + i, vaddq_s64(kept, add));
    }
    const int64_t same = vgetq_lane_s64(cut, 0) + vgetq_lane_s64(cut, 1);
    return (int64_t)i - same + ns_wide_clip_c(values + i, count - i, c);
}

const ns_wide_kernels ns_wide_kernels_neon = {wide_range, wide_add, wide_scale, wide_clip};
