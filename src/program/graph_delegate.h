/* Graph delegate: a TOSA graph inside a program, as ExecuTorch's TOSABackend stores it (ExecuTorch 1.5.1,
 * backends/arm/tosa/backend.py: the serialised graph and nothing else). The evaluator runs it. */
#ifndef NS_PROGRAM_GRAPH_DELEGATE_H
#define NS_PROGRAM_GRAPH_DELEGATE_H

#include "base/bytes.h"
#include "npuscope/npu.h"

/* Checks the graph, and describes its inputs and outputs in `arena`. */
ns_code ns_graph_delegate_interface(ns_bytes graph, ns_arena *arena, int *input_count,
                                    const ns_npu_io **inputs, int *output_count, const ns_npu_io **outputs,
                                    ns_error *error);

/* Evaluates it on inputs of the declared sizes; the outputs' data lie in `arena`. */
ns_code ns_graph_delegate_run(ns_bytes graph, const ns_npu_options *options, const ns_tensor *inputs,
                              int input_count, ns_arena *arena, ns_tensor *outputs, ns_error *error);

/* The graph's listing, for people or as JSON (npuscope/graph.h), in `arena`. */
ns_code ns_graph_delegate_print(ns_bytes graph, bool as_json, ns_arena *arena, const char **text,
                                ns_error *error);

#endif
