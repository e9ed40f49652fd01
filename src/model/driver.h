/* Driver: what a kind of model does behind ns_model. One source file and one row of model_formats.def each.
 */
#ifndef NS_MODEL_DRIVER_H
#define NS_MODEL_DRIVER_H

#include "base/bytes.h"
#include "npuscope/graph.h"
#include "npuscope/model.h"

/* One sample: inputs[i] and outputs[i] have the bytes that the model's tensors say; NULL for no tensor. */
typedef struct ns_model_call {
    const ns_model_options *options;
    const void *const *inputs;
    void *const *outputs;
    ns_arena *scratch; /* forgotten after the sample */
    ns_npu_statistics *statistics;
} ns_model_call;

typedef struct ns_model_driver {
    bool (*probe)(ns_bytes bytes);
    /* Reads into the model's arena and fills in its inputs and outputs. */
    ns_code (*load)(ns_model *model, ns_bytes bytes, ns_accelerator accelerator, ns_error *error);
    void (*begin)(ns_model *model); /* before the first sample of a call; NULL: nothing to do */
    ns_code (*run)(ns_model *model, const ns_model_call *call, ns_error *error);
    /* Appends it in readable form, or as JSON. */
    ns_code (*inspect)(ns_model *model, bool json, ns_buffer *text, ns_error *error);
    void (*end)(ns_model *model, const ns_model_options *options); /* behind the last; NULL: nothing to do */
    /* Many samples at once, in options->threads; inputs and outputs as ns_model_run has them. NULL: `run`,
     * one after the other. */
    ns_code (*run_all)(ns_model *model, const ns_model_options *options, const void *const *inputs,
                       size_t samples, ns_arena *scratch, void *const *outputs, ns_error *error);
} ns_model_driver;

struct ns_model {
    ns_arena *arena; /* owns everything, and the struct itself; but for the graph */
    ns_budget *budget;
    ns_model_format format;
    int input_count, output_count;
    ns_model_tensor *inputs, *outputs;
    struct ns_evaluator *evaluator; /* of the graph; NULL: none yet */
    unsigned evaluator_mask;        /* its cpu_mask */
    int evaluator_threads;
    ns_graph *graph; /* the one of these that its driver has made; freed by ns_model_free */
    ns_npu_stream *stream;
    ns_program *program;
    struct ns_tflm *tflite;
};

/* Makes room for the descriptions. */
ns_code ns_model_make_tensors(ns_model *model, int input_count, int output_count, ns_error *error);

/* Fills a description in: the name copied ("in0" where there is none), bytes from shape and scalar. */
ns_code ns_model_describe(ns_model *model, ns_model_tensor *out, const char *name, ns_scalar scalar, int rank,
                          const int64_t *shape, ns_error *error);

/* A tensor of `dtype` over the bytes of a description. Nothing is copied. */
ns_tensor ns_model_tensor_over(const ns_model_tensor *described, ns_dtype dtype, const void *data);

/* What the simulator is told for it; `options` must outlive the run. */
ns_npu_options ns_model_npu_options(const ns_model_options *options);

/* The scalar that holds elements of `dtype`; false when nothing does. */
bool ns_model_scalar_of(ns_dtype dtype, ns_scalar *out);

extern const ns_model_driver ns_model_tosa_driver;
extern const ns_model_driver ns_model_npz_driver;
extern const ns_model_driver ns_model_tflite_driver;
extern const ns_model_driver ns_model_program_driver;

#endif
