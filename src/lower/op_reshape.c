/* reshape: RESHAPE; nothing where the shape stays. ExecuTorch's quantiser gives operand and result one
 * scale. */
#include <string.h>

#include "lower/lowering.h"

ns_code ns_lower_reshape(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int step = 0;
    NS_TRY(ns_lowering_value(lowering, result->inputs[0], NS_LAYOUT_LOGICAL, &step, error));
    const ns_step *value = &lowering->plan.steps[step];
    if (value->rank == result->rank &&
        !memcmp(value->shape, result->shape, (size_t)result->rank * sizeof *result->shape)) {
        ns_lowering_set(lowering, node, NS_LAYOUT_LOGICAL, step);
        return NS_OK;
    }
    return ns_plan_reshape(&lowering->plan, step, result->rank, result->shape, NS_PLAN_END,
                           &lowering->values[node].steps[NS_LAYOUT_LOGICAL], error);
}
