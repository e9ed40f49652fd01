/* What lower gives the rooms above it. */
#ifndef NS_LOWER_INTERFACE_H
#define NS_LOWER_INTERFACE_H

#include <stdint.h>

#include "ir/program.h"
#include "ir/target.h"
#include "lower/lowering.h"
#include "npuscope/graph.h"

/* ---- lower.c ---- */

/* Lowering: a quantised ATen program becomes the TOSA 1.0 graph that ExecuTorch 1.5.0's Arm backend makes
 * of it for an Ethos-U (a16w8). docs/lowering.md says what each operator becomes, and from which sources. */

/* Lowers a decomposed and quantised program. Every real value except the program's parameters must have a
 * per-tensor INT16 quantisation, every parameter its integers (ns_aten_node.quantised). The graph's inputs
 * and outputs are the program's, in order: reals as INT16, others in their own type. The caller frees the
 * graph. NS_ERROR_UNSUPPORTED as ns_lower_supported; NS_ERROR_INPUT for a program that is not quantised so.
 */
ns_code ns_lower(const ns_aten_program *program, ns_target target, ns_graph **graph, ns_error *error);

/* ---- parts.c ---- */

/* Parts: of a program that ExecuTorch's partitioner does not give a target as a whole, the parts that it
 * does: delegates of their own, with the CPU between them. */

/* A delegate: a program of its own, in the order of the whole's first calls, decomposed and quantised. */
typedef struct ns_lower_part {
    ns_aten_program *program; /* its inputs are what it reads from outside, its results what is read there */
    int *inputs, *outputs;    /* the nodes of the whole that these are */
} ns_lower_part;

typedef struct ns_lower_delegates {
    int count;
    ns_lower_part *parts;
    int *owner; /* by node of the whole: its part's index; -1: in none */
    int off_count;
    const char **off; /* why calls are in none, one sentence each */
} ns_lower_delegates;

/* Each part is as large as can be without needing its own result. split->count is 0 where nothing but views
 * is left. All memory is `arena`'s; `program` keeps what they share. */
ns_code ns_lower_parts(const ns_aten_program *program, ns_target target, ns_arena *arena,
                       ns_lower_delegates *split, ns_error *error);

/* ---- support.c ---- */

/* What ExecuTorch's partitioner keeps off a target. */

/* Whether ExecuTorch's partitioner gives the whole program to the target. Where it keeps a node off,
 * NS_ERROR_UNSUPPORTED names the node and the reason. `program` is decomposed and quantised. */
ns_code ns_lower_supported(const ns_aten_program *program, ns_target target, ns_error *error);

/* The same of one call, whatever stands around it. */
ns_code ns_lower_takes(const ns_aten_program *program, int node, ns_target target, ns_error *error);

/* Whether the call is nothing to the NPU (ns_aten_operator.only_view). */
bool ns_lower_is_view(const ns_aten_program *program, int node);

/* ---- table.c ---- */

/* TABLE for a function of one variable, as InsertTableOpsPass makes it. */

#define NS_TABLE_ENTRIES 513

/* A function as PyTorch computes it on float32; `node` has its attributes. */
typedef float (*ns_table_function)(const ns_aten_node *node, float x);

/* Fills the 513 entries for an INT16 input and output of the given scales (zero point 0, range
 * [-32767, 32767]). NS_ERROR_INPUT where ExecuTorch cannot make the table: every entry is 0. */
ns_code ns_table_fill(ns_table_function function, const ns_aten_node *node, float input_scale,
                      float output_scale, int16_t entries[NS_TABLE_ENTRIES], ns_error *error);

/* Lowers a node to TABLE and the RESCALE that takes the table's 7 fraction bits away. */
ns_code ns_lower_table(ns_lowering *lowering, int node, ns_table_function function, ns_error *error);

#endif
