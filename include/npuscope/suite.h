/* Suite: the catalogue of operator cases, run stage by stage, with a verdict and the stage at fault. */
#ifndef NPUSCOPE_SUITE_H
#define NPUSCOPE_SUITE_H

#include "npuscope/defects.h"
#include "npuscope/measure.h"
#include "npuscope/tensor.h"
#include "npuscope/vela.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One operator of a case's graph, or one of its inputs and outputs. Constants are folded into the operators
 * that read them. */
typedef struct ns_graph_node {
    const char *name;     /* "RESCALE", "input 0", "output 0" */
    const char *settings; /* lines: the attributes, then a line for each constant: "shift 30" */
    const char *type;     /* of its result: "[1, 3, 64] int16" */
    int input_count;
    int *inputs; /* earlier nodes */
    double heat; /* 0 to 1: how strongly its box is coloured */
} ns_graph_node;

/* What a page shows of a case beside its figures. */
typedef struct ns_case_details {
    int node_count; /* 0: the case was not lowered */
    ns_graph_node *nodes;
    const char *stream;                  /* as `npuscope inspect` prints it; NULL: nothing was compiled */
    const struct ns_sweep_result *sweep; /* without `ideal` and `steps`; NULL: not for this operator */
    const char *sweep_problem;           /* why there is none though the operator could be swept; or NULL */
} ns_case_details;

typedef enum ns_agreement {
#define NS_AGREEMENT(NAME, text) NS_AGREEMENT_##NAME,
#include "npuscope/agreements.def"
#undef NS_AGREEMENT
} ns_agreement;

/* The case's graph in another configuration of Vela, executed on the same integers. */
typedef struct ns_configuration {
    const char *accelerator; /* "ethos-u85-256" */
    const char *flags;       /* options beside the usual ones; "": none */
    ns_agreement agreement;
    size_t differing;   /* elements that differ from eval's */
    const char *reason; /* why it was not compiled or not run; NULL otherwise */
} ns_configuration;

/* Whose fault it is that the NPU's result differs from eval's. */
typedef enum ns_suspect {
    NS_SUSPECT_NONE,
    NS_SUSPECT_VELA,      /* another configuration gives eval's result */
    NS_SUSPECT_SIMULATOR, /* none does */
} ns_suspect;

const char *ns_agreement_text(ns_agreement agreement); /* "agrees" */
const char *ns_suspect_text(ns_suspect suspect);       /* "vela"; "" for none */

/* One result of the program. */
typedef struct ns_suite_output {
    ns_tensor tensor; /* type and shape; no data */
    double scale;     /* one step; 0 when it has no quantisation, NaN when it is not known */
} ns_suite_output;

/* Which codes a case's integers use. */
typedef struct ns_suite_codes {
    size_t distinct; /* 0: not known */
    int64_t minimum, maximum;
} ns_suite_codes;

typedef struct ns_case_result {
    const char *op;          /* "exp" */
    const char *name;        /* "rank1" */
    const char *where;       /* the folder or zip file of a case of one's own; NULL: the catalogue's */
    const char *target;      /* as selected: "u55" */
    const char *accelerator; /* "ethos-u55-128" */
    ns_suite_settings settings;
    uint64_t seed;

    ns_tensor output;        /* type and shape of the (first) result; no data */
    double scale;            /* one step of it; 0 when it has no quantisation, NaN when it is not known */
    double minimum, maximum; /* of the ideal outputs */
    int scale_count,
        floor_count; /* scales of activations, and those of them that are the least one, epsilon */
    ns_suite_codes input_codes, output_codes; /* of all real inputs and outputs of the graph together */
    int defect_count;                         /* known defects of Vela's release that the graph meets */
    const ns_defect *defects;
    int output_count;
    const ns_suite_output *outputs; /* all of them, where there are several; else NULL */

    int stage_count;
    ns_stage_result *stages; /* those that were selected, in order */
    ns_verdict verdict;
    ns_stage at_fault;  /* the first stage that failed; NS_STAGE_IDEAL: none */
    const char *reason; /* of the stage that decided the verdict; NULL for pass */
    const char *note; /* of a case of one's own: why its recorded graph stands in for the float graph; NULL */
    int part_count,
        off_count; /* where the target takes the program in parts, with the CPU between them; else 0 */
    const char *const *off;  /* why the others stay on the CPU, a sentence each */
    int configuration_count; /* 0 unless the stage npu is at fault */
    const ns_configuration *configurations;
    ns_suspect suspect;
    const ns_case_details *details; /* NULL: not asked for */
    double seconds;
} ns_case_result;

/* A row in two runs. */
typedef enum ns_change {
#define NS_CHANGE(NAME, text, sentence) NS_CHANGE_##NAME,
#include "npuscope/changes.def"
#undef NS_CHANGE
    NS_CHANGE_COUNT
} ns_change;

const char *ns_change_text(ns_change change); /* "worse" */

/* What two runs are compared by; the measures are those of the stage eval (the last before it where that did
 * not run), NaN where there are none. */
typedef struct ns_row_figures {
    ns_verdict verdict;
    double sqnr_db, max_steps;
} ns_row_figures;

typedef struct ns_row_change {
    const char *op, *name, *target;
    ns_change change;
    ns_row_figures before, after; /* not of NEW, and not of GONE */
} ns_row_change;

/* A run against an earlier one. */
typedef struct ns_suite_baseline {
    const char *file; /* or "run 3 of history.db" */
    int counts[NS_CHANGE_COUNT];
    int row_count; /* those that are not the same */
    ns_row_change *rows;
    int all_count; /* with those that are */
    ns_row_change *all;
} ns_suite_baseline;

