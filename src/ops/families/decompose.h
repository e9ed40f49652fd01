/* Decompose: what several decompositions are made of. */
#ifndef NS_OPS_FAMILIES_DECOMPOSE_H
#define NS_OPS_FAMILIES_DECOMPOSE_H

#include "ir/operator.h"

/* `node` times a constant: float32 of shape [1, .., 1], of the node's rank but at least 1
 * (scalars_to_attribute_pass.py). */
ns_code ns_decompose_scale(ns_aten_program *program, int node, double factor, int *out, ns_error *error);

ns_code ns_decompose_reshape(ns_aten_program *program, int node, int rank, const int64_t *shape, int *out,
                             ns_error *error);
ns_code ns_decompose_sum(ns_aten_program *program, int node, const ns_aten_attribute *dims, bool keepdim,
                         int *out, ns_error *error);

/* mean.dim over `dims`, keeping them. */
ns_code ns_decompose_mean(ns_aten_program *program, int node, const ns_aten_attribute *dims, int rank,
                          const int64_t *shape, int *out, ns_error *error);

/* The constant 0, 1, .. [count, 1], or [1, count] where it does not go down: with ge, which the NPU computes,
 * a diagonal (decompose_tril_pass.py). */
ns_code ns_decompose_range(ns_aten_program *program, int64_t count, bool down, int *out, ns_error *error);

#endif
