/* sub: both operands to INT32 at the scale 2 max(s_a, s_b) / 2^12, so that the difference of two 16-bit
 * values keeps 12 more bits; SUB; RESCALE to INT16.
 * Source: ExecuTorch 1.5.0, backends/arm/_passes/insert_rescales_pass.py (InsertRescaleInt32Pass). */
#include "lower/elementwise.h"

ns_code ns_lower_sub(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    double a = ns_lowering_scale(lowering, result->inputs[0]);
    double b = ns_lowering_scale(lowering, result->inputs[1]);
    double scale = 2 * (a > b ? a : b) / (1 << 12);
    return ns_lower_elementwise(lowering, node, NS_OP_SUB, scale, scale, scale, error);
}
