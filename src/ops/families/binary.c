/* Source: ExecuTorch 1.5.0, backends/arm/_passes/insert_rescales_pass.py, match_arg_ranks_pass.py. */
#include "ops/families/arithmetic.h"

#include <string.h>

ns_code ns_binary_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
{
    const ns_binary *binary = node->op->family;
    return ns_broadcast(node, operands, out, binary->real, error);
}

ns_binary_scales ns_binary_headroom_scales(double a, double b)
{
    const double scale = 2 * (a > b ? a : b) / (1 << 12);
    return (ns_binary_scales){scale, scale, scale};
}

ns_binary_scales ns_binary_least_scales(double a, double b)
{
    const double scale = a < b ? a : b;
    return (ns_binary_scales){scale, scale, scale};
}

double ns_bound_largest(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                        const double *values, const double *bounds)
{
    (void)program;
    (void)node;
    (void)values;
    double largest = 0;
    for (int i = 0; i < term->count; i++)
        largest = bounds[i] > largest ? bounds[i] : largest;
    return largest;
}

/* An operand of lower rank gets leading dims of 1. */
ns_code ns_binary_match_rank(ns_lowering *lowering, int rank, int *step, ns_error *error)
{
    const ns_step *value = &lowering->plan.steps[*step];
    if (value->rank == rank)
        return NS_OK;
    int64_t shape[NS_MAX_RANK];
    for (int i = 0; i < rank; i++) {
        int axis = i - (rank - value->rank);
        shape[i] = axis < 0 ? 1 : value->shape[axis];
    }
    if (value->kind == NS_STEP_CONSTANT)
        return ns_lowering_reshape_constant(lowering, rank, shape, step, error);
    return ns_plan_reshape(&lowering->plan, *step, rank, shape, NS_PLAN_END, step, error);
}

ns_code ns_binary_operands(ns_lowering *lowering, int node, const ns_binary_scales *scales, int inputs[2],
                           ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    NS_TRY(ns_lowering_int32(lowering, result->inputs[0], scales->a, &inputs[0], error));
    if (result->inputs[1] == result->inputs[0])
        inputs[1] = inputs[0];
    else
        NS_TRY(ns_lowering_int32(lowering, result->inputs[1], scales->b, &inputs[1], error));
    for (int i = 0; i < 2; i++)
        NS_TRY(ns_binary_match_rank(lowering, result->rank, &inputs[i], error));
    return NS_OK;
}

/* Whole numbers are taken as they are. */
static ns_code integer_operands(ns_lowering *lowering, int node, int inputs[2], ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    for (int i = 0; i < 2; i++) {
        NS_TRY(ns_lowering_own(lowering, result->inputs[i], &inputs[i], error));
        NS_TRY(ns_binary_match_rank(lowering, result->rank, &inputs[i], error));
    }
    return NS_OK;
}

ns_code ns_binary_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_binary *binary = result->op->family;
    const bool real = result->dtype == NS_DTYPE_FP32;
    ns_binary_scales scales = {0};
    int inputs[2], made = 0;
    if (real) {
        scales = binary->scales(ns_lowering_scale(lowering, result->inputs[0]),
                                ns_lowering_scale(lowering, result->inputs[1]));
        NS_TRY(ns_binary_operands(lowering, node, &scales, inputs, error));
    } else {
        NS_TRY(integer_operands(lowering, node, inputs, error));
    }
    ns_step step = ns_plan_like(&lowering->plan, binary->op, &inputs[0]);
    step.input_count = 2;
    step.inputs = inputs;
    memcpy(step.shape, result->shape, sizeof step.shape);
    if (binary->op == NS_OP_MAXIMUM || binary->op == NS_OP_MINIMUM)
        step.attributes.nan_mode = NS_NAN_PROPAGATE;
    if (binary->op == NS_OP_MUL)
        ns_step_zero(&step, "_shift", NS_DTYPE_INT8);
    NS_TRY(ns_plan_add(&lowering->plan, &step, NS_PLAN_END, &made, error));
    if (!real)
        return ns_lowering_set_own(lowering, node, made, error);
    const double scale = scales.result / ns_lowering_scale(lowering, node);
    NS_TRY(ns_plan_rescale(&lowering->plan, made, NS_DTYPE_INT16, 1, &scale, NS_PLAN_END, &made, error));
    return ns_lowering_set_own(lowering, node, made, error);
}
