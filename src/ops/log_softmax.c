/* log_softmax: out = log(e^x / sum over dim of e^x): softmax's chain and log (families/softmax.h). */
#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/reductions.h"

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    int softmax = 0;
    NS_TRY(ns_softmax_decompose(program, node, inputs, &softmax, error));
    return ns_aten_call(program, &ns_aten_op_log, 1, &softmax, NULL, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 10), {"dim", NS_INT(-1)})},
    {NS_LIST_SEED, "rank4", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), {"dim", NS_INT(1)})},
};

const ns_aten_operator ns_aten_op_log_softmax = {
    .name = "log_softmax",
    .aten = "aten.log_softmax.int",
    NS_SOFTMAX_PARAMETERS,
    .infer = ns_softmax_infer,
    .exact = ns_log_softmax_exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
