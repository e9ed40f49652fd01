/* Given, taken: a model of one's own with its inputs and references onto the ladder. */
#ifndef NS_STAGE_GIVEN_TAKE_H
#define NS_STAGE_GIVEN_TAKE_H

#include "npuscope/program.h"
#include "recorded/model.h"
#include "stage/stage.h"

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

#endif
