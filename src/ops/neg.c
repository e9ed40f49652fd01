/* neg: out = -x. NEGATE on INT16. Operand and result have observers of their own, and ExecuTorch puts no
 * RESCALE between their scales: the result is off by the scales' ratio (catalogue of ExecuTorch 1.5.1;
 * docs/errata.md). */
#include "ops/cases.h"
#include "ops/families/arithmetic.h"

static double real(double x)
{
    return -x;
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    int step = 0;
    NS_TRY(ns_lowering_own(lowering, lowering->program->nodes[node].inputs[0], &step, error));
    ns_step negate = ns_plan_like(&lowering->plan, NS_OP_NEGATE, &(int){step});
    ns_step_zero(&negate, "_input_zp", NS_DTYPE_INT16);
    ns_step_zero(&negate, "_output_zp", NS_DTYPE_INT16);
    NS_TRY(ns_plan_add(&lowering->plan, &negate, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 1, 10))},
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
    {NS_LIST_SEED, "rank4", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10))},
};

const ns_aten_operator ns_aten_op_neg = {
    .name = "neg",
    .aten = "aten.neg.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_RESCALED_FAMILY((&(const ns_rescaled){real, NS_OP_NEGATE})),
    .lower = lower,
    .bound = ns_bound_sum,
    .sweepable = true,
    .catalogue = NS_CALL_CATALOGUE(UNARY, cases),
};
