/* softmax: out = e^x / sum over dim of e^x (families/softmax.h). */
#include "ops/cases.h"
#include "ops/families/reductions.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 10), {"dim", NS_INT(-1)})},
    {NS_LIST_SEED, "rank4", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), {"dim", NS_INT(1)})},
    {NS_LIST_SEED, "wide", NS_CALL1(NS_INPUT(NS_UNIFORM, -8, 16, 2, 4, 10), {"dim", NS_INT(-1)})},
};

const ns_aten_operator ns_aten_op_softmax = {
    .name = "softmax",
    .aten = "aten.softmax.int",
    NS_SOFTMAX_PARAMETERS,
    .infer = ns_softmax_infer,
    .exact = ns_softmax_exact,
    .float32 = ns_aten_rounded,
    .decompose = ns_softmax_decompose,
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
