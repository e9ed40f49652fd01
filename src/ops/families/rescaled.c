#include "ops/families/arithmetic.h"

ns_code ns_rescaled_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                          ns_error *error)
{
    const ns_rescaled *rescaled = node->op->family;
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        out[i] = rescaled->real(operands->values[0][i]);
    }
    return NS_OK;
}

ns_code ns_rescaled_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_rescaled *rescaled = result->op->family;
    const double own = ns_lowering_scale(lowering, result->inputs[0]);
    const double scale = own / ns_lowering_scale(lowering, node);
    int step = 0;
    NS_TRY(ns_lowering_int32(lowering, result->inputs[0], own, &step, error));
    const ns_step made = ns_plan_like(&lowering->plan, rescaled->op, &(int){step});
    NS_TRY(ns_plan_add(&lowering->plan, &made, NS_PLAN_END, &step, error));
    NS_TRY(ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, 1, &scale, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}
