/* logical_not: the contrary of truth values (ExecuTorch 1.5.1, backends/arm/operator_support/
 * ethos_u55_support.py keeps it off Ethos-U55). */
#include "lower/lowering.h"
#include "ops/cases.h"
#include "ops/families/arithmetic.h"

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    return ns_aten_operand(program, node, 0)->dtype == NS_DTYPE_BOOL
               ? ns_infer_same(program, node, error)
               : ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of numbers is not known", node->op->aten);
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        out[i] = operands->values[0][i] == 0;
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
    int input = 0, step = 0;
    NS_TRY(ns_lowering_own(lowering, lowering->program->nodes[node].inputs[0], &input, error));
    const ns_step contrary = ns_plan_like(&lowering->plan, NS_OP_LOGICAL_NOT, &input);
    NS_TRY(ns_plan_add(&lowering->plan, &contrary, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_TRUTH(2, 8, 8))},
};

const ns_aten_operator ns_aten_op_logical_not = {
    .name = "logical_not",
    .aten = "aten.logical_not.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_NONE,
    .supported = supported,
    .lower = lower,
    .terms = ns_terms_elementwise,
    .catalogue = NS_CALL_CATALOGUE(COMPARE, cases),
};
