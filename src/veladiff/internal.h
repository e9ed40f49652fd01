/* What the files of veladiff give each other. */
#ifndef NS_VELADIFF_INTERNAL_H
#define NS_VELADIFF_INTERNAL_H

#include "base/interface.h"
#include "npuscope/eval.h"
#include "npuscope/vela_diff.h"

#define NS_DIFF_TENSORS 16 /* inputs, and outputs, of a graph at most */

/* ---- subjects.c ---- */

/* One set of integers, and what the graph makes of it. */
typedef struct ns_diff_set {
    ns_tensor *inputs;
    ns_tensor *evaluated; /* NULL: eval gave nothing */
} ns_diff_set;

/* A graph for one accelerator, with its inputs and what it gives. */
typedef struct ns_diff_subject {
    ns_vela_diff_graph *result;
    ns_vela_request request; /* graph and accelerator */
    int input_count, output_count;
    bool read[NS_DIFF_TENSORS]; /* inputs that the graph reads */
    int set_count;
    ns_diff_set *sets;
    ns_tensor **outputs[NS_VELA_DIFF_SIDES]; /* of each set; NULL: the side gave none */
} ns_diff_subject;

typedef struct ns_diff {
    const ns_vela_diff_options *options;
    ns_vela_diff_result *result;
    ns_arena *arena;
    int count;
    ns_diff_subject *subjects;
} ns_diff;

/* Fills in subjects and the result's graphs from the folder or the catalogue. */
ns_code ns_diff_take(ns_diff *diff, ns_error *error);

/* ---- draw.c ---- */

/* Appends drawn sets to the subject's, with what eval makes of them; counts the result's `unmoved`. Where the
 * result of a graph with GATHER or SCATTER is unpredictable, integers of more than 16 bits are drawn within
 * the rows. NS_ERROR_UNSUPPORTED for an input that is not of integers; the first set is then there without a
 * result, as far as it was drawn, and so it is where eval gives nothing for any. */
ns_code ns_diff_draw(const ns_graph *graph, const ns_eval_options *options, ns_random *random,
                     ns_arena *arena, ns_diff_subject *subject, ns_error *error);

#endif
