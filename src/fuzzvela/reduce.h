/* Reduce: the smallest graph that still goes wrong in the same way. */
#ifndef NS_FUZZVELA_REDUCE_H
#define NS_FUZZVELA_REDUCE_H

#include "fuzzvela/judge.h"

typedef struct ns_reduction {
    ns_judge *judge; /* of one target, the one that fails */
    const char *release;
    double time_limit; /* seconds */
    bool ordinary;     /* dims of 4 to 16 rather than of 1; data and attributes stay as networks have them */
    int trials;        /* out */
    double seconds;    /* out */
} ns_reduction;

/* Reduces `start` as long as its signature (ns_judge_signature) stays what it was: by outputs, cuts (a
 * tensor's value becomes an input), bypasses, dims, attributes, constants and data. `out` lies in `arena`.
 * NS_ERROR_INPUT where the start does not go wrong. */
ns_code ns_reduce(ns_reduction *reduction, const ns_draft *start, ns_arena *arena, ns_draft *out,
                  ns_error *error);

#endif
