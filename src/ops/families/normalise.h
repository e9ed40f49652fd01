/* Normalise: (x - mean) / sqrt(var + eps) over some axes, then weight and bias: what layer_norm,
 * group_norm and batch_norm have in common. */
#ifndef NS_OPS_FAMILIES_NORMALISE_H
#define NS_OPS_FAMILIES_NORMALISE_H

#include "ir/operator.h"

/* One row of `count` elements, in long double: within some units of the last place of double. */
void ns_normalise_row(const double *x, double *out, int64_t count, double epsilon);

/* What ExecuTorch makes of it before the quantiser: mean.dim, sub, var, add, rsqrt, mul; `dims` are the axes,
 * kept. */
ns_code ns_normalise_decompose(ns_aten_program *program, int x, const ns_aten_attribute *dims, double epsilon,
                               int *out, ns_error *error);

/* The end of it: centred / sqrt(var + epsilon), as add, rsqrt, mul. */
ns_code ns_normalise_by(ns_aten_program *program, int centred, int var, double epsilon, int *out,
                        ns_error *error);

/* mul by weight and add of bias, reshaped to `shape` of `rank` axes; -1: absent. */
ns_code ns_normalise_affine(ns_aten_program *program, int x, int weight, int bias, int rank,
                            const int64_t *shape, int *out, ns_error *error);

#endif
