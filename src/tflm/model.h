/* Model: what a model that is read consists of. */
#ifndef NS_TFLM_MODEL_H
#define NS_TFLM_MODEL_H

#include "tflm/call.h"

/* A row of operators.def. */
typedef struct ns_tflm_kernel_info {
    const char *name;
    ns_tflm_kernel *function;
    int least, most; /* inputs */
    int outputs;     /* -1: one or more */
} ns_tflm_kernel_info;

/* Inputs of an ethos-u operator that are no tensors of the model: command stream, read-only data, scratch,
 * fast scratch. */
#define NS_TFLM_NPU_INPUTS 4

/* One operator of a subgraph. */
typedef struct ns_tflm_node {
    const ns_tflm_kernel_info *kernel; /* NULL: the NPU's, or one that is missing */
    ns_npu_stream *stream;             /* of an ethos-u operator */
    ns_tflm_value **inputs, **outputs;
} ns_tflm_node;

typedef struct ns_tflm_graph {
    const ns_tflite_subgraph *subgraph;
    ns_tflm_node *nodes;
    ns_tflm_value *values; /* of the subgraph's tensors */
    bool has_run;          /* of one that CALL_ONCE calls */
} ns_tflm_graph;

struct ns_tflm {
    ns_arena *arena;
    ns_tflite file;
    ns_accelerator accelerator;
    ns_tflm_graph *graphs; /* file.subgraph_count of them */
    ns_tflm_value **inputs, **outputs;
    int part_count;
    ns_npu_stream **parts;
    int variable_count;
    ns_tflm_variable *variables;
    bool has_run;
};

#endif
