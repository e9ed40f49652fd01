/* The instructions of AVX-512 and AMX that src/kernels uses, in plain C, so that the sources written for them
 * run on any processor: tests/meson.build compiles them with this file in the place of the compiler's header.
 */
#ifndef NS_TESTS_EMULATED_IMMINTRIN_H
#define NS_TESTS_EMULATED_IMMINTRIN_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A register, its lanes signed and unsigned. */
typedef union __m512i {
    uint8_t ub[64];
    int16_t h[32];
    uint16_t uh[32];
    int32_t w[16];
    uint32_t uw[16];
    int64_t q[8];
    uint64_t uq[8];
} __m512i;

typedef union __m256i {
    int16_t h[16];
    uint16_t uh[16];
    int32_t w[8];
} __m256i;

typedef uint8_t __mmask8;
typedef uint16_t __mmask16;
typedef uint32_t __mmask32;
typedef uint64_t __mmask64;
typedef int _MM_PERM_ENUM;

#define EMULATED static inline __attribute__((unused))

/* r.LANE[i] = VALUE for i < COUNT: of a register a and what the instruction takes beside it. */
#define EACH(NAME, LANE, COUNT, VALUE, ...)           \
    EMULATED __m512i NAME(__VA_ARGS__)                \
    {                                                 \
        __m512i r;                                    \
        for (int i = 0; i < COUNT; i++)               \
            r.LANE[i] = (__typeof__(*r.LANE))(VALUE); \
        return r;                                     \
    }
/* The same of two registers; by a count that is one for all; of one value. */
#define PAIRS(NAME, LANE, COUNT, VALUE) EACH(NAME, LANE, COUNT, VALUE, __m512i a, __m512i b)
#define SHIFT(NAME, LANE, COUNT, VALUE) EACH(NAME, LANE, COUNT, VALUE, __m512i a, unsigned n)

EACH(_mm512_setzero_si512, q, 8, 0, void)
EACH(_mm512_set1_epi16, h, 32, v, int16_t v)
EACH(_mm512_set1_epi32, w, 16, v, int32_t v)
EACH(_mm512_set1_epi64, q, 8, v, int64_t v)
PAIRS(_mm512_and_si512, uq, 8, a.uq[i] & b.uq[i])
PAIRS(_mm512_or_si512, uq, 8, a.uq[i] | b.uq[i])
PAIRS(_mm512_xor_si512, uq, 8, a.uq[i] ^ b.uq[i])
PAIRS(_mm512_add_epi16, uh, 32, a.uh[i] + b.uh[i])
PAIRS(_mm512_add_epi32, uw, 16, a.uw[i] + b.uw[i])
PAIRS(_mm512_add_epi64, uq, 8, a.uq[i] + b.uq[i])
PAIRS(_mm512_sub_epi16, uh, 32, a.uh[i] - b.uh[i])
PAIRS(_mm512_sub_epi32, uw, 16, a.uw[i] - b.uw[i])
PAIRS(_mm512_mullo_epi16, h, 32, a.h[i] * b.h[i])
PAIRS(_mm512_mulhi_epi16, h, 32, a.h[i] * b.h[i] >> 16)
PAIRS(_mm512_mulhrs_epi16, h, 32, ((a.h[i] * b.h[i] >> 14) + 1) >> 1)
PAIRS(_mm512_min_epi16, h, 32, a.h[i] < b.h[i] ? a.h[i] : b.h[i])
PAIRS(_mm512_max_epi16, h, 32, a.h[i] > b.h[i] ? a.h[i] : b.h[i])
PAIRS(_mm512_mul_epi32, q, 8, (int64_t)a.w[2 * i] * b.w[2 * i])
PAIRS(_mm512_mullo_epi64, uq, 8, a.uq[i] * b.uq[i])
PAIRS(_mm512_madd_epi16, uw, 16,
      (uint32_t)(a.h[2 * i] * b.h[2 * i]) + (uint32_t)(a.h[2 * i + 1] * b.h[2 * i + 1]))
