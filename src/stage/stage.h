/* Stage: what the stages of one row share. Each stage stands in its own file <name>.c. */
#ifndef NS_STAGE_STAGE_H
#define NS_STAGE_STAGE_H

#include "npuscope/vela.h"
#include "suite/run_case.h"

struct ns_case_run {
    const ns_suite_row *row;
    const ns_suite_hooks *hooks; /* NULL: none */
    unsigned cpu_mask;
    ns_arena *arena;
    ns_aten_program *program;    /* what the user writes */
    ns_aten_program *decomposed; /* what the quantiser sees; with scales after the stage quantised */
    ns_tensor *inputs;
    size_t count;                    /* elements of the output */
    double scale;                    /* one step of the output, after the stage quantised */
    double *outputs[NS_STAGE_COUNT]; /* NULL: none yet */
    double *format_bound;            /* of the output, after the stage quantised; NULL: not known */
    const char *bound_problem;       /* why not */
    ns_tensor *integers;             /* what the graph is given, after the stage eval */
    ns_tensor evaluated;             /* what the graph gives, after the stage eval */
    ns_vela_request request;         /* graph: after the stage eval, where Vela is to compile it */
    const char *chip_rule;           /* the first that struck in the stage npu; NULL: none */
    int configuration_count;         /* of ns_suite_case_configurations */
    ns_vela_request *configurations;
    ns_case_result *result;   /* as far as the stages have been run */
    unsigned stages;          /* that are reported */
    ns_case_details *details; /* NULL: not wanted */
    ns_sweep *sweep;          /* after the stage eval, where details are wanted and it fits */
    bool blocked;             /* no further stage can run */
    double seconds;
};

/* What a stage hands back beside its status. */
typedef struct ns_stage_output {
    double *values; /* run->count reals; NULL: the stage makes nothing that is measured */
    bool rejected;  /* with an error: the target does not take the case, which is nobody's fault */
} ns_stage_output;

#define NS_STAGE(NAME, name, blame, reference) \
    ns_code ns_stage_##name(ns_case_run *run, ns_stage_output *output, ns_error *error);
#include "npuscope/stages.def"
#undef NS_STAGE

#endif
