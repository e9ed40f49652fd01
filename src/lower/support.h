/* What ExecuTorch's partitioner keeps off a target. */
#ifndef NS_LOWER_SUPPORT_H
#define NS_LOWER_SUPPORT_H

#include "ir/program.h"
#include "ir/target.h"

/* Whether ExecuTorch's partitioner gives the whole program to the target. Where it keeps a node off,
 * NS_ERROR_UNSUPPORTED names the node and the reason. `program` is decomposed and quantised. */
ns_code ns_lower_supported(const ns_aten_program *program, ns_target target, ns_error *error);

/* The same of one call, whatever stands around it. */
ns_code ns_lower_takes(const ns_aten_program *program, int node, ns_target target, ns_error *error);

/* Whether the call is nothing to the NPU (ns_aten_operator.only_view). */
bool ns_lower_is_view(const ns_aten_program *program, int node);

#endif
