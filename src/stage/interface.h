/* Stage: what the stages of one row share. Each stage stands in its own file <name>.c; ladder.h runs them. */
#ifndef NS_STAGE_INTERFACE_H
#define NS_STAGE_INTERFACE_H

#include "catalogue/interface.h"
#include "lower/interface.h"
#include "measure/interface.h"
#include "npuscope/graph.h"
#include "npuscope/program.h"
#include "npuscope/vela.h"
#include "recorded/interface.h"

/* For tests that plant a fault: what a stage made may be changed before the next one sees it. A NULL member
 * does nothing. */
typedef struct ns_stage_hooks {
    void *context;
    /* After the scales are chosen. */
    ns_code (*quantised)(void *context, ns_aten_program *program, ns_error *error);
    /* After lowering; may put another graph in the place of *graph. */
    ns_code (*lowered)(void *context, ns_aten_program *program, ns_graph **graph, ns_error *error);
    /* After Vela; may put another outcome in the place of the request's. */
    ns_code (*compiled)(void *context, ns_vela_request *request, ns_arena *arena, ns_error *error);
} ns_stage_hooks;

/* One row on its way through the stages. */
typedef struct ns_ladder {
    const ns_suite_row *row;
    unsigned cpu_mask;
    const ns_stage_hooks *hooks; /* NULL: none */
    bool compile;                /* the stage eval leaves the graph in `request`, for Vela */
    /* Shown the graph of the stage eval before it runs; NULL: nobody. */
    ns_code (*watch)(void *context, const ns_graph *graph, ns_error *error);
    void *watch_context;
    ns_arena *arena;
    struct ns_given_model *model; /* stage/given.h: instead of a program; NULL: there is one */
    int input_count;
    ns_aten_program *program;    /* what the user writes */
    ns_aten_program *decomposed; /* what the quantiser sees; with scales after the stage quantised */
    ns_tensor *inputs;
    ns_case_references references; /* of a case of one's own; else NULL pointers */
    int delegates; /* that ExecuTorch made of a recorded case with these settings; -1: not known */
    int output_count;
    ns_tensor *shapes;            /* type and shape of each output; no data */
    ns_measured *outputs;         /* of the program; scales after the stage quantised */
    size_t count;                 /* elements of all outputs, which stand one after the other */
    double *format_bound;         /* of these, after the stage quantised; NULL: not known */
    const char *bound_problem;    /* why not */
    ns_tensor *integers;          /* what the graph is given, after the stage eval; NULL: none */
    ns_tensor *evaluated;         /* what the graph gives, after the stage eval */
    ns_vela_request request;      /* accelerator; graph: after the stage eval */
    struct ns_stage_parts *parts; /* stage/parts.c: where the target takes the program in parts; else NULL */
    const char *chip_rule;        /* the first that struck in the stage npu; NULL: none */
} ns_ladder;

/* What a stage hands back beside its status. */
typedef struct ns_stage_output {
    double *values; /* ladder->count reals; NULL: the stage makes nothing that is measured */
    bool rejected;  /* with an error: the target does not take the case, which is nobody's fault */
} ns_stage_output;

/* The values of the program's outputs, one after the other: out of those of every node, or out of the
 * integers of a graph. `program` has the scales. */
ns_code ns_outputs_collect(const ns_ladder *ladder, const ns_aten_program *program, double *const *values,
                           double **out, ns_error *error);
ns_code ns_outputs_dequantise(const ns_ladder *ladder, const char *who, const ns_tensor *integers,
                              double **out, ns_error *error);

/* ---- parts.c ---- */

/* Parts: a program that ExecuTorch gives the target in parts, with the CPU between them. Each part has a
 * graph and a stream of its own; what stays on the CPU is computed there as in the stage quantised. */

typedef struct ns_stage_part {
    const ns_lower_part *part;
    ns_vela_request request;         /* graph: after the stage eval, where it is to be compiled */
    ns_tensor *integers, *evaluated; /* what its graph is given and gives, after the stage eval */
} ns_stage_part;

typedef struct ns_stage_parts {
    ns_lower_delegates split;
    ns_stage_part *parts;
    size_t recorded, departing; /* integers that were recorded of the parts' results on recorded inputs, and
                                   those of them that eval does not give */
} ns_stage_parts;

/* The stage eval; NS_ERROR_UNSUPPORTED, and output->rejected, where the target takes no part: *error says why
 * before, and stays. NS_ERROR_INPUT where ExecuTorch made another number of delegates. */
