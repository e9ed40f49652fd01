/* Depthwise for NEON: two taps of sixteen channels at a time, by widening multiply-adds. Packed weights come
 * apart by LD2 into the first and the second tap's; kernels/matrix.h says in what order the fours of channels
 * lie. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/matrix.h"

#define ALWAYS static inline __attribute__((always_inline))

/* Sums of channels 0 to 3, 8 to 11, 4 to 7, 12 to 15: in the order of packed channels. */
typedef struct sixteen {
    int32x4_t four[4];
} sixteen;

/* Adds two taps; x and y have 16 values each. */
ALWAYS void add_taps(sixteen *sums, const int16_t *x, const int16_t *y, const int16_t *packed)
{
    const int16x8_t x0 = vld1q_s16(x), x1 = vld1q_s16(x + 8), y0 = vld1q_s16(y), y1 = vld1q_s16(y + 8);
    const int16x8x2_t first = vld2q_s16(packed), second = vld2q_s16(packed + 16);
    int32x4_t *s = sums->four;
    s[0] = vmlal_s16(s[0], vget_low_s16(x0), vget_low_s16(first.val[0]));
    s[1] = vmlal_s16(s[1], vget_low_s16(x1), vget_high_s16(first.val[0]));
    s[2] = vmlal_s16(s[2], vget_high_s16(x0), vget_low_s16(second.val[0]));
    s[3] = vmlal_high_s16(s[3], x1, second.val[0]);
    s[0] = vmlal_s16(s[0], vget_low_s16(y0), vget_low_s16(first.val[1]));
    s[1] = vmlal_s16(s[1], vget_low_s16(y1), vget_high_s16(first.val[1]));
    s[2] = vmlal_s16(s[2], vget_high_s16(y0), vget_low_s16(second.val[1]));
    s[3] = vmlal_high_s16(s[3], y1, second.val[1]);
}

/* Adds four sums of 32 bits to 64-bit ones. */
ALWAYS void widen(int32x4_t sums, const int64_t *from, int64_t *to)
{
    vst1q_s64(to, vaddw_s32(vld1q_s64(from), vget_low_s32(sums)));
    vst1q_s64(to + 2, vaddw_high_s32(vld1q_s64(from + 2), sums));
}

ALWAYS void widen_sixteen(const sixteen *sums, const int64_t *from, int64_t *to)
{
    static const size_t fours[4] = {0, 8, 4, 12};
    for (int k = 0; k < 4; k++)
        widen(sums->four[k], from + fours[k], to + fours[k]);
}

static const sixteen none;

/* Channels i to i + 15. */
static void run_group(const ns_depthwise *d, size_t i, int64_t *out)
{
    const size_t stride = ns_depthwise_packed_size(2, d->count);
    const int64_t *from = d->start;
    for (size_t t = 0; t < d->taps; t += d->block, from = out) {
        const size_t last = d->taps - t < d->block ? d->taps : t + d->block;
        sixteen sums = none;
        for (size_t k = t; k < last; k += 2)
            add_taps(&sums, d->in[k] + i, d->in[k + 1] + i, d->packed + k / 2 * stride + 2 * i);
        widen_sixteen(&sums, from + i, out + i);
    }
}

/* Two taps of the channels behind the last whole group, which are `left`. */
static void add_rest(const ns_depthwise *d, size_t i, size_t left, size_t t, sixteen *sums)
{
    int16_t x[16] = {0}, y[16] = {0};
    memcpy(x, d->in[t] + i, left * sizeof *x);
    memcpy(y, d->in[t + 1] + i, left * sizeof *y);
    add_taps(sums, x, y, d->packed + t / 2 * ns_depthwise_packed_size(2, d->count) + 2 * i);
}

/* As a group of their own. */
static void run_rest(const ns_depthwise *d, size_t i, int64_t *out)
{
    const size_t left = d->count - i;
    int64_t all[16] = {0};
    memcpy(all, d->start + i, left * sizeof *all);
    for (size_t t = 0; t < d->taps; t += 2) {
        sixteen sums = none;
        add_rest(d, i, left, t, &sums);
        widen_sixteen(&sums, all, all);
    }
    memcpy(out + i, all, left * sizeof *out);
}

void ns_depthwise_i16_neon(const ns_depthwise *d, int64_t *out)
{
    size_t i = 0;
    for (; i + 16 <= d->count; i += 16)
        run_group(d, i, out);
    if (i < d->count)
        run_rest(d, i, out);
}

/* Four sums of packed channels from `at` on, scaled: the upper half of the product and `half` fit 32 bits. */
ALWAYS int16x4_t scale(int32x4_t sums, const ns_requantise *q, size_t at)
{
    const int32x4_t m = vld1q_s32(q->multiplier + at);
    const int32x2_t low = vshrn_n_s64(vmull_s32(vget_low_s32(sums), vget_low_s32(m)), 32);
    const int32x4_t high = vshrn_high_n_s64(low, vmull_high_s32(sums, m), 32);
    const int32x4_t raised = vaddq_s32(high, vld1q_s32(q->half + at));
    return vqmovn_s32(vshlq_s32(raised, vnegq_s32(vld1q_s32(q->shift + at))));
}

ALWAYS void store_scaled(const sixteen *sums, const ns_requantise *q, size_t i, int16_t *out)
{
    static const size_t fours[4] = {0, 8, 4, 12};
    for (size_t k = 0; k < 4; k++)
        vst1_s16(out + fours[k], scale(sums->four[k], q, i + 4 * k));
}

ALWAYS sixteen load_start(const ns_depthwise *d, size_t i)
{
    sixteen sums;
    for (size_t k = 0; k < 4; k++)
        sums.four[k] = vld1q_s32(d->start32 + i + 4 * k);
    return sums;
}

void ns_depthwise_scaled_neon(const ns_depthwise *d, int16_t *out)
{
    const size_t stride = ns_depthwise_packed_size(2, d->count);
    size_t i = 0;
    for (; i + 16 <= d->count; i += 16) {
        sixteen sums = load_start(d, i);
        const int16_t *w = d->packed + 2 * i;
        for (size_t t = 0; t < d->taps; t += 2, w += stride)
            add_taps(&sums, d->in[t] + i, d->in[t + 1] + i, w);
        store_scaled(&sums, d->scale, i, out + i);
    }
    if (i == d->count)
        return;
    int16_t some[16];
    sixteen sums = load_start(d, i);
    for (size_t t = 0; t < d->taps; t += 2)
        add_rest(d, i, d->count - i, t, &sums);
    store_scaled(&sums, d->scale, i, some);
    memcpy(out + i, some, (d->count - i) * sizeof *out);
}
