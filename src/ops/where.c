/* where: out = condition ? a : b, broadcast: SELECT on INT16; a, b and the result share one scale. Ethos-U55
 * and U65 have no SELECT (ExecuTorch 1.5.1, backends/arm/_passes/aten_to_tosa_ternary.py,
 * operator_support/ethos_u55_support.py). */
#include <string.h>

#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"

enum { CONDITION, A, B };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    NS_TRY(ns_infer_broadcast(program, node, error));
    if (ns_aten_operand(program, node, CONDITION)->dtype != NS_DTYPE_BOOL)
        return ns_fail(error, NS_ERROR_INPUT, "%s: the condition is no truth value", node->op->aten);
    node->dtype = ns_aten_operand(program, node, A)->dtype;
    return NS_OK;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    int64_t at[NS_MAX_RANK] = {0};
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        ns_coordinates(node, i, at);
        const double *condition = operands->values[CONDITION];
        const int chosen =
            condition[ns_broadcast_element(operands->nodes[CONDITION], node->rank, at)] != 0 ? A : B;
        out[i] = operands->values[chosen][ns_broadcast_element(operands->nodes[chosen], node->rank, at)];
    }
    return NS_OK;
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    (void)program;
    return target == NS_TARGET_U55 ? ns_keep_off(node, target, error, "Op is not supported on U55.") : NS_OK;
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int inputs[3], step = 0;
    for (int i = 0; i < 3; i++) {
        NS_TRY(ns_lowering_own(lowering, result->inputs[i], &inputs[i], error));
        NS_TRY(ns_binary_match_rank(lowering, result->rank, &inputs[i], error));
    }
    ns_step select = ns_plan_like(&lowering->plan, NS_OP_SELECT, &inputs[A]);
    select.input_count = 3;
    select.inputs = inputs;
    select.rank = result->rank;
    memcpy(select.shape, result->shape, sizeof select.shape);
    NS_TRY(ns_plan_add(&lowering->plan, &select, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

/* a, b or both are numbers. ExecuTorch's quantiser knows where.self alone (quantizer/arm_quantizer_utils.py),
 * and takes these apart too late (decompose_where_scalar_other_pass.py is for the edge dialect): they stay on
 * the CPU. */
const ns_aten_operator ns_aten_op_where_scalar = {
    .name = "where.scalar",
    .aten = "aten.where.ScalarOther",
    NS_PARAMETERS({"condition", NS_ATEN_TENSOR}, {"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_FLOAT,
};

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "same",
     NS_CALL3(NS_TRUTH(2, 8, 8), NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), NS_INPUT(NS_NORMAL, 0, 2, 2, 8, 8))},
    {NS_LIST_SEED, "broadcast",
     NS_CALL3(NS_TRUTH(4, 1, 1, 8, 10), NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10),
              NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10))},
};

const ns_aten_operator ns_aten_op_where = {
    .name = "where",
    .aten = "aten.where.self",
    NS_PARAMETERS({"condition", NS_ATEN_TENSOR}, {"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_SHARED,
    .supported = supported,
    .lower = lower,
    .catalogue = NS_CALL_CATALOGUE(BINARY, cases),
};
