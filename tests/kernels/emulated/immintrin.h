/* The AVX-512 instructions that src/kernels uses, in plain C, so that the sources written for them run on any
 * processor: tests/meson.build compiles them with this file in the place of the compiler's header. */
#ifndef NS_TESTS_EMULATED_IMMINTRIN_H
#define NS_TESTS_EMULATED_IMMINTRIN_H

#include <stdint.h>
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
PAIRS(_mm512_mul_epi32, q, 8, (int64_t)a.w[2 * i] * b.w[2 * i])
PAIRS(_mm512_mullo_epi64, uq, 8, a.uq[i] * b.uq[i])
PAIRS(_mm512_madd_epi16, uw, 16,
      (uint32_t)(a.h[2 * i] * b.h[2 * i]) + (uint32_t)(a.h[2 * i + 1] * b.h[2 * i + 1]))
SHIFT(_mm512_slli_epi16, uh, 32, a.uh[i] << n)
SHIFT(_mm512_slli_epi32, uw, 16, a.uw[i] << n)
SHIFT(_mm512_slli_epi64, uq, 8, a.uq[i] << n)
SHIFT(_mm512_srli_epi16, uh, 32, a.uh[i] >> n)
SHIFT(_mm512_srli_epi64, uq, 8, a.uq[i] >> n)
PAIRS(_mm512_sllv_epi32, uw, 16, b.uw[i] < 32 ? a.uw[i] << b.uw[i] : 0)
PAIRS(_mm512_srav_epi32, w, 16, a.w[i] >> (b.uw[i] < 32 ? b.uw[i] : 31))
EACH(_mm512_permutexvar_epi64, q, 8, a.q[index.q[i] & 7], __m512i index, __m512i a)
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

/* Only the chosen lanes touch memory. */
#define LOAD(NAME, MASKS, LANE, COUNT)                                                    \
    EMULATED __m512i NAME(MASKS m, const void *p)                                         \
    {                                                                                     \
        __m512i r;                                                                        \
        memset(&r, 0, sizeof r);                                                          \
        for (size_t i = 0; i < COUNT; i++)                                                \
            if (m >> i & 1)                                                               \
                memcpy(&r.LANE[i], (const char *)p + i * sizeof *r.LANE, sizeof *r.LANE); \
        return r;                                                                         \
    }
#define STORE(NAME, MASKS, TYPE, COUNT, VALUE)                  \
    EMULATED void NAME(void *p, MASKS m, __m512i a)             \
    {                                                           \
        for (size_t i = 0; i < COUNT; i++) {                    \
            const TYPE v = (TYPE)(VALUE);                       \
            if (m >> i & 1)                                     \
                memcpy((char *)p + i * sizeof v, &v, sizeof v); \
        }                                                       \
    }
LOAD(_mm512_maskz_loadu_epi16, __mmask32, h, 32)
LOAD(_mm512_maskz_loadu_epi32, __mmask16, w, 16)
LOAD(_mm512_maskz_loadu_epi64, __mmask8, q, 8)
STORE(_mm512_mask_storeu_epi16, __mmask32, int16_t, 32, a.h[i])
STORE(_mm512_mask_storeu_epi64, __mmask8, int64_t, 8, a.q[i])
STORE(_mm512_mask_cvtsepi32_storeu_epi16, __mmask16, int16_t, 16, CLIP(a.w[i], INT16_MIN, INT16_MAX))

#undef EMULATED
#undef EACH
#undef PAIRS
#undef SHIFT
#undef CLIP
#undef MASK
#undef LOAD
#undef STORE

#endif
