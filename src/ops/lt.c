/* lt: whether a < b, broadcast. */
#include "ops/cases.h"
#include "ops/families/arithmetic.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2", NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
    {NS_LIST_SEED, "broadcast",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), NS_INPUT(NS_NORMAL, 0, 1, 3, 3, 1, 10))},
};

const ns_aten_operator ns_aten_op_lt = {
    .name = "lt",
    .aten = "aten.lt.Tensor",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_lt, NS_OP_GREATER, true})),
    .catalogue = NS_CALL_CATALOGUE(COMPARE, cases),
};
