/* ne: whether a != b, broadcast. Decomposed before the quantiser sees it: eq, and its contrary
 * (ExecuTorch 1.5.1, backends/arm/_passes/decompose_ne_pass.py). */
#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"

static double differ(double a, double b)
{
    return a != b;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    return ns_broadcast(node, operands, out, differ, error);
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    (void)node;
    NS_TRY(ns_aten_call(program, &ns_aten_op_eq, 2, inputs, NULL, out, error));
    return ns_aten_call(program, &ns_aten_op_logical_not, 1, out, NULL, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2", NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
    {NS_LIST_SEED, "number",
     NS_CALL2(NS_INPUT(NS_RAMP, -1, 0.25, 2, 4, 5), NS_WEIGHT(NS_CONSTANT, 0.5, 0, 2, 1, 1))},
};

const ns_aten_operator ns_aten_op_ne = {
    .name = "ne",
    .aten = "aten.ne.Tensor",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    .infer = ns_compare_infer,
    .exact = exact,
    .float32 = exact,
    .decompose = decompose,
    .terms = ns_terms_elementwise,
    .catalogue = NS_CALL_CATALOGUE(COMPARE, cases),
};
