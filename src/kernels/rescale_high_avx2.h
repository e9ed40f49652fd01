/* rescale.h by the product's upper half: eight elements of 32 bits at a time, no 64-bit shift, no check.
 *
 * With shift t in [33, 62] the result is (v * m + 2^(t-1)) >> t = (h + 2^(t-33)) >> (t-32), h the upper 32
 * bits of v * m: 2^(t-1) has no bits below 2^32, so nothing carries out of the lower half. |h| <= 2^30 as |v|
 * <= 2^31 and m < 2^31, and 2^(t-33) <= 2^29, so that the sum fits 32 bits, with an output zero point below
 * 2^17 too; and v lies in [-2^(t-1), 2^(t-1)), as `wide` requires.
 *
 * int8 and int16 (less their zero point within 17 bits, sign included) take v * 2^16 and t = s + 16, so that
 * s in [17, 46] will do: |v| <= 2^15 or 2^9 keeps to 2^(s-1). int48 with a multiplier below 2^15 takes m *
 * 2^16 and s + 16 as well, where v fits 32 bits; where one does not, the row is left to the loop of 64 bits.
 * Double rounding is single rounding for s <= 31. A multiplier 2^k needs no product (power_of_two). */

/* For eight elements; the multipliers of the even ones in `even`, of the odd ones in the lower half of `odd`.
 */
typedef struct high_scales {
    __m256i even, odd, half, shift;
} high_scales;

/* What t is more than the RESCALE's shift. */
ALWAYS int extra_shift(const int in_type)
{
    return in_type == I32 ? 0 : 16;
}

ALWAYS high_scales load_high_scales(const int32_t *multiplier, const int8_t *shift, const int step,
                                    const int in_type)
{
    const __m256i base = _mm256_set1_epi32(32 - extra_shift(in_type));
    high_scales s;
    __m256i shifts;
    if (step) {
        s.even = _mm256_loadu_si256((const __m256i *)(const void *)multiplier);
        shifts = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)shift));
    } else {
        s.even = _mm256_set1_epi32(*multiplier);
        shifts = _mm256_set1_epi32(*shift);
    }
    if (in_type == I48)
        s.even = _mm256_slli_epi32(s.even, 16);
    s.odd = _mm256_srli_epi64(s.even, 32);
    s.shift = _mm256_sub_epi32(shifts, base);
    s.half = _mm256_sllv_epi32(_mm256_set1_epi32(1), _mm256_sub_epi32(s.shift, _mm256_set1_epi32(1)));
    return s;
}

/* Eight values less their zero point, of up to 32 bits; 8- and 16-bit ones times 2^16 where `up`. */
ALWAYS __m256i load_eight(const void *in, size_t i, const int type, const bool is_unsigned, __m256i zero,
                          const bool up)
{
    const char *at = (const char *)in + (i << type);
    if (type == I32)
        return _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i v;
    if (type == I8) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)at);
        v = is_unsigned ? _mm256_cvtepu8_epi32(bytes) : _mm256_cvtepi8_epi32(bytes);
    } else {
        __m128i words = _mm_loadu_si128((const __m128i *)(const void *)at);
        v = is_unsigned ? _mm256_cvtepu16_epi32(words) : _mm256_cvtepi16_epi32(words);
    }
    if (type == I8 || is_unsigned)
        v = _mm256_sub_epi32(v, zero);
    return up ? _mm256_slli_epi32(v, 16) : v;
}

ALWAYS __m256i scale_eight(__m256i v, const high_scales *s)
{
    __m256i even = _mm256_mul_epi32(v, s->even);
    __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(v, 32), s->odd);
    __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    return _mm256_srav_epi32(_mm256_add_epi32(high, s->half), s->shift);
}

