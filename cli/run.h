/* Run: what every kind of model that `npuscope run` takes has in common. */
#ifndef NS_CLI_RUN_H
#define NS_CLI_RUN_H

#include "base/bytes.h"
#include "npuscope/tensor.h"
#include "options.h"

typedef struct ns_run_settings {
    ns_text_list inputs;     /* "FILE" or "NAME=FILE" */
    const char *folder;      /* of the outputs; NULL: only their names and shapes are printed */
    const char *accelerator; /* NULL: whatever the stream says */
    bool hazards;            /* check waits and block dependencies */
    const char *tap;         /* folder for what each NPU operation produced; NULL: none */
    const char *tap_only;    /* "3,7-9": numbers of the operations; NULL: all */
    unsigned cpu_mask;
} ns_run_settings;

/* A named tensor: what a model takes and gives. */
typedef struct ns_run_tensor {
    const char *name;
    ns_tensor tensor;
    bool leading_ones; /* of an input: files may have fewer or more leading dims of 1 */
} ns_run_tensor;

/* A kind of model, told by its content. One row of the table in run.c each. */
typedef struct ns_model_kind {
    const char *name; /* "TOSA graph" */
    bool (*probe)(ns_bytes bytes);
    /* Reads the model, its inputs with ns_run_load_inputs, runs it, and gives the outputs in order. */
    ns_code (*run)(ns_cli *cli, const ns_run_settings *settings, ns_bytes bytes, int *output_count,
                   ns_run_tensor **outputs, ns_error *error);
} ns_model_kind;

/* Fills `inputs`, whose names, types and shapes the model has declared, from the files of the command line:
 * by name, or in order. NS_ERROR_INPUT names the tensor and what was expected. */
ns_code ns_run_load_inputs(const ns_run_settings *settings, ns_arena *arena, int count, ns_run_tensor *inputs,
                           ns_error *error);

extern const ns_model_kind ns_model_tosa;
extern const ns_model_kind ns_model_npz;

#endif
