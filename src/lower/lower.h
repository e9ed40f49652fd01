/* Lowering: a quantised ATen program becomes the TOSA 1.0 graph that ExecuTorch 1.5.0's Arm backend makes
 * of it for an Ethos-U (a16w8). docs/lowering.md says what each operator becomes, and from which sources. */
#ifndef NS_LOWER_LOWER_H
#define NS_LOWER_LOWER_H

#include "ir/program.h"
#include "ir/target.h"
#include "npuscope/graph.h"

/* Lowers a decomposed and quantised program. Every real value except the program's parameters must have a
 * per-tensor INT16 quantisation, every parameter its integers (ns_aten_node.quantised). The graph's inputs
 * and outputs are the program's, in order: reals as INT16, others in their own type. The caller frees the
 * graph. NS_ERROR_UNSUPPORTED as ns_lower_supported; NS_ERROR_INPUT for a program that is not quantised so.
 */
ns_code ns_lower(const ns_aten_program *program, ns_target target, ns_graph **graph, ns_error *error);

#endif