/* The same of eight int48; `far` gathers the upper halves of v + 2^31, which are 0 where v fits 32 bits. */
ALWAYS __m256i scale_eight_wide(const int64_t *in, const high_scales *s, const bool step, __m256i *far)
{
    const __m256i middle = _mm256_set1_epi64x(INT64_C(1) << 31);
    __m256i product[2];
#pragma GCC unroll 2
    for (int k = 0; k < 2; k++) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(in + 4 * k));
        __m256i m = !step ? s->even
                          : _mm256_cvtepi32_epi64(k ? _mm256_extracti128_si256(s->even, 1)
                                                    : _mm256_castsi256_si128(s->even));
        *far = _mm256_or_si256(*far, _mm256_srli_epi64(_mm256_add_epi64(v, middle), 32));
        product[k] = _mm256_mul_epi32(v, m);
    }
    __m256 mixed = _mm256_shuffle_ps(_mm256_castsi256_ps(product[0]), _mm256_castsi256_ps(product[1]), 0xdd);
    __m256i high = _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0xd8);
    return _mm256_srav_epi32(_mm256_add_epi32(high, s->half), s->shift);
}

typedef struct high_clip {
    __m256i zero, low, high;
    bool whole; /* the type's own signed range: packing clips, and 32 bits need none */
} high_clip;

ALWAYS high_clip load_clip(const ns_rescale *rescale, const int out_type)
{
    const int64_t bound = INT64_C(1) << ((8 << out_type) - 1);
    return (high_clip){_mm256_set1_epi32(rescale->output_zero_point), _mm256_set1_epi32(rescale->low),
                       _mm256_set1_epi32(rescale->high),
                       rescale->low == -bound && rescale->high == bound - 1};
}

ALWAYS __m256i clip_eight(__m256i values, const high_clip *clip, const int out_type)
{
    if (out_type == I32)
        return values;
    values = _mm256_add_epi32(values, clip->zero);
    return _mm256_min_epi32(_mm256_max_epi32(values, clip->low), clip->high);
}

/* Sixteen int32 to int16; without `is_whole` they have been clipped. */
ALWAYS void store_sixteen(void *out, size_t i, __m256i first, __m256i second, const bool is_whole)
{
    __m256i words;
    if (is_whole) {
        words = _mm256_packs_epi32(first, second);
    } else {
        const __m256i mask = _mm256_set1_epi32(0xffff);
        words = _mm256_packus_epi32(_mm256_and_si256(first, mask), _mm256_and_si256(second, mask));
    }
    _mm256_storeu_si256((__m256i *)(void *)((int16_t *)out + i), _mm256_permute4x64_epi64(words, 0xd8));
}

/* How the value becomes the result, for one multiplier: by the product, or by a shift. */
enum { PRODUCT, LEFT, RIGHT };

typedef struct high_loop {
    const ns_rescale *rescale;
    const void *in;
    const int32_t *multiplier;
    const int8_t *shift;
    void *out;
    __m128i bits; /* LEFT, RIGHT: by how many */
} high_loop;

ALWAYS __m256i high_eight(const high_loop *loop, size_t i, const high_scales *fixed, const int step,
                          const int in_type, const bool is_unsigned, const int how, __m256i *far)
{
    high_scales own;
    if (step)
        own = load_high_scales(loop->multiplier + i, loop->shift + i, 1, in_type);
    const high_scales *s = step ? &own : fixed;
    if (in_type == I48)
        return scale_eight_wide((const int64_t *)loop->in + i, s, step, far);
    __m256i zero = _mm256_set1_epi32(loop->rescale->input_zero_point);
    __m256i v = load_eight(loop->in, i, in_type, is_unsigned, zero, how == PRODUCT);
    if (how == LEFT)
        return _mm256_sll_epi32(v, loop->bits);
    if (how == RIGHT) /* (v + 2^(q-1)) >> q by q - 1 = bits, free of overflow */
        return _mm256_srai_epi32(_mm256_add_epi32(_mm256_sra_epi32(v, loop->bits), _mm256_set1_epi32(1)), 1);
    return scale_eight(v, s);
}

/* What the compiler knows of a row. */
typedef struct high_kind {
    int in_type, out_type, step;
    bool is_unsigned;
    int how;
    bool is_whole;
} high_kind;

