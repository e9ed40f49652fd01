/* Source: ExecuTorch 1.5.1, backends/arm/_passes/insert_rescales_pass.py,
 * operator_support/ethos_u55_support.py. */
#include "ops/families/arithmetic.h"

#include <string.h>

double ns_compare_eq(double a, double b)
{
    return a == b;
}
double ns_compare_ge(double a, double b)
{
    return a >= b;
}
double ns_compare_gt(double a, double b)
{
    return a > b;
}
double ns_compare_le(double a, double b)
{
    return a <= b;
}
double ns_compare_lt(double a, double b)
{
    return a < b;
}

ns_code ns_compare_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    NS_TRY(ns_infer_broadcast(program, node, error));
    node->dtype = NS_DTYPE_BOOL;
    return NS_OK;
}

ns_code ns_compare_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error)
{
    const ns_compare *compare = node->op->family;
    return ns_broadcast(node, operands, out, compare->real, error);
}

ns_code ns_compare_supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                             ns_error *error)
{
    (void)program;
    return target == NS_TARGET_U55 ? ns_keep_off(node, target, error, "Op is not supported on U55.") : NS_OK;
}

ns_code ns_compare_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_compare *compare = result->op->family;
    const ns_binary_scales scales = ns_binary_least_scales(ns_lowering_scale(lowering, result->inputs[0]),
                                                           ns_lowering_scale(lowering, result->inputs[1]));
    int inputs[2], made = 0;
    NS_TRY(ns_binary_operands(lowering, node, &scales, inputs, error));
    ns_step step = ns_plan_like(&lowering->plan, compare->op, &inputs[0]);
    step.dtype = NS_DTYPE_BOOL;
    step.input_count = 2;
    step.inputs = compare->swapped ? (int[]){inputs[1], inputs[0]} : inputs;
    step.rank = result->rank;
    memcpy(step.shape, result->shape, sizeof step.shape);
    NS_TRY(ns_plan_add(&lowering->plan, &step, NS_PLAN_END, &made, error));
    return ns_lowering_set_own(lowering, node, made, error);
}
