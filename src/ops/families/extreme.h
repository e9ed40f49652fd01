/* Extreme: the largest or smallest element over some dims: one REDUCE_MAX or REDUCE_MIN on INT16 per dim in
 * the caller's order, RESHAPE where the dims go; operand and result at one scale (ExecuTorch 1.5.1,
 * backends/arm/_passes/convert_minmax_pass.py). */
#ifndef NS_OPS_FAMILIES_EXTREME_H
#define NS_OPS_FAMILIES_EXTREME_H

#include "lower/lowering.h"
#include "ops/families/reduce.h"

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

ns_code ns_extreme_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error);
ns_code ns_extreme_lower(ns_lowering *lowering, int node, ns_error *error);

#endif
