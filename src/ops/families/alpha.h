/* Alpha: add and sub, whose second operand has a factor. One that is not 1 is multiplied in as a constant
 * before the quantiser sees it (ExecuTorch 1.5.1, backends/arm/_passes/decompose_add_sub_alpha_pass.py). */
#ifndef NS_OPS_FAMILIES_ALPHA_H
#define NS_OPS_FAMILIES_ALPHA_H

#include "ops/families/binary.h"

/* All hooks and the parameters but the slope; `binary` is a const ns_binary *. */
#define NS_ALPHA_FAMILY(binary)                                                                         \
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR},                                  \
                  {"alpha", NS_ATEN_REAL, .otherwise = NS_REAL(1)}),                                    \
        .family = (binary), .infer = ns_infer_broadcast, .exact = ns_alpha_exact,                       \
        .float32 = ns_aten_rounded, .decompose = ns_alpha_decompose, .decomposes = ns_alpha_decomposes, \
        .annotation = NS_ANNOTATION_OWN, .supported = ns_supported_always, .lower = ns_binary_lower,    \
        .rescales_operands = true, .terms = ns_terms_elementwise, .term_kind = NS_TERMS_SUM,            \
        .bound = ns_bound_sum

/* The operator of a and alpha * b. */
ns_code ns_alpha_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       ns_error *error);

bool ns_alpha_decomposes(const ns_aten_program *program, const ns_aten_node *node);
ns_code ns_alpha_decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                           ns_error *error);

#endif