SHIFT(_mm512_slli_epi16, uh, 32, a.uh[i] << n)
SHIFT(_mm512_slli_epi32, uw, 16, a.uw[i] << n)
SHIFT(_mm512_slli_epi64, uq, 8, a.uq[i] << n)
SHIFT(_mm512_srli_epi16, uh, 32, a.uh[i] >> n)
SHIFT(_mm512_srai_epi16, h, 32, a.h[i] >> (n < 16 ? n : 15))
SHIFT(_mm512_srai_epi32, w, 16, a.w[i] >> (n < 32 ? n : 31))
SHIFT(_mm512_srli_epi64, uq, 8, a.uq[i] >> n)
PAIRS(_mm512_sllv_epi32, uw, 16, b.uw[i] < 32 ? a.uw[i] << b.uw[i] : 0)
PAIRS(_mm512_srav_epi32, w, 16, a.w[i] >> (b.uw[i] < 32 ? b.uw[i] : 31))
EACH(_mm512_permutexvar_epi64, q, 8, a.q[index.q[i] & 7], __m512i index, __m512i a)
EACH(_mm512_permutexvar_epi16, uh, 32, a.uh[index.uh[i] & 31], __m512i index, __m512i a)
EACH(_mm512_shuffle_i32x4, w, 16, (i < 8 ? a : b).w[4 * (n >> i / 4 * 2 & 3) + (i & 3)], __m512i a, __m512i b,
     unsigned n)
EACH(_mm512_permutex2var_epi32, w, 16, (index.w[i] & 16 ? b : a).w[index.w[i] & 15], __m512i a, __m512i index,
     __m512i b)
EACH(_mm512_mask2_permutex2var_epi8, ub, 64, m >> i & 1 ? (x.ub[i] & 64 ? b : a).ub[x.ub[i] & 63] : x.ub[i],
     __m512i a, __m512i x, __mmask64 m, __m512i b)
EACH(_mm512_mask2_permutex2var_epi16, uh, 32, m >> i & 1 ? (x.uh[i] & 32 ? b : a).uh[x.uh[i] & 31] : x.uh[i],
     __m512i a, __m512i x, __mmask32 m, __m512i b)
EACH(_mm512_mask_shuffle_epi32, w, 16, m >> i & 1 ? a.w[(i & 12) + (n >> 2 * (i & 3) & 3)] : old.w[i],
     __m512i old, __mmask16 m, __m512i a, _MM_PERM_ENUM n)
EACH(_mm512_mask_sub_epi64, uq, 8, m >> i & 1 ? a.uq[i] - b.uq[i] : old.uq[i], __m512i old, __mmask8 m,
     __m512i a, __m512i b)
EACH(_mm512_cvtepi32_epi64, q, 8, a.w[i], __m256i a)
EACH(_mm512_cvtepu16_epi32, w, 16, a.uh[i], __m256i a)

/* Within each 128 bits: the first half of a and b in turn, or the second; a's values, then b's, narrower. */
PAIRS(_mm512_unpacklo_epi8, ub, 64, (i & 1 ? b : a).ub[(i & 48) + (i & 15) / 2])
PAIRS(_mm512_unpackhi_epi8, ub, 64, (i & 1 ? b : a).ub[(i & 48) + (i & 15) / 2 + 8])
PAIRS(_mm512_unpacklo_epi16, uh, 32, (i & 1 ? b : a).uh[(i & 24) + (i & 7) / 2])
PAIRS(_mm512_unpackhi_epi16, uh, 32, (i & 1 ? b : a).uh[(i & 24) + (i & 7) / 2 + 4])
#define CLIP(v, low, high) ((v) < (low) ? (low) : (v) > (high) ? (high) : (v))
PAIRS(_mm512_packus_epi16, ub, 64, CLIP((i & 8 ? b : a).h[(i & 48) / 2 + (i & 7)], 0, 255))
PAIRS(_mm512_packs_epi16, ub, 64, CLIP((i & 8 ? b : a).h[(i & 48) / 2 + (i & 7)], -128, 127))
PAIRS(_mm512_packs_epi32, h, 32, CLIP((i & 4 ? b : a).w[(i & 24) / 2 + (i & 3)], INT16_MIN, INT16_MAX))

EMULATED __m512i _mm512_dpwssd_epi32(__m512i s, __m512i a, __m512i b)
{
    return _mm512_add_epi32(s, _mm512_madd_epi16(a, b));
}
#define _mm512_set_epi64(...) emulated_set_epi64((const int64_t[8]){__VA_ARGS__})
EACH(emulated_set_epi64, q, 8, from[7 - i], const int64_t *from)
#define _mm512_set_epi32(...) emulated_set_epi32((const int32_t[16]){__VA_ARGS__})
EACH(emulated_set_epi32, w, 16, from[15 - i], const int32_t *from)

