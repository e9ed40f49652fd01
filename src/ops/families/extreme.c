#include "ops/families/reductions.h"

#include <math.h>

ns_code ns_extreme_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error)
{
    (void)error;
    const ns_extreme *extreme = node->op->family;
    ns_reduction reduction;
    for (size_t i = 0; i < ns_aten_count(node); i++)
        out[i] = -extreme->sign * INFINITY;
    ns_reduction_start(&reduction, node, operands->nodes[0]);
    for (size_t i = 0; i < ns_aten_count(operands->nodes[0]); i++, ns_reduction_next(&reduction)) {
        const double x = operands->values[0][i];
        if (extreme->sign * x > extreme->sign * out[reduction.output])
            out[reduction.output] = x;
    }
    return NS_OK;
}

ns_code ns_extreme_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_extreme *extreme = result->op->family;
    const ns_aten_attribute *dims = ns_reduce_dims(result);
    int step = 0;
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &step, error));
    for (int i = 0; i < dims->count; i++) {
        ns_step reduce = ns_plan_like(&lowering->plan, extreme->op, &(int){step});
        reduce.attributes.axis = (int32_t)dims->list[i];
        reduce.attributes.nan_mode = NS_NAN_PROPAGATE;
        reduce.shape[dims->list[i]] = 1;
        NS_TRY(ns_plan_add(&lowering->plan, &reduce, NS_PLAN_END, &step, error));
    }
    if (!ns_reduce_keepdim(result) && dims->count)
        NS_TRY(
            ns_plan_reshape(&lowering->plan, step, result->rank, result->shape, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}
