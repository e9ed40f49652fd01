/* The operators "ethos-u" of a .tflite. */
#ifndef NS_NPU_STREAM_CONTAINER_TFLITE_H
#define NS_NPU_STREAM_CONTAINER_TFLITE_H

#include "formats/tflite.h"
#include "npuscope/npu.h"

bool ns_npu_is_tflite_operator(const ns_tflite_operator *operator);

/* The stream of one ethos-u operator of `graph`. Its inputs are the operator's, bar constants; its outputs
 * the operator's, then the variables among its inputs, which the NPU writes in place. `accelerator` as in
 * ns_npu_load_npz. */
ns_code ns_npu_load_tflite_operator(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator,
                                    ns_accelerator accelerator, ns_arena *arena, ns_npu_stream **out,
                                    ns_error *error);

#endif
