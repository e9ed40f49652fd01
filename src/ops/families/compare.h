/* Compare: operators of two values with a truth value as result. Both operands share one observer and go to
 * INT32 at its scale; the result is BOOL and has none. Ethos-U55 and U65 have no comparison. */
#ifndef NS_OPS_FAMILIES_COMPARE_H
#define NS_OPS_FAMILIES_COMPARE_H

#include "ops/families/binary.h"

/* What the family needs of its operator. */
typedef struct ns_compare {
    double (*real)(double a, double b); /* 1 or 0 */
    ns_op op;                           /* of TOSA */
    bool swapped; /* TOSA's operands the other way round: le and lt (rewrite_le_lt_to_ge_gt_pass.py) */
} ns_compare;

/* All hooks and the parameters; `compare` is a const ns_compare *. A result that jumps has no slope and no
 * bound. */
#define NS_COMPARE_FAMILY(compare)                                                                   \
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),                              \
        .family = (compare), .infer = ns_compare_infer, .exact = ns_compare_exact,                   \
        .float32 = ns_aten_rounded, .annotation = NS_ANNOTATION_OPERANDS_ALIKE,                      \
        .supported = ns_compare_supported, .lower = ns_compare_lower, .terms = ns_terms_elementwise, \
        .term_kind = NS_TERMS_FUNCTION

ns_code ns_compare_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
ns_code ns_compare_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error);
ns_code ns_compare_supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                             ns_error *error);
ns_code ns_compare_lower(ns_lowering *lowering, int node, ns_error *error);

/* Each relation, once: of the operators with a tensor and with a number (ops/eq.c, ops/eq_scalar.c, ..). */
double ns_compare_eq(double a, double b);
double ns_compare_ge(double a, double b);
double ns_compare_gt(double a, double b);
double ns_compare_le(double a, double b);
double ns_compare_lt(double a, double b);

#endif
