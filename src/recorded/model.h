/* Model: a case that is a compiled or lowered model with its inputs (docs/cases.md), not a float graph. */
#ifndef NS_RECORDED_MODEL_H
#define NS_RECORDED_MODEL_H

#include "recorded/files.h"

/* Inputs, and outputs, that a case can have. */
enum { NS_CASE_TENSORS = 64 };

/* Told by the model's content. */
typedef enum ns_case_kind {
    NS_CASE_TOSA,    /* a graph, which Vela compiles */
    NS_CASE_NPZ,     /* Vela's raw output */
    NS_CASE_TFLITE,  /* a model that Vela has compiled whole */
    NS_CASE_PROGRAM, /* an ExecuTorch program with Ethos-U delegates */
} ns_case_kind;

/* One input, or what is known of one output. Names of files; NULL: not given. */
typedef struct ns_case_tensor {
    const char *file; /* an input's values */
    double scale;     /* of the integers; 0: not given */
    int64_t zero_point;
    const char *floats;    /* an output of the float model */
    const char *quantised; /* of the quantised model */
    const char *expected;  /* what the model must give, exactly */
} ns_case_tensor;

typedef struct ns_case_model {
    const char *op, *target; /* NULL: not said */
    double qtol, atol, rtol; /* NaN: not said */
    const char *file;
    ns_bytes bytes;
    ns_case_kind kind;
    int input_count, output_count;
    ns_case_tensor *inputs,
        *outputs; /* room for NS_CASE_TENSORS; outputs: as far as something is known of them */
} ns_case_model;

/* Whether the case is of this kind: it has case.json, or no float graph. */
bool ns_case_is_model(const ns_case_files *files);

/* Reads case.json; without it, what lies in the folder by the names that docs/cases.md lists. NS_ERROR_INPUT
 * names the file and the member that is not as expected. */
ns_code ns_case_model_read(const ns_case_files *files, ns_arena *arena, ns_case_model *out, ns_error *error);

/* The delegate of a recorded case as a model: delegate0.tosa, or program.pte where there are several. */
ns_code ns_case_delegate_read(const ns_case_files *files, ns_arena *arena, ns_case_model *out,
                              ns_error *error);

#endif
