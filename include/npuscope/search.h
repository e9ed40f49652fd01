/* Search: bad inputs for operators whose inputs are too many to run them all (bmm, mean.dim, var, conv1d). */
#ifndef NPUSCOPE_SEARCH_H
#define NPUSCOPE_SEARCH_H

#include "npuscope/suite.h"
#include "npuscope/vela.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ns_search_kind {
#define NS_SEARCH_KIND(NAME, text, what) NS_SEARCH_##NAME,
#include "npuscope/search_kinds.def"
#undef NS_SEARCH_KIND
    NS_SEARCH_COUNT
} ns_search_kind;

const char *ns_search_kind_text(ns_search_kind kind); /* "gain" */
const char *ns_search_kind_what(ns_search_kind kind); /* what its inputs are */

/* The element with the largest error of some trials. `best` is the most that any implementation can do with
 * the case's scales: the stage quantised. */
typedef struct ns_search_worst {
    bool found;
    int trial; /* from 0 */
    ns_search_kind kind;
    size_t element; /* row-major */
    double ideal, best, got;
    double steps;            /* |got - best|, in steps of the output's scale */
    double steps_from_ideal; /* |got - ideal|; 0 where ideal lies beyond the output's range */
    bool outside;            /* ideal does */
} ns_search_worst;

/* Such an element with the trial that made it. */
typedef struct ns_search_found {
    ns_search_worst worst;
    const ns_tensor *inputs; /* integers, one tensor for each input */
    int operand_count;
    ns_suite_operand *operands; /* what the element depends on, in reals */
} ns_search_found;

typedef struct ns_search_result {
    const char *op, *name, *target, *accelerator;
    uint64_t seed;
    bool uniform;
    double output_scale;
    ns_tensor output; /* type and shape of the result; no data */
    int trials;
    int unpredictable; /* trials whose result the TOSA specification leaves open */
    const char *rule;  /* the first such trial's message; NULL without one */
    uint64_t elements; /* compared */
    uint64_t beyond;   /* elements whose exact result lies beyond the output's range; compared as well */
    int kind_trials[NS_SEARCH_COUNT];
    ns_search_worst worst_of[NS_SEARCH_COUNT]; /* by kind, eval against best */
    double from_ideal_of[NS_SEARCH_COUNT];     /* by kind, the largest steps_from_ideal */
    size_t bins[NS_ERROR_BINS];                /* elements by |eval - best| in steps */
    int input_count;
    ns_search_found worst;            /* the largest of these: what the lowering costs */
    ns_search_found worst_from_ideal; /* eval against ideal: what the format costs as well */
    const char *npu_reason;           /* why the NPU did not run; NULL when it did */
    uint64_t differences;             /* elements for which npu is not eval */
    int differing_trials;
    ns_search_found difference; /* the first of them; got: npu; best: eval */
    const void *graph;          /* the .tosa file's bytes */
    size_t graph_size;
    double seconds;
} ns_search_result;

#define NS_SEARCH_DEFAULT_TRIALS 1000

typedef struct ns_search_options {
    size_t size;           /* sizeof(ns_search_options), or 0 (status.h) */
    const char *catalogue; /* NULL: "seed" */
    const char *op, *name, *target;
    uint64_t seed;  /* of the data that the scales come from, and of the trials */
    double epsilon; /* NaN: the case's own */
    int trials;     /* 0: NS_SEARCH_DEFAULT_TRIALS */
    bool uniform;   /* uniform random codes only, to see what the direction is worth */
    unsigned cpu_mask;
    const ns_vela *vela; /* NULL: the NPU is not run */
    const ns_vela_options *vela_options;
    void (*progress)(void *context, int done, int trials); /* may be NULL */
    void *context;
} ns_search_options;

/* Takes the scales from the case's own data, then runs `trials` inputs through the evaluator and the NPU.
 * Half of them are made to provoke (boundaries, cancellation, largest gain), the rest climb from the worst.
 * The same options give the same trials on every machine. NS_ERROR_USAGE for an unknown case, or an operator
 * that is not of sums and products only (those of one input have ns_sweep_run); NS_ERROR_UNSUPPORTED where
 * ExecuTorch keeps it off the target. */
ns_code ns_search_run(const ns_search_options *options, ns_arena *arena, ns_search_result **out,
                      ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
