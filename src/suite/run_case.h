/* Run case: one row of the suite through its stages. */
#ifndef NS_SUITE_RUN_CASE_H
#define NS_SUITE_RUN_CASE_H

#include "npuscope/graph.h"
#include "suite/select.h"

/* For tests that plant a fault: what a stage made may be changed before the next one sees it. A NULL member
 * does nothing. */
typedef struct ns_suite_hooks {
    void *context;
    /* After the scales are chosen. */
    ns_code (*quantised)(void *context, ns_aten_program *program, ns_error *error);
    /* After lowering; may put another graph in the place of *graph. */
    ns_code (*lowered)(void *context, ns_aten_program *program, ns_graph **graph, ns_error *error);
} ns_suite_hooks;

/* Runs the row's stages up to the last one in `stages` and gives the verdict. All memory, that of the
 * result too, is `arena`'s. What goes wrong in a stage is the row's result; only NS_ERROR_MEMORY and an
 * ill-formed catalogue (NS_ERROR_INTERNAL) are errors. */
ns_code ns_suite_run_case(const ns_suite_row *row, unsigned stages, uint64_t seed, unsigned cpu_mask,
                          const ns_suite_hooks *hooks, ns_arena *arena, ns_case_result *result,
                          ns_error *error);

#endif
