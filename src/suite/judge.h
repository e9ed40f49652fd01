/* Judge: what a stage gave against what it is compared with, and against what was recorded. */
#ifndef NS_SUITE_JUDGE_H
#define NS_SUITE_JUDGE_H

#include "stage/stage.h"

typedef struct ns_judging {
    const ns_ladder *ladder;
    double *const *outputs; /* by stage; NULL: none yet */
    ns_arena *arena;        /* of what results point to */
} ns_judging;

/* Measures the stage's output and gives its verdict. */
ns_code ns_judge(const ns_judging *run, ns_stage_result *result, ns_error *error);

/* What was recorded with a case of one's own judges its stages too, but for the NPU, which is judged by eval.
 * The same are: for ideal, reals within the harness's tolerance of the float model's; for quantised, codes of
 * the output's scale that differ by one at most from the quantised model's; for eval and npu, equal integers.
 */
void ns_judge_recorded(const ns_judging *run, ns_case_result *result);

/* Fails the last stage up to eval where it does not keep to settings.limits. */
void ns_judge_limits(const ns_judging *run, ns_case_result *result);

#endif
