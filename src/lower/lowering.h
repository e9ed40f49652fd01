/* Lowering's working state, shared by the operators' files (op_<name>.c). */
#ifndef NS_LOWER_LOWERING_H
#define NS_LOWER_LOWERING_H

#include "lower/lower.h"
#include "lower/plan.h"

/* The layouts in which a node's value can stand. */
typedef enum ns_layout {
    NS_LAYOUT_LOGICAL,       /* the node's own shape; [n, c, w] where the others matter */
    NS_LAYOUT_SWAPPED,       /* [n, w, c] */
    NS_LAYOUT_CHANNELS_LAST, /* [n, 1, w, c], as convolutions want it and leave it */
    NS_LAYOUT_COUNT
} ns_layout;

/* Where a node's value stands in the plan. ExecuTorch puts the way to [n, 1, w, c] and back around each
 * convolution and then moves both until they meet and cancel. Here each way is made at the first use that
 * needs it. */
typedef struct ns_lowered_value {
    int steps[NS_LAYOUT_COUNT]; /* -1 while not made */
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

/* The step with the node's value in a layout, made where needed; others than LOGICAL are for rank 3. */
ns_code ns_lowering_value(ns_lowering *lowering, int node, ns_layout layout, int *step, ns_error *error);

/* Says where the node's value stands. */
void ns_lowering_set(ns_lowering *lowering, int node, ns_layout layout, int step);

/* The layout in which an elementwise operator of one operand computes: SWAPPED where only convolutions read
 * the result, for ExecuTorch moves their transpose up through the operator; else LOGICAL. */
ns_layout ns_lowering_elementwise_layout(const ns_lowering *lowering, int node);

/* Whether swapping axes 1 and 2 of [n, a, b] moves no element: ExecuTorch makes a view of it
 * (CanonicalizeViewCopyPermutePass). */
bool ns_lowering_swap_is_view(const int64_t *shape);

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

/* One per ATen operator that remains after decomposition: calls ns_lowering_set for it. */
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
