/* Vela diff: the same graphs compiled by two releases of Vela, or with two sets of options, run on the same
 * integers and compared with each other and with the graph itself. */
#ifndef NPUSCOPE_VELA_DIFF_H
#define NPUSCOPE_VELA_DIFF_H

#include "npuscope/suite.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One of the two compilations. */
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
} ns_vela_diff_status;

const char *ns_vela_diff_status_text(ns_vela_diff_status status); /* "right" */

typedef struct ns_vela_diff_side {
    ns_vela_diff_status status;
    const char *reason;    /* of a refusal or a failure; NULL otherwise */
    size_t wrong;          /* elements that differ from eval */
    const char *chip_rule; /* the first that struck (ns_npu_statistics); NULL: none */
    bool all_zero;         /* all elements are 0, and not all of eval's */
    int defect_count;      /* known defects of the release that the graph meets */
    const ns_defect *defects;
} ns_vela_diff_side;

/* One element that differs between the two. */
typedef struct ns_vela_diff_change {
    int output;
    size_t element; /* row-major */
    int64_t a, b, eval;
} ns_vela_diff_change;

/* Changes that are kept of a graph. */
#define NS_VELA_DIFF_CHANGES 1000

typedef struct ns_vela_diff_graph {
    const char *name;        /* "exp rank1", or the file's name */
    const char *accelerator; /* "ethos-u85-128" */
    const char *eval_reason; /* why eval gave nothing; NULL where it did */
    size_t elements;         /* of all outputs */
    bool compared;           /* both ran */
    bool streams_differ;     /* the two files of Vela are not the same bytes */
    size_t changed;          /* elements that differ between the two */
    size_t change_count;     /* `changed`, up to NS_VELA_DIFF_CHANGES; 0 where the two have other shapes */
    ns_vela_diff_change *changes;
    bool evaluated; /* the changes have `eval` */
    ns_vela_diff_side sides[2];
} ns_vela_diff_graph;

typedef struct ns_vela_diff_result {
    ns_vela_diff_compiler compilers[2];
    uint64_t seed;
    int kept_off; /* rows of the catalogue that ExecuTorch keeps off the target: not compiled */
    int count;
    ns_vela_diff_graph *graphs;
    int compared, streams_differ, changed_graphs; /* graphs */
    uint64_t elements, changed;                   /* elements, over the compared graphs */
    int statuses[2][5];                           /* graphs by side and ns_vela_diff_status */
} ns_vela_diff_result;

typedef struct ns_vela_diff_options {
    const char *folder;            /* of .tosa files; NULL: the catalogue that `suite` selects */
    const ns_suite_options *suite; /* selection, targets, seed and cpu_mask; stages are not looked at */
    const ns_vela_options *vela;   /* cache and progress */
} ns_vela_diff_options;

/* Runs the comparison. The files of a folder are taken in order of their names, with random integers drawn
 * over the whole range of each input's type (int32: 21 bits). NS_ERROR_USAGE where there is no graph. */
ns_code ns_vela_diff(const ns_vela_diff_options *options, const ns_vela_diff_compiler compilers[2],
                     ns_arena *arena, ns_vela_diff_result *result, ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
