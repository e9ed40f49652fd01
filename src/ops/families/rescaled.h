/* Rescaled: elementwise operators of one operand without attributes that are a TOSA operator of their own. */
#ifndef NS_OPS_FAMILIES_RESCALED_H
#define NS_OPS_FAMILIES_RESCALED_H

#include "lower/lowering.h"
#include "ops/families/elementwise.h"

typedef struct ns_rescaled {
    double (*real)(double x); /* exact */
    ns_op op;                 /* of TOSA, INT32 to INT32 */
} ns_rescaled;

/* All hooks but lower and bound; `rescaled` is a const ns_rescaled *. */
#define NS_RESCALED_FAMILY(rescaled)                                                                      \
    .family = (rescaled), .infer = ns_infer_same, .exact = ns_rescaled_exact, .float32 = ns_aten_rounded, \
    .annotation = NS_ANNOTATION_OWN, .supported = ns_supported_always, .terms = ns_terms_elementwise,     \
    .term_kind = NS_TERMS_FUNCTION

ns_code ns_rescaled_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                          ns_error *error);
/* RESCALE to INT32 at the operand's own scale, the operator, RESCALE to INT16. */
ns_code ns_rescaled_lower(ns_lowering *lowering, int node, ns_error *error);

#endif
