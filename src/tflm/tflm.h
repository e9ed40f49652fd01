/* Tflm: runs a .tflite as TFLite Micro does: what Vela compiled on the NPU's model ("ethos-u" operators), the
 * rest with the arithmetic of TFLite Micro's reference kernels, bit for bit (operators.def has the list).
 *
 * Source: tflite-micro at 90b983c2b3f1, tensorflow/lite/micro (micro_interpreter_graph.cc,
 * micro_resource_variable.cc, kernels/) and tensorflow/lite/kernels/internal/reference.
 */
#ifndef NS_TFLM_TFLM_H
#define NS_TFLM_TFLM_H

#include "formats/tflite.h"
#include "npuscope/npu.h"

/* A tensor of a model with its bytes, in the order of its dims. */
typedef struct ns_tflm_value {
    const ns_tflite_tensor *tensor;
    size_t count, bytes; /* bytes 0: a resource, or of a type that has no size */
    void *data;          /* aligned to 64; a constant's is not written */
    int resource;        /* of a resource: the variable it stands for */
} ns_tflm_value;

/* What a model keeps from run to run: a variable tensor; a resource (VAR_HANDLE); or a place of the arena
 * that an ethos-u operator reads before it writes there, as Vela 5.2.0 makes of resources on Ethos-U85. */
typedef struct ns_tflm_variable {
    const char *name;               /* of the tensor, or the resource's shared name */
    const ns_tflite_tensor *tensor; /* tells type and shape; NULL: a resource that is never assigned */
    size_t bytes;
    uint8_t *data;
    uint8_t start; /* each byte before the first run */
    bool is_resource, is_place;
} ns_tflm_variable;

typedef struct ns_tflm ns_tflm;

/* Reads a model and the streams of its ethos-u operators. `bytes` must outlive the model. NS_ERROR_INPUT:
 * malformed. An operator that npuscope lacks is no error yet (ns_tflm_missing). */
ns_code ns_tflm_read(ns_bytes bytes, ns_accelerator accelerator, ns_arena *arena, ns_tflm **out,
                     ns_error *error);

const ns_tflite *ns_tflm_file(const ns_tflm *model);

/* Whether the operator is one that npuscope runs on the CPU (operators.def). */
bool ns_tflm_has(const ns_tflite_operator *operator);

/* NS_ERROR_UNSUPPORTED names the first operator that npuscope does not have, and all that there are. */
ns_code ns_tflm_missing(const ns_tflm *model, ns_error *error);

/* Of a model without ethos-u operators: why there are none, and what makes some; to follow a colon. */
const char *ns_tflm_uncompiled(const ns_tflm *model);

/* The streams of the ethos-u operators of the first subgraph, in its order. A stream's inputs are the
 * operator's, bar constants; its outputs the operator's and then the variables among its inputs, which the
 * NPU writes in place. */
int ns_tflm_part_count(const ns_tflm *model);
ns_npu_stream *ns_tflm_part(const ns_tflm *model, int index);

/* Appends the model in readable form, or as one JSON document (docs/inspect.md): its operators and the
 * streams of the ethos-u ones; of part `part` alone unless that is negative. */
ns_code ns_tflm_inspect(ns_tflm *model, bool as_json, int64_t part, ns_buffer *text, ns_error *error);

/* Makes memory for every tensor and sets variables to their start: 0, or the zero point of int8 ones. Once,
 * before the first run. */
ns_code ns_tflm_open(ns_tflm *model, ns_error *error);

/* Variables as ns_tflm_open leaves them; the next run is the first. */
void ns_tflm_reset(ns_tflm *model);

int ns_tflm_input_count(const ns_tflm *model);
int ns_tflm_output_count(const ns_tflm *model);
ns_tflm_value *ns_tflm_input(const ns_tflm *model, int index);
ns_tflm_value *ns_tflm_output(const ns_tflm *model, int index);

int ns_tflm_variable_count(const ns_tflm *model);
ns_tflm_variable *ns_tflm_variable_at(const ns_tflm *model, int index);

/* Whether the model has run before: then CALL_ONCE has been. Set it where variables are taken from an earlier
 * run. */
bool ns_tflm_has_run(const ns_tflm *model);
void ns_tflm_set_has_run(ns_tflm *model);

/* Runs the first subgraph on what lies in its inputs; results lie in its outputs afterwards. `npu` may be
 * NULL; `statistics` (may be NULL) is summed over the parts. NS_ERROR_UNSUPPORTED: an operator or types that
 * npuscope does not have; NS_ERROR_INPUT: shapes that do not fit. */
ns_code ns_tflm_run(ns_tflm *model, const ns_npu_options *npu, ns_npu_statistics *statistics,
                    ns_error *error);

#endif