/* Rows that wait in a file. */
typedef struct ns_suite_rows ns_suite_rows;

typedef struct ns_suite_result {
    const char *catalogue; /* "seed" or "executorch"; "": only cases of one's own */
    uint64_t seed;
    unsigned stages; /* bit 1 << NS_STAGE_... for each selected stage */
    int case_count;
    ns_case_result *cases; /* NULL with ns_suite_options.spill: ns_suite_case gives each */
    int counts[NS_VERDICT_COUNT];
    const char *vela_flags;   /* further options of Vela; NULL: none */
    const char *vela;         /* the version that compiled; NULL: no stage needed Vela, or it is missing */
    const char *vela_missing; /* why the stages that need Vela did not run; NULL where they did */
    const ns_suite_baseline *baseline; /* NULL: none was asked for */
    double seconds;
    ns_suite_rows *rows; /* NULL: all are in `cases` */
} ns_suite_result;

/* A limit for the operators that a pattern names. */
typedef struct ns_suite_limit {
    const char *op; /* NULL: all */
    double value;
} ns_suite_limit;

#define NS_NO_CATALOGUE "none"

typedef struct ns_suite_options {
    size_t size;           /* sizeof(ns_suite_options), or 0 (status.h) */
    const char *catalogue; /* NULL: "seed"; NS_NO_CATALOGUE beside cases of one's own: only these */
    int case_path_count;   /* folders and zip files of cases of one's own */
    const char *const *case_paths;
    /* 0: all operators, families and cases; where all three are 0, the operators before NS_ATEN_SHORT_LIST of
     * ops/operators.def. Of targets: u55 and u85. */
    int op_count, family_count, name_count, target_count;
    const char *const *families; /* "unary", or patterns: NS_CASE_FAMILIES of ops/cases.h */
    const char *const *ops;      /* names or patterns, as fnmatch takes them */
    const char *const *names;
    const char *const *targets; /* "u55", "u85" or an accelerator's full name: "ethos-u55-256" */
    bool all_targets;           /* every accelerator, or those of `targets`, with every memory mode it has */
    const char *vela_flags;     /* further options of Vela, separated by spaces; NULL: none */
    const char *memory_mode;    /* one of memory_modes.def, with its arena cache; NULL: the usual one */
    const char *stages;         /* comma-separated; NULL: ideal to eval, and npu where Vela is found */
    uint64_t seed;
    double qtol, atol, rtol, epsilon;    /* NaN: each case's own */
    double data_scale;                   /* factor of the catalogue's inputs, > 0; NaN: 1 */
    int min_sqnr_count, max_steps_count; /* of several that name an operator the last counts */
    const ns_suite_limit *min_sqnr, *max_steps;
    int per_channel;                     /* negative: each case's own; 0 or 1 */
    unsigned cpu_mask;                   /* instruction sets that kernels may use */
    int threads;                         /* 0: one per processor. Results never depend on it */
    bool details;                        /* fill in the details of each case */
    const char *vela;                    /* where Vela is, as for ns_vela_find */
    const ns_vela_options *vela_options; /* NULL: the usual cache, no progress */

    /* Only the rows that fall to part `shard`, from 0, of `shards`, told by operator, case, target,
     * accelerator and memory mode; 0 parts: all. A part without rows is no error. */
    int shard, shards;

    /* Called after each case, one call at a time; NULL: none. */
    void (*progress)(void *context, const ns_case_result *result, int done, int total);
    void *context;

    /* Rows that passed wait in a temporary file, so that memory does not grow with their number; the result
     * is read by ns_suite_case and ns_suite_finding, and given back with ns_suite_close before the arena is.
     */
    bool spill;
} ns_suite_options;

/* Fills in options with nothing selected and nothing overridden; `size` is sizeof(ns_suite_options). */
void ns_suite_defaults(ns_suite_options *options, size_t size);

/* Fills in op, name, target and settings of each selected row, in catalogue order, without running any.
 * NS_ERROR_USAGE for an unknown operator, case, target, stage or catalogue (the message lists what
 * exists) and for a selection without rows. */
ns_code ns_suite_list(const ns_suite_options *options, ns_arena *arena, ns_suite_result **result,
                      ns_error *error);

/* Selects like ns_suite_list and runs every row. A failing case is a result, not an error; errors are
 * those of the selection, NS_ERROR_TOOL_MISSING where a stage that was asked for needs a Vela that is not
 * there, what ns_vela_compile reports, and NS_ERROR_MEMORY. */
ns_code ns_suite_run(const ns_suite_options *options, ns_arena *arena, ns_suite_result **result,
                     ns_error *error);

/* Row `index` of a result, from 0. One that waits in a file is valid until the fourth call after this; where
 * it cannot be read, a row without stages, and ns_suite_check says why. One thread at a time. */
const ns_case_result *ns_suite_case(const ns_suite_result *result, int index);

/* The row where there is more to tell of it than its figures: a verdict other than pass, a note, parts, known
 * defects; NULL otherwise. It is in memory, as long as the result is. */
const ns_case_result *ns_suite_finding(const ns_suite_result *result, int index);

/* The first error of ns_suite_case: NS_ERROR_IO or NS_ERROR_MEMORY; NS_OK where there was none. */
ns_code ns_suite_check(const ns_suite_result *result, ns_error *error);

/* Gives the file back; the rest is the arena's. NULL is allowed, and a result without a file. */
void ns_suite_close(ns_suite_result *result);

#ifdef __cplusplus
}
#endif

#endif
