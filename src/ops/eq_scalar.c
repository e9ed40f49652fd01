/* eq.Scalar: whether a = b, broadcast; b is a number, which becomes a constant with the shared scale. */
#include "ops/cases.h"
#include "ops/families/arithmetic.h"

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), NS_WEIGHT(NS_CONSTANT, 0.25, 0, 2, 1, 1))},
    {NS_LIST_SEED, "rank4",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), NS_WEIGHT(NS_CONSTANT, -0.5, 0, 4, 1, 1, 1, 1))},
};

const ns_aten_operator ns_aten_op_eq_scalar = {
    .name = "eq.Scalar",
    .aten = "aten.eq.Scalar",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_eq, NS_OP_EQUAL, false})),
    .catalogue = NS_CALL_CATALOGUE(COMPARE, cases),
};
