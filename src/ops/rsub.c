/* rsub: out = number - alpha * x: sub, as PyTorch's decompositions have it before the quantiser sees it. */
#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"
#include "ops/families/reductions.h"

enum { SELF, OTHER, ALPHA };

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        out[i] = node->attributes[OTHER].real - node->attributes[ALPHA].real * operands->values[0][i];
    }
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    int number = 0;
    NS_TRY(ns_decompose_number(program, node->rank, (float)node->attributes[OTHER].real, &number, error));
    return ns_aten_call(program, &ns_aten_op_sub, 2, (int[]){number, inputs[0]},
                        NS_ARGUMENTS({"alpha", node->attributes[ALPHA]}), out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "one", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), {"other", NS_REAL(1)})},
};

const ns_aten_operator ns_aten_op_rsub = {
    .name = "rsub",
    .aten = "aten.rsub.Scalar",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_REAL, .required = true},
                  {"alpha", NS_ATEN_REAL, .otherwise = NS_REAL(1)}),
    .infer = ns_infer_same,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(BINARY, cases),
};
