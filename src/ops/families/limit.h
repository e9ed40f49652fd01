/* Limit: elementwise operators that hold a value between two limits: CLAMP on INT16, operand and result at
 * one scale. The limits are quantised with it and kept within +-32767; a missing one is the type's end
 * (QuantizeClampArgumentsPass; aten_to_tosa_activation_functions.py, ExecuTorch 1.5.1). */
#ifndef NS_OPS_FAMILIES_LIMIT_H
#define NS_OPS_FAMILIES_LIMIT_H

#include "lower/lowering.h"
#include "ops/families/elementwise.h"

typedef struct ns_limit {
    /* The limits of `node`; -INFINITY and INFINITY where there is none. */
    void (*limits)(const ns_aten_node *node, double *low, double *high);
} ns_limit;

/* All hooks but the parameters; `limit` is a const ns_limit *. */
#define NS_LIMIT_FAMILY(limit)                                                                            \
    .family = (limit), .infer = ns_infer_same, .exact = ns_limit_exact, .float32 = ns_aten_rounded,       \
    .annotation = NS_ANNOTATION_SHARED, .supported = ns_supported_always, .lower = ns_limit_lower,        \
    .reads = ns_lowering_reads_as_written, .terms = ns_terms_elementwise, .term_kind = NS_TERMS_FUNCTION, \
    .bound = ns_bound_sum, .sweepable = true

ns_code ns_limit_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       ns_error *error);
ns_code ns_limit_lower(ns_lowering *lowering, int node, ns_error *error);

/* The value of an attribute, or `otherwise` where it is None. */
double ns_limit_value(const ns_aten_attribute *attribute, double otherwise);

#endif
