/* What stage gives the rooms above it. */
#ifndef NS_STAGE_INTERFACE_H
#define NS_STAGE_INTERFACE_H

#include "npuscope/program.h"
#include "npuscope/vela.h"
#include "recorded/interface.h"
#include "stage/stage.h"

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
