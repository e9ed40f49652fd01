/* What draft gives the rooms above it. */
#ifndef NS_DRAFT_INTERFACE_H
#define NS_DRAFT_INTERFACE_H

#include "draft/draft.h"

/* ---- exhibit.c ---- */

/* Exhibit: a draft as what Vela and the simulator are given, and as files. */

/* A draft as what Vela and the simulator are given: file, inputs, and the outputs that are right. */
typedef struct ns_exhibit {
    ns_graph *graph; /* the caller frees it */
    const void *file;
    size_t file_size;
    int input_count;
    const ns_tensor *inputs;
    int output_count;
    ns_tensor outputs[NS_DRAFT_OUTPUTS];
} ns_exhibit;

/* NS_ERROR_INPUT where the graph does not pass validation. What it points to lies in `arena`. */
ns_code ns_exhibit_make(const ns_draft *draft, ns_arena *arena, ns_exhibit *out, ns_error *error);

/* graph.tosa, in<k>.npy and out<k>.npy in `folder`, which is made. */
ns_code ns_exhibit_write(const ns_exhibit *exhibit, const char *folder, ns_arena *arena, ns_error *error);

/* The same of a draft. */
ns_code ns_draft_write(const ns_draft *draft, const char *folder, ns_arena *arena, ns_error *error);

/* ---- edit.c ---- */

/* The draft with a neighbouring pair of operators in the other order, where that is exact: an operator that
 * moves elements, and one that maps each element by itself. The pair is the node `second` and what makes its
 * first operand; CONCAT and PAD are moved behind the other only. False where the two are no such pair, or the
 * evaluator gives another result. `out` lies in `arena`. */
bool ns_draft_swap(const ns_draft *draft, int second, ns_arena *arena, ns_draft *out);

/* ---- reduce.c ---- */

/* Reduce: the smallest graph that still shows the same finding. */

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
 * tensor's value becomes an input), bypasses, dims, attributes, constants, data and ranks. `out` lies in
 * `arena`. NS_ERROR_INPUT where the start shows nothing. */
ns_code ns_draft_reduce(ns_draft_reduction *reduction, const ns_draft *start, ns_arena *arena, ns_draft *out,
                        ns_error *error);

#endif