/* Elements done, a multiple of 8; `far` as above. */
ALWAYS size_t high_body(const high_loop *loop, size_t count, const high_kind kind, __m256i *far)
{
    const int step = kind.step, in_type = kind.in_type, out_type = kind.out_type, how = kind.how;
    const bool is_unsigned = kind.is_unsigned, is_whole = kind.is_whole;
    const high_clip clip = load_clip(loop->rescale, out_type);
    high_scales s = {0};
    if (!step)
        s = load_high_scales(loop->multiplier, loop->shift, 0, in_type);
    size_t i = 0;
    for (; out_type == I16 && i + 16 <= count; i += 16) {
        __m256i first = high_eight(loop, i, &s, step, in_type, is_unsigned, how, far);
        __m256i second = high_eight(loop, i + 8, &s, step, in_type, is_unsigned, how, far);
        if (is_whole) {
            store_sixteen(loop->out, i, first, second, true);
            continue;
        }
        store_sixteen(loop->out, i, clip_eight(first, &clip, out_type), clip_eight(second, &clip, out_type),
                      false);
    }
    for (; i + 8 <= count; i += 8) {
        __m256i values = high_eight(loop, i, &s, step, in_type, is_unsigned, how, far);
        store_eight(loop->out, i, out_type, clip_eight(values, &clip, out_type));
    }
    return i;
}

/* Whether the row's shifts are such as this file takes; see above. */
static bool takes_shifts(const ns_rescale *rescale, const int8_t *shift, size_t count, const int in_type)
{
    const int least = 33 - extra_shift(in_type), most = 62 - extra_shift(in_type);
    int8_t low = shift[0], high = shift[0];
    for (size_t i = 1; i < count; i++) {
        low = shift[i] < low ? shift[i] : low;
        high = shift[i] > high ? shift[i] : high;
    }
    return low >= least && high <= (rescale->double_round && most > 31 ? 31 : most);
}

/* 2^k against a shift s: v * 2^(k-s) for s <= k, which fits (|v| <= 2^15, k <= 30, s >= 17); with int32, s >
 * k. */
static int choose_way(const high_loop *loop, int step, const int in_type, __m128i *bits)
{
    const int32_t m = *loop->multiplier;
    if (step || in_type == I48 || m <= 0 || (m & (m - 1)))
        return PRODUCT;
    const int left = __builtin_ctz((unsigned)m) - *loop->shift;
    *bits = _mm_cvtsi32_si128(left >= 0 ? left : -left - 1);
    return left >= 0 ? LEFT : RIGHT;
}

/* Does as much of a row as it can, from the front; returns how many elements, 0 where it takes none. */
ALWAYS size_t high_row(const rescale_row *row, const int in_type, const int out_type)
{
    const ns_rescale *rescale = row->rescale;
    const int8_t *shift = row->shift;
    const int step = row->step;
    const size_t count = row->count;
    const bool is_unsigned = in_type < I32 && rescale->input_unsigned;
    if (count < 8 || (in_type == I16 && is_unsigned && rescale->input_zero_point != 32768) ||
        (in_type == I48 && rescale->wide) || !takes_shifts(rescale, shift, step ? count : 1, in_type))
        return 0;
    high_loop loop = {rescale, row->in, row->multiplier, shift, row->out, _mm_setzero_si128()};
    const bool is_whole =
        out_type == I16 && load_clip(rescale, out_type).whole && rescale->output_zero_point == 0;
    const int how = choose_way(&loop, step, in_type, &loop.bits);
    __m256i far = _mm256_setzero_si256();
    size_t done;
#define HIGH(STEP, UNSIGNED, HOW, WHOLE) \
    high_body(&loop, count, (high_kind){in_type, out_type, STEP, UNSIGNED, HOW, WHOLE}, &far)
    if (is_unsigned)
        done = step ? HIGH(1, true, PRODUCT, false) : HIGH(0, true, PRODUCT, false);
    else if (step)
        done = is_whole ? HIGH(1, false, PRODUCT, true) : HIGH(1, false, PRODUCT, false);
    else if (how == LEFT)
        done = is_whole ? HIGH(0, false, LEFT, true) : HIGH(0, false, LEFT, false);
    else if (how == RIGHT)
        done = is_whole ? HIGH(0, false, RIGHT, true) : HIGH(0, false, RIGHT, false);
    else
        done = is_whole ? HIGH(0, false, PRODUCT, true) : HIGH(0, false, PRODUCT, false);
#undef HIGH
    return _mm256_testz_si256(far, far) ? done : 0;
}
