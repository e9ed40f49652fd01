/* Kernels: edge-biased random values, and every CPU mask that has kernels of its own. */
#ifndef NS_TESTS_KERNELS_H
#define NS_TESTS_KERNELS_H

#include "base/interface.h"
#include "kernels/kernels.h"
#include "npuscope/cpu.h"
#include "support/test.h"

/* A signed value of `bits` bits: half of the time an end of the range, zero, a power of two, or a neighbour
 * of one of these. */
static inline int64_t test_edge_value(ns_random *random, int bits)
{
    int64_t low = (int64_t)(UINT64_MAX << (bits - 1)), high = ~low;
    uint64_t pick = ns_random_u64(random);
    int64_t value = 0;
    switch (pick % 8) {
    case 0:
        value = low + (int64_t)(pick >> 8) % 3;
        break;
    case 1:
        value = high - (int64_t)(pick >> 8) % 3;
        break;
    case 2:
        value = (int64_t)(pick >> 8) % 5 - 2;
        break;
    case 3:
        value = (INT64_C(1) << (pick >> 8) % (unsigned)(bits - 1)) + (int64_t)(pick >> 16) % 3 - 1;
        value = pick >> 63 ? -value : value;
        break;
    default:
        value = (int64_t)ns_random_u64(random) >> (64 - bits);
        break;
    }
    return value < low ? low : value > high ? high : value;
}

#ifdef NS_EMULATED_AVX512
/* meson.build: this file's own name for the function, and the library's kernels.c beside emulated loops. */
unsigned ns_cpu_detect(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
               ? NS_CPU_AVX2 | NS_CPU_AVX512 | NS_CPU_AVX512VNNI | NS_CPU_AVX512VBMI | NS_CPU_AMX
               : 0;
}
#endif

/* Calls check(kernels, text) for each instruction set of this machine alone, and together with all below it;
 * `text` names the mask. Returns how many masks there were. */
static inline int test_each_mask(void (*check)(const ns_kernels *kernels, const char *text))
{
    int count = 0;
    for (unsigned bit = 1; bit && bit <= ns_cpu_detect(); bit <<= 1)
        for (int below = 0; below < 2; below++) {
            if (!(ns_cpu_detect() & bit))
                continue;
#ifdef NS_TESTS_BARE_H /* slow: only what no other machine runs */
            if (!below || bit == NS_CPU_AVX2)
                continue;
#endif
            char text[64];
            snprintf(text, sizeof text, "%s%s", ns_cpu_text(bit), below ? " and below" : "");
            const ns_kernels kernels = ns_kernels_get(below ? bit | (bit - 1) : bit);
            check(&kernels, text);
            count++;
        }
    return count;
}

/* A group of one test: `check` for each mask; skipped on a machine that has plain C only. */
#define TEST_EACH_MASK(check)            \
    static void every_mask(void **state) \
    {                                    \
        (void)state;                     \
        if (test_each_mask(check) == 0)  \
            skip();                      \
    }

#endif
