/* sum: RESCALE to INT32 at the same scale, one REDUCE_SUM per dim in the caller's order, RESHAPE where the
 * dims go, RESCALE to INT16.
 * Source: ExecuTorch 1.5.0, backends/arm/_passes/insert_rescales_pass.py (InsertRescaleInt32Pass),
 * decompose_sum_pass.py. */
#include "lower/lowering.h"

ns_code ns_lower_sum(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int operand = result->inputs[0];
    double input_scale = ns_lowering_scale(lowering, operand);
    double scale = input_scale / ns_lowering_scale(lowering, node);
    int step = 0;
    NS_TRY(ns_lowering_int32(lowering, operand, input_scale, &step, error));
    for (int i = 0; i < result->dim_count; i++) {
        int input = step;
        ns_step sum = lowering->plan.steps[input];
        sum.op = NS_OP_REDUCE_SUM;
        sum.axis = result->dims[i];
        sum.shape[sum.axis] = 1;
        sum.input_count = 1;
        sum.inputs = &input;
        NS_TRY(ns_plan_add(&lowering->plan, &sum, NS_PLAN_END, &step, error));
    }
    if (!result->keepdim && result->dim_count)
        NS_TRY(
            ns_plan_reshape(&lowering->plan, step, result->rank, result->shape, NS_PLAN_END, &step, error));
    return ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, 1, &scale, NS_PLAN_END,
                           &lowering->values[node].steps[NS_LAYOUT_LOGICAL], error);
}
