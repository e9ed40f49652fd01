/* Random: a small seeded generator (SplitMix64; Steele, Lea, Flood, OOPSLA 2014): the same numbers on
 * every machine. Its whole state is one word. */
#ifndef NS_BASE_RANDOM_H
#define NS_BASE_RANDOM_H

#include <stdint.h>

typedef struct ns_random {
    uint64_t state; /* the seed; any value */
} ns_random;

static inline uint64_t ns_random_u64(ns_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Uniform in [0, 1), a multiple of 2^-53. */
static inline double ns_random_unit(ns_random *random)
{
    return (double)(ns_random_u64(random) >> 11) * 0x1p-53;
}

/* Uniform in [low, high], both ends included; high - low < 2^63. The modulo's bias is below 2^-10 for
 * spans under 2^53. */
static inline int64_t ns_random_range(ns_random *random, int64_t low, int64_t high)
{
    return low + (int64_t)(ns_random_u64(random) % ((uint64_t)(high - low) + 1));
}

#endif
