/* mul: both operands to INT32 at their own scales, MUL, RESCALE of the product of the scales to INT16.
 * Source: ExecuTorch 1.5.0, backends/arm/_passes/insert_rescales_pass.py (InsertRescaleInt32Pass). */
#include "lower/elementwise.h"

ns_code ns_lower_mul(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    double a = ns_lowering_scale(lowering, result->inputs[0]);
    double b = ns_lowering_scale(lowering, result->inputs[1]);
    return ns_lower_elementwise(lowering, node, NS_OP_MUL, a, b, a * b, error);
}
