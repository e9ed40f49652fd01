/* Measure: the stages of a case, and what is measured of each: errors, tolerance, verdict. */
#ifndef NPUSCOPE_MEASURE_H
#define NPUSCOPE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ns_stage {
#define NS_STAGE(NAME, name, blame, reference) NS_STAGE_##NAME,
#include "npuscope/stages.def"
#undef NS_STAGE
    NS_STAGE_COUNT
} ns_stage;

typedef enum ns_verdict {
#define NS_VERDICT(name, text, words, summary, counted, sentence) NS_VERDICT_##name,
#include "npuscope/verdicts.def"
#undef NS_VERDICT
    NS_VERDICT_COUNT
} ns_verdict;

const char *ns_stage_text(ns_stage stage);        /* "eval" */
const char *ns_stage_blame(ns_stage stage);       /* "lower"; "" for a stage that is not judged */
ns_stage ns_stage_reference(ns_stage stage);      /* what its output is compared with */
const char *ns_verdict_text(ns_verdict value);    /* "not_compiled" */
const char *ns_verdict_words(ns_verdict value);   /* "not compiled", "FAIL" */
const char *ns_verdict_summary(ns_verdict value); /* "passed", "not_compiled" */
const char *ns_verdict_counted(ns_verdict value); /* "passed", "not compiled" */

/* What the stage eval (the last before it where that did not run) must reach against ideal, beside its
 * tolerance; NaN: no limit. */
typedef struct ns_suite_limits {
    double min_sqnr_db, max_steps;
} ns_suite_limits;

/* How a case is quantised and judged. */
typedef struct ns_suite_settings {
    double qtol;                   /* tolerance in steps of the output scale, >= 0 */
    double atol, rtol;             /* absolute and relative tolerance, >= 0 */
    double epsilon;                /* the least scale of an activation, > 0 */
    bool per_channel;              /* one weight scale per output channel */
    double data_scale;             /* factor of the catalogue's inputs; 0: 1 */
    const ns_suite_limits *limits; /* NULL: none */
} ns_suite_settings;

/* Errors are counted by size, in steps of the output's scale: [0, 0.5], then up to each of these bounds, then
 * the rest. */
#define NS_ERROR_BIN_BOUNDS                    \
    {                                          \
        0.5, 1, 2, 4, 8, 16, 32, 64, 128, 1024 \
    }
#define NS_ERROR_BINS 11

/* One input tensor of the program, as far as it reaches the worst element. */
typedef struct ns_suite_operand {
    const char *name;
    size_t count; /* elements that the result depends on */
    int shown;    /* the first of them, at most 4 */
    double values[4];
    double minimum, maximum; /* over all `count` */
} ns_suite_operand;

typedef struct ns_stage_result {
    ns_stage stage;
    ns_verdict verdict;
    const char *reason; /* one sentence where the verdict is not pass; NULL otherwise */
    bool measured;      /* false: the stage gave no output, and what follows is 0 */

    /* Against ideal, over all elements; NaN where a model of one's own has no float reference. A step is the
     * scale of the output's quantisation. Of several outputs, each has its own steps. */
    double max_abs_error, max_steps, mean_steps;
    double sqnr_db; /* 20 log10(|ideal| / |error|); +infinity without error, -infinity for ideal all zero */
    size_t bins[NS_ERROR_BINS]; /* elements by error; all 0 when the output has no scale */

    /* Against the reference stage: what the verdict is made from. A model of one's own may have another
     * reference, named by `against`, or none (""); NULL: the stage's own. */
    const char *against;
    double max_difference, max_difference_steps;
    size_t beyond; /* elements beyond the tolerance */

    /* The element with the largest share of its tolerance used up (largest error, if none is used). */
    int worst_output;     /* of the program's outputs */
    size_t worst_element; /* of it, row-major */
    double worst_ideal, worst_reference, worst_got, worst_tolerance;
    int operand_count;
    ns_suite_operand *operands; /* NULL: which inputs it is made from is not known */

    /* Against what was recorded with a case of one's own. */
    size_t recorded;       /* elements that were; 0: nothing */
    size_t departing;      /* of these, the ones that are not the same (docs/cases.md says what that is) */
    double most_departing; /* the largest difference, in steps of the output's scale, or plain without one */

    double seconds; /* wall time */
} ns_stage_result;

#ifdef __cplusplus
}
#endif

#endif
