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

/* Truth values [rows, columns]: whether row + diagonal >= column; rows and columns are constants that the NPU
 * compares (decompose_tril_pass.py). */
ns_code ns_decompose_below(ns_aten_program *program, int64_t rows, int64_t columns, float diagonal, int *out,
                           ns_error *error);

#endif
