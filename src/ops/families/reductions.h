/* Families that reduce along axes. */
#ifndef NS_OPS_FAMILIES_REDUCTIONS_H
#define NS_OPS_FAMILIES_REDUCTIONS_H

#include "ir/operator.h"
#include "lower/lowering.h"
#include "num/interface.h"
#include "ops/cases.h"
#include "ops/families/arithmetic.h"

/* ---- reduce.c ---- */

/* Reduce: operators over some dims of one operand. Their parameters begin with self, dim, keepdim or, like
 * var, name keepdim elsewhere: the family knows where from ns_reduce. */

/* What the family needs of its operator. */
typedef struct ns_reduce {
    int dim, keepdim; /* indices of these parameters */
} ns_reduce;

/* infer: normalises `dim` (non-negative, distinct, in the caller's order; none becomes all) and reduces the
 * shape. */
ns_code ns_reduce_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);

/* terms: one operand element each, last dim fastest. */
void ns_reduce_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                     ns_term_visit visit, void *context);

const ns_aten_attribute *ns_reduce_dims(const ns_aten_node *node);
bool ns_reduce_keepdim(const ns_aten_node *node);

/* reduced[axis] for each axis of the operand. */
void ns_reduce_axes(const ns_aten_node *node, bool reduced[NS_MAX_RANK]);

/* ---- walking ----
 * For each element of the operand in order, the index of the element of the result that it is reduced
 * into; the struct is the caller's loop variable. */
typedef struct ns_reduction {
    int rank;
    int64_t shape[NS_MAX_RANK];
    int64_t stride[NS_MAX_RANK]; /* of the result; 0 where reduced */
    int64_t position[NS_MAX_RANK];
    size_t output;        /* current index into the result */
    size_t reduced_count; /* elements that go into one result */
} ns_reduction;
void ns_reduction_start(ns_reduction *reduction, const ns_aten_node *node, const ns_aten_node *operand);
void ns_reduction_next(ns_reduction *reduction);

/* Sums over the reduced elements, each to the bound of ns_double2; in `arena`. */
ns_code ns_reduce_sums(const ns_aten_node *node, const ns_aten_operands *operands, ns_arena *arena,
                       ns_double2 **sums, size_t *reduced_count, ns_error *error);

/* `lower` of an operator that TOSA has along one axis: `op` along each dim, of the attributes the NaN mode,
 * then a RESHAPE where the dims go. */
ns_code ns_reduce_lower(ns_lowering *lowering, int node, const ns_attributes *attributes, ns_op op,
                        ns_error *error);

/* ---- cases ---- */
typedef struct ns_reduce_case {
    int rank;
    int64_t shape[NS_MAX_RANK];
    ns_case_data data;
    const ns_aten_argument *arguments;
} ns_reduce_case;

ns_code ns_reduce_build(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                        ns_error *error);

/* ---- extreme.c ---- */

/* Extreme: the largest or smallest element over some dims: one REDUCE_MAX or REDUCE_MIN on INT16 per dim in
 * the caller's order, RESHAPE where the dims go; operand and result at one scale (ExecuTorch 1.5.1,
 * backends/arm/_passes/convert_minmax_pass.py). */

enum { NS_EXTREME_SELF, NS_EXTREME_DIM, NS_EXTREME_KEEPDIM };

typedef struct ns_extreme {
    ns_reduce reduce; /* first: what the reduce family reads */
    ns_op op;         /* of TOSA */
    double sign;      /* 1: the largest of x; -1: of -x */
} ns_extreme;

/* All hooks and the parameters. */
#define NS_EXTREME_FAMILY(op, sign)                                                                      \
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INTS}, {"keepdim", NS_ATEN_BOOL}),           \
        .family = &(const ns_extreme){{NS_EXTREME_DIM, NS_EXTREME_KEEPDIM}, (op), (sign)},               \
        .infer = ns_reduce_infer, .exact = ns_extreme_exact, .float32 = ns_aten_rounded,                 \
        .annotation = NS_ANNOTATION_SHARED, .supported = ns_supported_always, .lower = ns_extreme_lower, \
        .terms = ns_reduce_terms

/* Along one dim with the place of it, max.dim and min.dim, of which the values are known: amax or amin, which
 * keeps the dim, and squeeze, before the quantiser sees it (convert_minmax_pass.py). */
#define NS_EXTREME_OF_DIM(op, sign)                                                        \
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INTS, .required = true},       \
                  {"keepdim", NS_ATEN_BOOL}, {"result", NS_ATEN_INT}),                     \
        .family = &(const ns_extreme){{NS_EXTREME_DIM, NS_EXTREME_KEEPDIM}, (op), (sign)}, \
        .infer = ns_extreme_infer_values, .exact = ns_extreme_exact, .float32 = ns_aten_rounded

ns_code ns_extreme_infer_values(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
ns_code ns_extreme_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error);
ns_code ns_extreme_lower(ns_lowering *lowering, int node, ns_error *error);

/* ---- normalise.c ---- */

/* Normalise: (x - mean) / sqrt(var + eps) over some axes, then weight and bias: what layer_norm,
 * group_norm and batch_norm have in common. */

/* One row of `count` elements, in long double: within some units of the last place of double. */
ns_code ns_normalise_row(const ns_aten_operands *operands, const double *x, double *out, int64_t count,
                         double epsilon, ns_error *error);

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

/* ---- softmax.c ---- */

/* Softmax: e^x over its sum along one dim, and its logarithm, decomposed before the quantiser sees it
 * (ExecuTorch 1.5.1, backends/arm/_passes/decompose_softmax_pass.py): amax, sub, exp, sum, reciprocal, mul.
 */

/* The parameters of both. */
#define NS_SOFTMAX_PARAMETERS                                                       \
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INT, .required = true}, \
                  {"half_to_float", NS_ATEN_BOOL})

/* In double with long double sums over the dim, of x less the largest: within some units of the last place of
 * double. */
ns_code ns_softmax_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error);
ns_code ns_log_softmax_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                             ns_error *error);

/* The operand's shape; `dim` must be one of its axes. */
ns_code ns_softmax_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);

ns_code ns_softmax_decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                             ns_error *error);

/* ---- decompose.c ---- */

/* NS_EXTREME_OF_DIM's; `op` is amax or amin. */
ns_code ns_decompose_extreme(ns_aten_program *program, const ns_aten_operator *op, const ns_aten_node *node,
                             const int *inputs, int *out, ns_error *error);

/* Decompose: what several decompositions are made of. */

/* Puts the axes of `*node` in another order: axis i of what `*node` is then is its axis axes[i] now. */
ns_code ns_decompose_reorder(ns_aten_program *program, const int64_t *axes, int *node, ns_error *error);

/* `node` times a call of full: float32 of shape [1]. */
ns_code ns_decompose_scale_full(ns_aten_program *program, int node, double factor, int *out, ns_error *error);

/* A constant of `rank` axes of 1. */
ns_code ns_decompose_number(ns_aten_program *program, int rank, float value, int *out, ns_error *error);

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
