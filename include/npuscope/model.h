/* Model: any file that npuscope runs behind one door: a TOSA graph, a stream of Vela (npz or .tflite), an
 * ExecuTorch program.
 *
 * A model is loaded once and run any number of times, by one thread at a time; models of different threads
 * share nothing. Elements are little-endian, row-major (the last dim is the fastest), without gaps. */
#ifndef NPUSCOPE_MODEL_H
#define NPUSCOPE_MODEL_H

#include "npuscope/graph.h"
#include "npuscope/npu.h"
#include "npuscope/program.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ns_model_format {
#define NS_MODEL_FORMAT(name, text, sentence) NS_MODEL_##name,
#include "npuscope/model_formats.def"
#undef NS_MODEL_FORMAT
    NS_MODEL_FORMAT_COUNT
} ns_model_format;

typedef struct ns_model ns_model;

/* What an input takes or an output gives. */
typedef struct ns_model_tensor {
    const char *name; /* the file's, or "in0", "out1" */
    bool is_tensor;   /* false: a number, a list or None of a program, whose value the program holds */
    ns_scalar scalar; /* int4 is held as int8, int48 as int64 */
    int rank;
    int64_t shape[NS_PROGRAM_MAX_RANK];
    size_t bytes; /* of all elements */
    double scale; /* of the quantisation, where the file tells it; else 0 */
    int64_t zero_point;
} ns_model_tensor;

/* What one operator of a graph or one operation of the NPU produced. Valid during the callback. */
typedef struct ns_model_tap {
    int number;         /* index of the operator in the main block, or of the NPU's operation */
    int output;         /* which of the operator's; 0 for the NPU */
    const char *name;   /* "RESCALE", "POOL AVERAGE" */
    const char *tensor; /* the graph's name of the result; NULL: a stream has none */
    const ns_tensor *data;
    bool is_unsigned; /* the elements are unsigned, held bit for bit in the signed type */
} ns_model_tap;

typedef struct ns_model_options {
    size_t size;       /* sizeof(ns_model_options), or 0 (status.h) */
    unsigned cpu_mask; /* instruction sets that kernels may use (ns_cpu_detect()); 0: plain C only */
    bool check;        /* streams: hazards, and books on every byte of memory (signs in the statistics) */
    bool strict_chip;  /* streams: where a chip rule leaves two readings open, take the harsher */
    ns_budget *budget; /* what the run is charged to; NULL: one of its own with the defaults */
    ns_code (*tap)(void *context, const ns_model_tap *tap, ns_error *error); /* may be NULL */
    void (*message)(void *context, const char *text); /* warnings: chip rules, hazards; may be NULL */
    void *context;
    int threads; /* graphs: that share the samples, or the rows of one; below 2: one. Results are the same */
} ns_model_options;

/* Reads the bytes, which may be freed afterwards. `accelerator`: NS_ACCELERATOR_UNKNOWN takes what the stream
 * says; a graph has none. Memory is charged to `budget` (NULL: to none) for as long as the model lives.
 * NS_ERROR_INPUT says what is wrong and where; NS_ERROR_UNSUPPORTED names what npuscope does not have. */
ns_code ns_model_load(const void *data, size_t size, ns_accelerator accelerator, ns_budget *budget,
                      ns_model **out, ns_error *error);

/* The same of the file `path`; errors begin with its name. */
ns_code ns_model_open(const char *path, ns_accelerator accelerator, ns_budget *budget, ns_model **out,
                      ns_error *error);

/* NULL is allowed. */
void ns_model_free(ns_model *model);

ns_model_format ns_model_format_of(const ns_model *model);
const char *ns_model_format_text(ns_model_format format); /* "TOSA graph" */

/* Inputs and outputs, in the file's order; a program's that are no tensors are counted too. */
int ns_model_input_count(const ns_model *model);
int ns_model_output_count(const ns_model *model);

/* What input or output `index`, from 0 and below the count, takes or gives; lives as long as the model. */
const ns_model_tensor *ns_model_input(const ns_model *model, int index);
const ns_model_tensor *ns_model_output(const ns_model *model, int index);

/* What the model was made from, as data; it lives as long as the model. The graph of a .tosa file, valid and
 * ready for ns_diagnose_precision_run and ns_defects_find; the stream of an .npz; the program of a .pte.
 * NULL: the model is of another kind. */
const ns_graph *ns_model_graph(const ns_model *model);
ns_npu_stream *ns_model_stream(const ns_model *model);
ns_program *ns_model_program(const ns_model *model);

/* What `npuscope inspect` prints of the model: text for people, or the JSON document npuscope/inspect/1
 * (docs/inspect.md), with a final NUL, in `arena`. */
ns_code ns_model_inspect(ns_model *model, bool json, ns_arena *arena, const char **text, ns_error *error);

/* Runs `samples` samples, one after the other, or, of a graph, in threads. inputs[i] has those of input i one
 * behind the other, each ns_model_input(i)->bytes long (NULL for one that is no tensor); outputs[i] is made
 * in `arena` alike, with as many bytes a sample as ns_model_output(i) says (NULL for one that is no tensor).
 * `statistics`, of the streams, summed over the samples, may be NULL. Fails as ns_eval, ns_npu_run and
 * ns_program_run do. */
ns_code ns_model_run(ns_model *model, const ns_model_options *options, const void *const *inputs,
                     size_t samples, ns_arena *arena, const void **outputs, ns_npu_statistics *statistics,
                     ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
