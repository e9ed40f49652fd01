/* Run case: one row of the suite through its stages, in two halves: what npuscope does by itself, and what
 * follows Vela, which compiles the graphs of many rows at once in between. */
#ifndef NS_SUITE_RUN_CASE_H
#define NS_SUITE_RUN_CASE_H

#include "stage/stage.h"
#include "sweep/sweep.h"

/* A row between its two halves. */
typedef struct ns_case_run ns_case_run;

/* Stages that come after Vela's run. */
#define NS_STAGES_COMPILED (1u << NS_STAGE_VELA | 1u << NS_STAGE_NPU)

typedef struct ns_case_options {
    unsigned stages; /* bit 1 << NS_STAGE_... of those that are reported */
    uint64_t seed;
    unsigned cpu_mask;
    const char *release;         /* of the Vela that compiles, for its known defects; NULL: none */
    const ns_stage_hooks *hooks; /* NULL: none */
    /* Gather what ns_case_result.details holds. Where the operator can be swept, Vela has a second graph to
     * compile for the row; `sweeps` has what the sweeps of one case share, NULL: nothing. */
    bool details;
    ns_sweep_memory *sweeps;
} ns_case_options;

/* Runs the row's stages up to eval, or up to the last one in `stages`. All memory, that of the result too,
 * is `arena`'s, which must live until the row is finished. What goes wrong in a stage is the row's result;
 * only NS_ERROR_MEMORY and an ill-formed catalogue (NS_ERROR_INTERNAL) are errors. */
ns_code ns_suite_case_begin(const ns_suite_row *row, const ns_case_options *options, ns_arena *arena,
                            ns_case_run **run, ns_error *error);

/* The sweep's graph; NULL where there is none. */
ns_vela_request *ns_suite_sweep_request(ns_case_run *run);

/* What Vela is to compile for the row; NULL where no later stage needs it or an earlier one gave nothing. */
ns_vela_request *ns_suite_case_request(ns_case_run *run);

/* Runs the rest, for which the request has its outcome, and gives the verdict. *result lies in the arena. */
ns_code ns_suite_case_finish(ns_case_run *run, ns_case_result **result, ns_error *error);

/* After that: the requests that tell whose fault it is when the stage npu failed; *count is 0 otherwise. */
ns_code ns_suite_case_configurations(ns_case_run *run, ns_vela_request **requests, int *count,
                                     ns_error *error);

/* Once they have their outcomes: completes the result of ns_suite_case_finish. Without requests it does
 * nothing. */
ns_code ns_suite_case_diagnose(ns_case_run *run, ns_error *error);

/* All of it for one row. `vela` may be NULL where the stages have none of NS_STAGES_COMPILED. */
ns_code ns_suite_run_case(const ns_suite_row *row, const ns_case_options *options, const ns_vela *vela,
                          const ns_vela_options *vela_options, ns_arena *arena, ns_case_result *result,
                          ns_error *error);

#endif
