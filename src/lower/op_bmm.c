/* bmm: MATMUL to INT48, RESCALE with 16-bit multipliers.
 * Source: ExecuTorch 1.5.0, backends/arm/_passes/rewrite_matmul.py. */
#include <string.h>

#include "lower/lowering.h"

ns_code ns_lower_bmm(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int inputs[2];
    for (int i = 0; i < 2; i++)
        NS_TRY(ns_lowering_value(lowering, result->inputs[i], NS_LAYOUT_LOGICAL, &inputs[i], error));
    ns_step matmul = {.kind = NS_STEP_OPERATOR,
                      .op = NS_OP_MATMUL,
                      .dtype = NS_DTYPE_INT48,
                      .rank = result->rank,
                      .input_count = 2,
                      .inputs = inputs};
    memcpy(matmul.shape, result->shape, sizeof matmul.shape);
    int step = 0;
    NS_TRY(ns_plan_add(&lowering->plan, &matmul, NS_PLAN_END, &step, error));
    double scale = ns_lowering_scale(lowering, result->inputs[0]) *
                   ns_lowering_scale(lowering, result->inputs[1]) / ns_lowering_scale(lowering, node);
    return ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, 1, &scale, NS_PLAN_END,
                           &lowering->values[node].steps[NS_LAYOUT_LOGICAL], error);
}
