/* RESCALE, RESCALE, op, RESCALE. Source: ExecuTorch 1.5.0, backends/arm/_passes/insert_rescales_pass.py,
 * match_arg_ranks_pass.py. */
#include "lower/elementwise.h"

#include <string.h>

/* An operand of lower rank gets leading dims of 1. */
static ns_code match_rank(ns_lowering *lowering, int rank, int *step, ns_error *error)
{
    const ns_step *value = &lowering->plan.steps[*step];
    if (value->rank == rank)
        return NS_OK;
    int64_t shape[NS_MAX_RANK];
    for (int i = 0; i < rank; i++) {
        int axis = i - (rank - value->rank);
        shape[i] = axis < 0 ? 1 : value->shape[axis];
    }
    return ns_plan_reshape(&lowering->plan, *step, rank, shape, NS_PLAN_END, step, error);
}

ns_code ns_lower_elementwise(ns_lowering *lowering, int node, ns_op op, double scale_a, double scale_b,
                             double output_scale, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int inputs[2];
    NS_TRY(ns_lowering_int32(lowering, result->inputs[0], scale_a, &inputs[0], error));
    if (result->inputs[1] == result->inputs[0])
        inputs[1] = inputs[0];
    else
        NS_TRY(ns_lowering_int32(lowering, result->inputs[1], scale_b, &inputs[1], error));
    for (int i = 0; i < 2; i++)
        NS_TRY(match_rank(lowering, result->rank, &inputs[i], error));
    ns_step step = {.kind = NS_STEP_OPERATOR,
                    .op = op,
                    .dtype = NS_DTYPE_INT32,
                    .rank = result->rank,
                    .input_count = 2,
                    .inputs = inputs};
    memcpy(step.shape, result->shape, sizeof step.shape);
    int made = 0;
    NS_TRY(ns_plan_add(&lowering->plan, &step, NS_PLAN_END, &made, error));
    double scale = output_scale / ns_lowering_scale(lowering, node);
    return ns_plan_rescale(&lowering->plan, made, NS_DTYPE_INT16, 1, &scale, NS_PLAN_END,
                           &lowering->values[node].steps[NS_LAYOUT_LOGICAL], error);
}