EMULATED __m256i _mm512_castsi512_si256(__m512i a)
{
    __m256i r;
    memcpy(&r, &a, 32);
    return r;
}
EMULATED __m256i _mm512_extracti64x4_epi64(__m512i a, int n)
{
    __m256i r;
    memcpy(&r, (char *)&a + 32 * n, 32);
    return r;
}

EMULATED __m512i _mm512_castsi256_si512(__m256i a)
{
    __m512i r;
    memset(&r, 0x5a, 64); /* the upper half is not defined */
    memcpy(&r, &a, 32);
    return r;
}
EMULATED __m512i _mm512_inserti64x4(__m512i a, __m256i b, int n)
{
    memcpy((char *)&a + 32 * n, &b, 32);
    return a;
}
EMULATED __m256i _mm512_cvtsepi32_epi16(__m512i a)
{
    __m256i r;
    for (int i = 0; i < 16; i++)
        r.h[i] = (int16_t)CLIP(a.w[i], INT16_MIN, INT16_MAX);
    return r;
}
EMULATED int32_t _mm512_reduce_add_epi32(__m512i a)
{
    uint32_t sum = 0;
    for (int i = 0; i < 16; i++)
        sum += a.uw[i];
    return (int32_t)sum;
}

/* Masks: a bit for each lane, here of its sign, or of what is not zero. */
#define MASK(NAME, TYPE, COUNT, BIT, ...)  \
    EMULATED TYPE NAME(__VA_ARGS__)        \
    {                                      \
        TYPE m = 0;                        \
        for (int i = 0; i < COUNT; i++)    \
            m |= (TYPE)((TYPE)(BIT) << i); \
        return m;                          \
    }
MASK(_mm512_movepi8_mask, __mmask64, 64, a.ub[i] >> 7, __m512i a)
MASK(_mm512_movepi16_mask, __mmask32, 32, a.uh[i] >> 15, __m512i a)
MASK(_mm512_movepi64_mask, __mmask8, 8, a.uq[i] >> 63, __m512i a)
MASK(_mm512_cmpeq_epi16_mask, __mmask32, 32, a.h[i] == b.h[i], __m512i a, __m512i b)
MASK(_mm512_cmpgt_epi16_mask, __mmask32, 32, a.h[i] > b.h[i], __m512i a, __m512i b)
MASK(_mm512_test_epi32_mask, __mmask16, 16, (a.w[i] & b.w[i]) != 0, __m512i a, __m512i b)
#define _kand_mask32(a, b) ((__mmask32)((a) & (b)))
#define _kand_mask64(a, b) ((__mmask64)((a) & (b)))
#define _kandn_mask32(a, b) ((__mmask32)(~(a) & (b)))
#define _kandn_mask64(a, b) ((__mmask64)(~(a) & (b)))
#define _kor_mask64(a, b) ((__mmask64)((a) | (b)))
#define _knot_mask64(a) (~(__mmask64)(a))

EMULATED __m512i _mm512_loadu_si512(const void *p)
{
    __m512i r;
    memcpy(&r, p, 64);
    return r;
}
EMULATED void _mm512_storeu_si512(void *p, __m512i a)
{
    memcpy(p, &a, 64);
}
EMULATED __m256i _mm256_loadu_si256(const __m256i *p)
{
    __m256i r;
    memcpy(&r, p, 32);
    return r;
}

EMULATED void _mm256_storeu_si256(__m256i *p, __m256i a)
{
    memcpy(p, &a, 32);
}

/* Only the chosen lanes touch memory. */
#define LOAD(NAME, REGISTER, MASKS, LANE, COUNT)                                          \
    EMULATED REGISTER NAME(MASKS m, const void *p)                                        \
    {                                                                                     \
        REGISTER r;                                                                       \
        memset(&r, 0, sizeof r);                                                          \
        for (size_t i = 0; i < COUNT; i++)                                                \
            if (m >> i & 1)                                                               \
                memcpy(&r.LANE[i], (const char *)p + i * sizeof *r.LANE, sizeof *r.LANE); \
        return r;                                                                         \
    }
