/* Softmax: e^x over its sum along one dim, and its logarithm, decomposed before the quantiser sees it
 * (ExecuTorch 1.5.1, backends/arm/_passes/decompose_softmax_pass.py): amax, sub, exp, sum, reciprocal, mul.
 */
#ifndef NS_OPS_FAMILIES_SOFTMAX_H
#define NS_OPS_FAMILIES_SOFTMAX_H

#include "ir/operator.h"

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

#endif