ns_code ns_parts_check(const ns_ladder *ladder, int count, ns_error *error);
ns_code ns_parts_eval(ns_ladder *ladder, ns_stage_output *output, ns_error *error);

/* The stage npu: NS_ERROR_INPUT where a part's stream does not give what its graph gave. */
ns_code ns_parts_npu(ns_ladder *ladder, ns_stage_output *output, ns_error *error);

/* What Vela is to compile after the stage eval: one graph, or one for each part. NULL beyond them. */
ns_vela_request *ns_ladder_request(ns_ladder *ladder, int index);

/* The integers that the compiled graph gives for ladder->integers. */
ns_code ns_stage_npu_results(ns_ladder *ladder, ns_tensor *results, ns_error *error);

#define NS_STAGE(NAME, name, blame, reference) \
    ns_code ns_stage_##name(ns_ladder *ladder, ns_stage_output *output, ns_error *error);
#include "npuscope/stages.def"
#undef NS_STAGE

/* What stage gives the rooms above it. */

/* ---- execute.c ---- */

/* Execute: a graph that Vela compiled, on integer inputs. */

/* `inputs` and outputs are in the graph's order, which Vela keeps. */
typedef struct ns_stage_execution {
    const ns_vela_request *request; /* COMPILED */
    unsigned cpu_mask;
    bool check; /* look for signs of a wrong stream (ns_npu_options) */
    int input_count, output_count;
    const ns_tensor *inputs;
    const bool *read; /* which inputs the graph reads: Vela drops the others from the stream; NULL: all */
} ns_stage_execution;

/* Loads the request's stream and runs it. NS_ERROR_INPUT where the stream has other numbers of inputs and
 * outputs. `statistics` may be NULL. */
ns_code ns_stage_execute(const ns_stage_execution *execution, ns_arena *arena, ns_tensor *outputs,
                         ns_npu_statistics *statistics, ns_error *error);

/* ---- given.c ---- */

/* Given: a model of one's own on the ladder: what its stages compute or were given. */

/* Whether the stage exists: ideal and quantised where all their values were given, eval and vela for a graph.
 */
bool ns_given_has(const ns_ladder *ladder, ns_stage stage);

/* What the model must give, exactly; *out is NULL where it was not given. */
ns_code ns_given_expected(const ns_ladder *ladder, double **out, ns_error *error);

ns_code ns_given_run(ns_ladder *ladder, ns_stage stage, ns_stage_output *output, ns_error *error);

/* ---- given_take.c ---- */

/* Given, taken: a model of one's own with its inputs and references onto the ladder. */

typedef struct ns_given_model {
    ns_case_model model;
    const char *reason;    /* why the recorded graph stands in for the float graph; NULL: it does not */
    ns_npu_stream *stream; /* NPZ and TFLITE */
    ns_program *program;   /* PROGRAM, */
    const void **inputs;   /* and the bytes of its inputs */
    size_t *input_sizes;
} ns_given_model;

/* Reads the model, its inputs and what its outputs are compared with into the ladder. `recorded`: the graph
 * or program that lies beside a recorded float graph. */
ns_code ns_given_take(ns_ladder *ladder, bool recorded, ns_error *error);

/* Type and shape of a program's tensor, for what is compared; NS_ERROR_UNSUPPORTED where it cannot be. */
ns_code ns_given_shape(const ns_ladder *ladder, const ns_program_tensor *tensor, ns_tensor *out,
                       ns_error *error);

/* ---- ladder.c ---- */

/* Ladder: a row's program and data, and its stages one by one. */

/* Makes the row's program and data. All memory, that of the stages too, is `arena`'s. The caller may set
 * hooks, compile and watch of *out before the first stage. NS_ERROR_INTERNAL for an ill-formed catalogue. */
ns_code ns_ladder_new(const ns_suite_row *row, uint64_t seed, unsigned cpu_mask, ns_arena *arena,
                      ns_ladder **out, ns_error *error);

/* Whether the stage exists for what the ladder runs: a model has no quantised result unless one was given. */
bool ns_ladder_has(const ns_ladder *ladder, ns_stage stage);

/* Runs one stage; quantised comes before eval, eval before vela, vela before npu. */
ns_code ns_ladder_run(ns_ladder *ladder, ns_stage stage, ns_stage_output *output, ns_error *error);

#endif
