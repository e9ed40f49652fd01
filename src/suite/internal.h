/* What the files of suite give each other. */
#ifndef NS_SUITE_INTERNAL_H
#define NS_SUITE_INTERNAL_H

#include "npuscope/graph.h"
#include "npuscope/suite.h"
#include "npuscope/vela.h"
#include "stage/interface.h"
#include "sweep/sweep.h"

/* ---- configurations.c ---- */

/* Configurations: whose fault is it that the NPU's result differs from eval's? */

/* What Vela is to compile to tell: the row's graph for the family's other accelerators and with other
 * options. In the ladder's arena. */
ns_code ns_configurations_list(const ns_ladder *ladder, ns_vela_request **requests, int *count,
                               ns_error *error);

/* Executes what Vela made of them and completes `result`: configurations, suspect and reason. */
ns_code ns_configurations_judge(const ns_ladder *ladder, const ns_vela_request *requests, int count,
                                ns_case_result *result, ns_error *error);

/* ---- details.c ---- */

/* Details: what a page shows of a case beside its figures: the graph, the command stream, a sweep. */

/* The main block's inputs, operators and outputs as nodes, constants folded into their readers. */
ns_code ns_details_draw_graph(const ns_graph *graph, ns_arena *arena, ns_case_details *details,
                              ns_error *error);

/* The text of a compiled stream; a stream that cannot be read leaves the reason in its place. */
ns_code ns_details_print_stream(const ns_vela_request *request, ns_arena *arena, ns_case_details *details,
                                ns_error *error);

/* A copy of all of it in `arena`; NULL when memory is out. */
const ns_case_details *ns_details_copy(const ns_case_details *details, ns_arena *arena);

/* ---- judge.c ---- */

/* Judge: what a stage gave against what it is compared with, and against what was recorded. */

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

/* ---- run_case.c ---- */

/* Run case: one row of the suite through its stages, in two halves: what npuscope does by itself, and what
 * follows Vela, which compiles the graphs of many rows at once in between. */

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

/* What Vela is to compile for the row, from index 0; NULL beyond it, and where no later stage needs it or an
 * earlier one gave nothing. */
ns_vela_request *ns_suite_case_request(ns_case_run *run, int index);

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

/* ---- rows.c ---- */

/* Rows: of a run, in memory or in a file (ns_suite_options.spill). */

/* From now on the rows of `result` that pass wait in a file, until ns_suite_close; where none can be made, in
 * memory as the others. */
ns_code ns_rows_begin(ns_suite_result *result, ns_arena *arena, ns_error *error);

/* Keeps row `index` and counts its verdict: what it points to may be given back. One call at a time. */
ns_code ns_rows_keep(ns_suite_result *result, int index, ns_case_result *row, ns_arena *arena,
                     ns_error *error);

/* ---- subject.c ---- */

/* Subject: what a row tests: which scales and codes it uses, and which known defects of Vela its graph meets;
 * and why it fails. */

/* Fills in scale_count, floor_count, input_codes and output_codes, as far as the stages have come. */
void ns_subject_describe(const ns_ladder *ladder, ns_case_result *result);

/* Whether the row is one function of one value, by TABLE in `graph`. */
void ns_why_look(const ns_ladder *ladder, const ns_graph *graph, bool *tabled);

/* Adds to the reason of a failed stage eval of such a row between which knots its worst element lies. */
ns_code ns_why_table(const ns_ladder *ladder, ns_arena *arena, ns_stage_result *result, ns_error *error);

#endif
