#include "npuscope/cpu.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/system.h"

static const char *const names[] = {
#define NS_CPU(name, text) text,
    NS_CPU_LIST(NS_CPU)
#undef NS_CPU
};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

#if defined(__x86_64__)
/* CPUID 7: AMX-TILE and AMX-INT8; the system keeps their state (XCR0), and gives it to this process. The
 * processor has AVX-512, and with it the leaf and XGETBV. */
static bool has_tiles(void)
{
    enum { TILE = 1 << 24, INT8 = 1 << 25, STATE = 3 << 17 };
    unsigned a, b, c, d, state, upper;
    __cpuid_count(7, 0, a, b, c, d);
    if ((d & (TILE | INT8)) != (TILE | INT8))
        return false;
    __asm__ volatile("xgetbv" : "=a"(state), "=d"(upper) : "c"(0));
    return (state & STATE) == STATE && ns_system_allow_tiles();
}
#endif

unsigned ns_cpu_detect(void)
{
    unsigned mask = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        mask |= NS_CPU_AVX2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        mask |= NS_CPU_AVX512;
    if ((mask & NS_CPU_AVX512) && __builtin_cpu_supports("avx512vnni"))
        mask |= NS_CPU_AVX512VNNI;
    if ((mask & NS_CPU_AVX512) && __builtin_cpu_supports("avx512vbmi"))
        mask |= NS_CPU_AVX512VBMI;
    if ((mask & NS_CPU_AVX512VNNI) && has_tiles())
        mask |= NS_CPU_AMX;
#elif defined(__aarch64__)
    mask |= NS_CPU_NEON; /* part of the base architecture */
#endif
    return mask;
}

unsigned ns_cpu_parse(const char *text, int *ok)
{
    *ok = 1;
    if (strcmp(text, "all") == 0)
        return ~0u;
    if (strcmp(text, "none") == 0)
        return 0;
    unsigned mask = 0;
    while (*text) {
        size_t length = strcspn(text, ",");
        int index = 0;
        while (index < NAME_COUNT &&
               (strlen(names[index]) != length || memcmp(names[index], text, length) != 0))
            index++;
        if (index == NAME_COUNT) {
            *ok = 0;
            return 0;
        }
        mask |= 1u << index;
        text += length;
        text += *text == ',';
    }
    return mask;
}

const char *ns_cpu_text(unsigned bit)
{
    for (int i = 0; i < NAME_COUNT; i++)
        if (bit == 1u << i)
            return names[i];
    return "?";
}
