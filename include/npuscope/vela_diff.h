/* Vela diff: the same graphs compiled by several releases of Vela, or with several sets of options, run on
 * the same integers and compared with each other and with the graph itself. */
#ifndef NPUSCOPE_VELA_DIFF_H
#define NPUSCOPE_VELA_DIFF_H

#include "npuscope/graph.h"
#include "npuscope/suite.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One of the compilations. */
typedef struct ns_vela_diff_compiler {
    ns_vela vela;
    const char *flags; /* further options, separated by spaces; NULL: none */
} ns_vela_diff_compiler;

typedef enum ns_vela_diff_status {
    NS_VELA_DIFF_RIGHT,     /* equals eval in every element */
    NS_VELA_DIFF_WRONG,     /* does not */
    NS_VELA_DIFF_UNCHECKED, /* ran, and eval gave nothing to compare with */
    NS_VELA_DIFF_REFUSED,   /* Vela does not place the graph on the NPU */
    NS_VELA_DIFF_FAILED,    /* Vela or the stream failed */
    NS_VELA_DIFF_STATUS_COUNT,
} ns_vela_diff_status;

const char *ns_vela_diff_status_text(ns_vela_diff_status status); /* "right" */

typedef struct ns_vela_diff_side {
    ns_vela_diff_status status;
    const char *reason;    /* of a refusal or a failure; NULL otherwise */
    size_t wrong;          /* elements that differ from eval with one of the sets of inputs */
    size_t changed;        /* elements that differ from the side before it; 0 of the first */
    bool worse;            /* than the side before it: wrong, refused or failed where that was not, or wrong
                              in more elements */
    bool streams_differ;   /* from the side before it: the two files of Vela are not the same bytes */
    const char *chip_rule; /* the first that struck (ns_npu_statistics); NULL: none */
    const char *sign;      /* the first that the stream is wrong whatever the values, else one that it may be
                              (ns_npu_statistics); NULL: none */
    bool all_zero;         /* all elements are 0 with every set, and not all of eval's */
    int defect_count;      /* known defects of the release that the graph meets */
    const ns_defect *defects;
} ns_vela_diff_side;

/* One element that differs between the first and the last side that ran, with the first set for which it
 * does. */
typedef struct ns_vela_diff_change {
    int output;
    size_t element; /* row-major */
    int64_t a, b, eval;
} ns_vela_diff_change;

/* Changes that are kept of a graph. */
#define NS_VELA_DIFF_CHANGES 1000

/* Compilations at once. */
#define NS_VELA_DIFF_SIDES 16

typedef struct ns_vela_diff_graph {
    const char *name;        /* "exp rank1", or the file's name */
    const char *accelerator; /* "ethos-u85-128" */
    const char *eval_reason; /* why eval gave nothing; NULL where it did */
    int set_count;           /* sets of inputs that it ran on */
    size_t elements;         /* of all outputs */
    size_t unmoved;          /* of these, the ones that no drawn input changed; 0 where none was drawn */
    bool compared;           /* two sides ran */
    int first, last;         /* the first and the last side that ran */
    bool streams_differ;     /* the two files of Vela of these are not the same bytes */
    size_t changed;          /* elements that differ between them */
    size_t change_count;     /* `changed`, up to NS_VELA_DIFF_CHANGES; 0 where the two have other shapes */
    ns_vela_diff_change *changes;
    bool evaluated;           /* the changes have `eval` */
    ns_vela_diff_side *sides; /* side_count of the result */
} ns_vela_diff_graph;

typedef struct ns_vela_diff_result {
    int side_count;
    ns_vela_diff_compiler compilers[NS_VELA_DIFF_SIDES];
    uint64_t seed;
    int kept_off; /* rows of the catalogue that ExecuTorch keeps off the target: not compiled */
    int count;
    ns_vela_diff_graph *graphs;
    int compared, streams_differ, changed_graphs;                /* graphs; first and last that ran */
    uint64_t elements, changed;                                  /* elements, over the compared graphs */
    int statuses[NS_VELA_DIFF_SIDES][NS_VELA_DIFF_STATUS_COUNT]; /* graphs by side and status */
    int worse[NS_VELA_DIFF_SIDES]; /* graphs that are worse than by the side before it */
} ns_vela_diff_result;

typedef struct ns_vela_diff_options {
    size_t size;                   /* sizeof(ns_vela_diff_options), or 0 (status.h) */
    const char *folder;            /* of .tosa files, or one; NULL: the catalogue that `suite` selects */
    const ns_suite_options *suite; /* selection, targets, seed and cpu_mask; stages are not looked at */
    const ns_vela_options *vela;   /* cache and progress */
    /* Inputs of one's own in place of drawn ones: sets one behind the other, each of the block's inputs, in
     * memory of `arena`. NULL: drawn. */
    ns_code (*inputs)(void *context, const ns_graph *graph, ns_arena *arena, int *set_count, ns_tensor **sets,
                      ns_error *error);
    void *context;
} ns_vela_diff_options;

/* Runs the comparison of 2 to NS_VELA_DIFF_SIDES compilations. The files of a folder are taken in order of
 * their names. Of a file's graph, and behind the suite's own integers of a row's, sets of inputs are drawn:
 * the whole range of each input's type (int32: 21 bits), several magnitudes, rows of equal elements, small
 * differences about one value for each row; then others, until every element of every output changes with an
 * input and every output with every input, or eight draws in a row brought no such change.
 * NS_ERROR_USAGE where there is no graph. */
ns_code ns_vela_diff(const ns_vela_diff_options *options, int side_count,
                     const ns_vela_diff_compiler *compilers, ns_arena *arena, ns_vela_diff_result *result,
                     ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
