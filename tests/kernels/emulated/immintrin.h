/* The AVX-512 instructions that src/kernels uses, in plain C, so that the sources written for them run on any
 * processor: tests/kernels/avx512.c compiles them with this file in the place of the compiler's header. */
#ifndef NS_TESTS_EMULATED_IMMINTRIN_H
#define NS_TESTS_EMULATED_IMMINTRIN_H

#include <stdint.h>
#include <string.h>

typedef union __m512i {
    int16_t h[32];
    int32_t w[16];
    int64_t q[8];
} __m512i;

typedef union __m256i {
    int16_t h[16];
    int32_t w[8];
    int64_t q[4];
} __m256i;

typedef uint8_t __mmask8;

#define EMULATED static inline __attribute__((unused))

EMULATED __m512i _mm512_setzero_si512(void)
{
    __m512i r;
    memset(&r, 0, 64);
    return r;
}
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
EMULATED __m512i _mm512_set1_epi32(int32_t v)
{
    __m512i r;
    for (int i = 0; i < 16; i++)
        r.w[i] = v;
    return r;
}
EMULATED __m512i _mm512_add_epi32(__m512i a, __m512i b)
{
    for (int i = 0; i < 16; i++)
        a.w[i] = (int32_t)((uint32_t)a.w[i] + (uint32_t)b.w[i]);
    return a;
}
EMULATED __m512i _mm512_slli_epi64(__m512i a, unsigned bits)
{
    for (int i = 0; i < 8; i++)
        a.q[i] = (int64_t)((uint64_t)a.q[i] << bits);
    return a;
}
EMULATED __m512i _mm512_sub_epi32(__m512i a, __m512i b)
{
    for (int i = 0; i < 16; i++)
        a.w[i] = (int32_t)((uint32_t)a.w[i] - (uint32_t)b.w[i]);
    return a;
}
EMULATED __m512i _mm512_add_epi64(__m512i a, __m512i b)
{
    for (int i = 0; i < 8; i++)
        a.q[i] = (int64_t)((uint64_t)a.q[i] + (uint64_t)b.q[i]);
    return a;
}
EMULATED __m512i _mm512_madd_epi16(__m512i a, __m512i b)
{
    __m512i r;
    for (int i = 0; i < 16; i++)
        r.w[i] = (int32_t)((uint32_t)(a.h[2 * i] * b.h[2 * i]) + (uint32_t)(a.h[2 * i + 1] * b.h[2 * i + 1]));
    return r;
}
EMULATED __m512i _mm512_dpwssd_epi32(__m512i s, __m512i a, __m512i b)
{
    return _mm512_add_epi32(s, _mm512_madd_epi16(a, b));
}
EMULATED __m512i _mm512_srai_epi32(__m512i a, int n)
{
    for (int i = 0; i < 16; i++)
        a.w[i] >>= n;
    return a;
}
EMULATED __m512i _mm512_slli_epi32(__m512i a, int n)
{
    for (int i = 0; i < 16; i++)
        a.w[i] = (int32_t)((uint32_t)a.w[i] << n);
    return a;
}
EMULATED __m512i _mm512_and_si512(__m512i a, __m512i b)
{
    for (int i = 0; i < 16; i++)
        a.w[i] &= b.w[i];
    return a;
}
EMULATED __m512i _mm512_cvtepi16_epi32(__m256i a)
{
    __m512i r;
    for (int i = 0; i < 16; i++)
        r.w[i] = a.h[i];
    return r;
}
EMULATED __m512i _mm512_i32gather_epi32(__m512i x, const void *p, int s)
{
    __m512i r;
    for (int i = 0; i < 16; i++)
        memcpy(&r.w[i], (const char *)p + (int64_t)x.w[i] * s, 4);
    return r;
}
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
EMULATED __m512i _mm512_cvtepi32_epi64(__m256i a)
{
    __m512i r;
    for (int i = 0; i < 8; i++)
        r.q[i] = a.w[i];
    return r;
}
EMULATED __m512i _mm512_maskz_loadu_epi64(__mmask8 m, const void *p)
{
    __m512i r;
    for (int i = 0; i < 8; i++) {
        r.q[i] = 0;
        if (m >> i & 1)
            memcpy(&r.q[i], (const char *)p + 8 * i, 8);
    }
    return r;
}
EMULATED void _mm512_mask_storeu_epi64(void *p, __mmask8 m, __m512i a)
{
    for (int i = 0; i < 8; i++)
        if (m >> i & 1)
            memcpy((char *)p + 8 * i, &a.q[i], 8);
}

#undef EMULATED

#endif