#define STORE(NAME, REGISTER, MASKS, TYPE, COUNT, VALUE)        \
    EMULATED void NAME(void *p, MASKS m, REGISTER a)            \
    {                                                           \
        for (size_t i = 0; i < COUNT; i++) {                    \
            const TYPE v = (TYPE)(VALUE);                       \
            if (m >> i & 1)                                     \
                memcpy((char *)p + i * sizeof v, &v, sizeof v); \
        }                                                       \
    }
LOAD(_mm512_maskz_loadu_epi16, __m512i, __mmask32, h, 32)
LOAD(_mm512_maskz_loadu_epi32, __m512i, __mmask16, w, 16)
LOAD(_mm512_maskz_loadu_epi64, __m512i, __mmask8, q, 8)
LOAD(_mm256_maskz_loadu_epi16, __m256i, __mmask16, h, 16)
STORE(_mm256_mask_storeu_epi16, __m256i, __mmask16, int16_t, 16, a.h[i])
STORE(_mm512_mask_storeu_epi16, __m512i, __mmask32, int16_t, 32, a.h[i])
STORE(_mm512_mask_storeu_epi64, __m512i, __mmask8, int64_t, 8, a.q[i])
STORE(_mm512_mask_cvtsepi32_storeu_epi16, __m512i, __mmask16, int16_t, 16, CLIP(a.w[i], INT16_MIN, INT16_MAX))

/* ---- AMX: tiles of up to 16 rows of 64 bytes; a use that the processor refuses ends the test ---- */

typedef struct emulated_tiles {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
    uint8_t tile[8][16][64];
} emulated_tiles;

static __attribute__((unused)) emulated_tiles emulated;

EMULATED void _tile_loadconfig(const void *p)
{
    memset(&emulated, 0, sizeof emulated);
    memcpy(&emulated, p, 64);
    for (int t = 0; t < 16; t++)
        if (emulated.palette != 1 || emulated.bytes[t] > (t < 8 ? 64 : 0) ||
            emulated.rows[t] > (t < 8 ? 16 : 0))
            abort();
}
EMULATED void _tile_release(void)
{
    memset(&emulated, 0, sizeof emulated);
}
EMULATED void _tile_zero(int t)
{
    if (!emulated.palette)
        abort();
    memset(emulated.tile[t], 0, sizeof emulated.tile[t]);
}
EMULATED void _tile_loadd(int t, const void *from, size_t step)
{
    _tile_zero(t);
    for (size_t r = 0; r < emulated.rows[t]; r++)
        memcpy(emulated.tile[t][r], (const char *)from + r * step, emulated.bytes[t]);
}
EMULATED void _tile_stored(int t, void *to, size_t step)
{
    for (size_t r = 0; r < emulated.rows[t]; r++)
        memcpy((char *)to + r * step, emulated.tile[t][r], emulated.bytes[t]);
}
EMULATED int emulated_byte(uint8_t byte, int is_signed)
{
    return is_signed ? (int8_t)byte : byte;
}
/* to[m][n] += the four products of bytes of a[m][k] and b[k][n], for all k. */
EMULATED void emulated_dot(int to, int a, int b, int signed_a, int signed_b)
{
    const emulated_tiles *e = &emulated;
    if (e->rows[to] != e->rows[a] || e->bytes[to] != e->bytes[b] || e->bytes[a] != 4 * e->rows[b])
        abort();
    for (int m = 0; m < e->rows[to]; m++)
        for (int n = 0; n < e->bytes[to] / 4; n++) {
            uint32_t sum;
            memcpy(&sum, &e->tile[to][m][4 * n], 4);
            for (int k = 0; k < e->bytes[a]; k++)
                sum += (uint32_t)(emulated_byte(e->tile[a][m][k], signed_a) *
                                  emulated_byte(e->tile[b][k / 4][4 * n + k % 4], signed_b));
            memcpy(&emulated.tile[to][m][4 * n], &sum, 4);
        }
}
#define _tile_dpbssd(to, a, b) emulated_dot(to, a, b, 1, 1)
#define _tile_dpbsud(to, a, b) emulated_dot(to, a, b, 1, 0)
#define _tile_dpbusd(to, a, b) emulated_dot(to, a, b, 0, 1)
#define _tile_dpbuud(to, a, b) emulated_dot(to, a, b, 0, 0)

#undef EMULATED
#undef EACH
#undef PAIRS
#undef SHIFT
#undef CLIP
#undef MASK
#undef LOAD
#undef STORE

#endif
