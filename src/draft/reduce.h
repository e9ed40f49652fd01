/* Reduce: the smallest graph that still shows the same finding. */
#ifndef NS_DRAFT_REDUCE_H
#define NS_DRAFT_REDUCE_H

#include "draft/exhibit.h"

/* What tells one finding from another; NULL: the graph shows none. The text lies in `arena`. An error is a
 * graph that shows nothing, but for NS_ERROR_MEMORY, NS_ERROR_IO and NS_ERROR_TOOL_MISSING. */
typedef ns_code (*ns_reduce_signature)(void *context, const ns_exhibit *exhibit, ns_arena *arena,
                                       const char **signature, ns_error *error);

typedef struct ns_draft_reduction {
    ns_reduce_signature signature;
    void *context;
    double time_limit;  /* seconds */
    bool ordinary;      /* dims of 4 to 16 rather than of 1; data and attributes stay as networks have them */
    const char *centre; /* name of the tensor around which a small window is tried first; NULL: none */
    int trials;         /* out */
    double seconds;     /* out */
} ns_draft_reduction;

/* Reduces `start` as long as its signature stays what it was: by a window around the centre, outputs, cuts (a
 * tensor's value becomes an input), bypasses, dims, attributes, constants and data. `out` lies in `arena`.
 * NS_ERROR_INPUT where the start shows nothing. */
ns_code ns_draft_reduce(ns_draft_reduction *reduction, const ns_draft *start, ns_arena *arena, ns_draft *out,
                        ns_error *error);

#endif
