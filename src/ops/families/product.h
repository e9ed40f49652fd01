/* Product: matrix products over the last two axes of two operands whose axes in front are equal: MATMUL to
 * INT48, RESCALE with 16-bit multipliers. Source: ExecuTorch 1.5.0, backends/arm/_passes/rewrite_matmul.py,
 * mm_to_bmm_pass.py; operator_support/ethos_u55_support.py. */
#ifndef NS_OPS_FAMILIES_PRODUCT_H
#define NS_OPS_FAMILIES_PRODUCT_H

#include "lower/lowering.h"
#include "ops/families/elementwise.h"

/* What the family needs of its operator. */
typedef struct ns_product {
    int rank; /* of operands and result: 2, or 3 with a batch in front */
} ns_product;

/* All hooks and the parameters; `product` is a const ns_product *. */
#define NS_PRODUCT_FAMILY(product)                                                                      \
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"mat2", NS_ATEN_TENSOR}),                                  \
        .family = (product), .infer = ns_product_infer, .exact = ns_product_exact,                      \
        .float32 = ns_aten_rounded, .annotation = NS_ANNOTATION_OWN, .supported = ns_product_supported, \
        .lower = ns_product_lower, .terms = ns_product_terms, .term_kind = NS_TERMS_SUM,                \
        .slope = ns_slope_product, .bound = ns_bound_product

ns_code ns_product_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
ns_code ns_product_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error);
ns_code ns_product_supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                             ns_error *error);
ns_code ns_product_lower(ns_lowering *lowering, int node, ns_error *error);
void ns_product_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                      ns_term_visit visit, void *context);

#endif
