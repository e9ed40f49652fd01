/* Lowering's working state, and what the operators' hooks (src/ops) build their steps with. */
#ifndef NS_LOWER_LOWERING_H
#define NS_LOWER_LOWERING_H

#include "ir/operator.h"
#include "lower/internal.h"
#include "lower/plan.h"

/* A node's value in one layout. */
typedef struct ns_lowered {
    ns_layout layout;
    int step;
    struct ns_lowered *next;
} ns_lowered;

/* How many edge operators of a name were met: ExecuTorch names constants after them. */
typedef struct ns_name_count {
    const char *name;
    int count;
    struct ns_name_count *next;
} ns_name_count;

typedef struct ns_lowering {
    const ns_aten_program *program;
    ns_target target;
    ns_arena *arena;
    ns_plan plan;
    ns_lowered **values; /* by node; in the order in which they were made */
    ns_name_count *names;
} ns_lowering;

/* ---- values and layouts (lowering.c) ---- */

/* The step with the node's value in a layout, made where needed. ExecuTorch puts the way to a convolution's
 * layout and back around each convolution and then moves both until they meet and cancel. Here each way is
 * made at the first use that needs it. */
ns_code ns_lowering_value(ns_lowering *lowering, int node, const ns_layout *layout, int *step,
                          ns_error *error);

/* The same in the node's own layout. */
ns_code ns_lowering_own(ns_lowering *lowering, int node, int *step, ns_error *error);

/* Says where the node's value stands. */
ns_code ns_lowering_set(ns_lowering *lowering, int node, const ns_layout *layout, int step, ns_error *error);
ns_code ns_lowering_set_own(ns_lowering *lowering, int node, int step, ns_error *error);

/* The layout in which an operator that computes in any (elementwise with one operand) writes its result: the
 * one that all readers want, for ExecuTorch moves their transpose up through the operator; its own where they
 * differ, or where the way there moves no element. */
void ns_lowering_writes(const ns_lowering *lowering, int node, ns_layout *layout);

/* The hook `reads` of such an operator. */
void ns_lowering_reads_as_written(const ns_lowering *lowering, int node, int operand, ns_layout *layout);

/* ---- types and scales ---- */

/* The type in which the node's value is in the graph: of its quantisation, or its own. */
ns_dtype ns_lowering_dtype(const ns_lowering *lowering, int node);

/* The scale of a per-tensor quantised node, as the double that ExecuTorch holds. */
double ns_lowering_scale(const ns_lowering *lowering, int node);

/* The value of operand `operand` of `node`, rescaled to INT32 with scale `scale` (InsertRescaleInt32Pass);
 * the RESCALE goes right behind the value. */
ns_code ns_lowering_int32(ns_lowering *lowering, int operand, double scale, int *step, ns_error *error);

/* ---- names (names.c) ---- */

/* The edge dialect's name of a node: "aten_exp_default"; NULL when memory is out. */
const char *ns_lowering_edge_name(const ns_lowering *lowering, int node);

/* Takes `count` numbers of an edge operator's name, from *first on. */
ns_code ns_lowering_take_numbers(ns_lowering *lowering, const char *edge, int count, int *first,
                                 ns_error *error);

/* "aten_exp_default", "aten_exp_default_1", ..., with prefix and suffix around it; NULL when memory is out.
 */
const char *ns_lowering_name(const ns_lowering *lowering, const char *prefix, const char *edge, int number,
                             const char *suffix);

/* A constant step under another shape: a constant too (fuse_constant_ops_pass.py, FuseConstantArgsPass). */
ns_code ns_lowering_reshape_constant(ns_lowering *lowering, int rank, const int64_t *shape, int *step,
                                     ns_error *error);

/* "b__frozen_param<k>" for the k-th parameter: what ExecuTorch calls it; NULL when memory is out. */
const char *ns_lowering_parameter_name(const ns_lowering *lowering, int node);

#endif
