/* Lowering's working state, shared by the operators' files (op_<name>.c). */
#ifndef NS_LOWER_LOWERING_H
#define NS_LOWER_LOWERING_H

#include "lower/lower.h"
#include "lower/plan.h"

/* Where a node's value stands in the plan. A convolution leaves it as [n, 1, w, c] and ExecuTorch moves the
 * way back to [n, c, w] as far down as it can; what meets another convolution's way to [n, 1, w, c]
 * cancels. So the way back is made at the first use that needs it. */
typedef struct ns_lowered_value {
    int step;          /* shape of the node; -1 while it is not made */
    int channels_last; /* the same as [n, 1, w, c]; -1 while it is not made */
} ns_lowered_value;

typedef struct ns_lowering {
    const ns_aten_program *program;
    ns_target target;
    ns_arena *arena;
    ns_plan plan;
    ns_lowered_value *values; /* by node */
    /* How many edge operators of a kind were met: ExecuTorch names constants after them. */
    int exp_count, reciprocal_count, gelu_count, convolution_count, slice_count;
} ns_lowering;

/* The step with the node's value in the node's shape, made where needed. */
ns_code ns_lowering_value(ns_lowering *lowering, int node, int *step, ns_error *error);

/* The step with the value of a rank-3 node [n, c, w] as [n, 1, w, c]. */
ns_code ns_lowering_channels_last(ns_lowering *lowering, int node, int *step, ns_error *error);

/* The scale of a per-tensor quantised node, as the double that ExecuTorch holds. */
double ns_lowering_scale(const ns_lowering *lowering, int node);

/* The value of operand `operand` of `node`, rescaled to INT32 with scale `scale` (InsertRescaleInt32Pass);
 * the RESCALE goes right behind the value. */
ns_code ns_lowering_int32(ns_lowering *lowering, int operand, double scale, int *step, ns_error *error);

/* Name of the number-th edge operator of a kind: "aten_exp_default", "aten_exp_default_1", ..., with
 * prefix and suffix around it; NULL when memory is out. */
const char *ns_lowering_name(ns_lowering *lowering, const char *prefix, const char *operation, int number,
                             const char *suffix);

/* "b__frozen_param<k>" for the k-th parameter: what ExecuTorch calls it; NULL when memory is out. */
const char *ns_lowering_parameter_name(ns_lowering *lowering, int node);

/* One per ATen operator that remains after decomposition: sets values[node]. */
ns_code ns_lower_bmm(ns_lowering *lowering, int node, ns_error *error);
ns_code ns_lower_conv1d(ns_lowering *lowering, int node, ns_error *error);
ns_code ns_lower_exp(ns_lowering *lowering, int node, ns_error *error);
ns_code ns_lower_gelu(ns_lowering *lowering, int node, ns_error *error);
ns_code ns_lower_mul(ns_lowering *lowering, int node, ns_error *error);
ns_code ns_lower_pad(ns_lowering *lowering, int node, ns_error *error);
ns_code ns_lower_reciprocal(ns_lowering *lowering, int node, ns_error *error);
ns_code ns_lower_reshape(ns_lowering *lowering, int node, ns_error *error);
ns_code ns_lower_sub(ns_lowering *lowering, int node, ns_error *error);
ns_code ns_lower_sum(ns_lowering *lowering, int node, ns_error *error);

#endif
