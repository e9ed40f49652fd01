/* Binary with rescale: operators of two values that ExecuTorch computes in INT32 (InsertRescaleInt32Pass):
 * operands rescaled to INT32, the TOSA operator, the result rescaled to INT16. */
#ifndef NS_OPS_FAMILIES_BINARY_H
#define NS_OPS_FAMILIES_BINARY_H

#include "lower/lowering.h"
#include "ops/families/elementwise.h"

/* INT32 scales of the operands and of the result. */
typedef struct ns_binary_scales {
    double a, b, result;
} ns_binary_scales;

/* What the family needs of its operator. */
typedef struct ns_binary {
    double (*real)(double a, double b);             /* one IEEE operation, correctly rounded */
    ns_op op;                                       /* of TOSA */
    ns_binary_scales (*scales)(double a, double b); /* from those of the INT16 operands */
} ns_binary;

/* The hooks but terms' kind, slope and bound; `binary` is a const ns_binary *. */
#define NS_BINARY_FAMILY(binary)                                                                           \
    .family = (binary), .infer = ns_infer_broadcast, .exact = ns_binary_exact, .float32 = ns_aten_rounded, \
    .annotation = NS_ANNOTATION_OWN, .supported = ns_supported_always, .lower = ns_binary_lower,           \
    .rescales_operands = true, .terms = ns_terms_elementwise

ns_code ns_binary_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error);
ns_code ns_binary_lower(ns_lowering *lowering, int node, ns_error *error);

/* INT32 scales: 2 max(a, b) / 2^12 for all, so that a sum or a difference of two 16-bit values keeps 12 more
 * bits (add, sub); the smaller of both for all (maximum, minimum, comparisons). */
ns_binary_scales ns_binary_headroom_scales(double a, double b);
ns_binary_scales ns_binary_least_scales(double a, double b);

/* bound: the larger of the operands' bounds (maximum, minimum). */
double ns_bound_largest(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                        const double *values, const double *bounds);

/* RESCALEs the operands of `node` to INT32 at the scales given (once where both are the same value) and
 * raises the lower rank by a RESHAPE. */
ns_code ns_binary_operands(ns_lowering *lowering, int node, const ns_binary_scales *scales, int inputs[2],
                           ns_error *error);

/* Raises the step's rank to `rank` by a RESHAPE with ones in front (match_arg_ranks_pass.py). */
ns_code ns_binary_match_rank(ns_lowering *lowering, int rank, int *step, ns_error *error);

#endif
