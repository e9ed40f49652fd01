/* minimum: the smaller of a and b, broadcast. Both operands go to INT32 at the smaller of their scales. */
#include "ops/cases.h"
#include "ops/families/arithmetic.h"

static double real(double a, double b)
{
    return a < b ? a : b;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "same_scale",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
    {NS_LIST_SEED, "two_scales",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), NS_INPUT(NS_NORMAL, 0, 8, 4, 1, 3, 8, 10))},
    {NS_LIST_SEED, "broadcast",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), NS_INPUT(NS_UNIFORM, 0, 4, 3, 3, 1, 10))},
};

const ns_aten_operator ns_aten_op_minimum = {
    .name = "minimum",
    .aten = "aten.minimum.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    NS_BINARY_FAMILY((&(const ns_binary){real, NS_OP_MINIMUM, ns_binary_least_scales})),
    .term_kind = NS_TERMS_FUNCTION,
    .bound = ns_bound_largest,
    .catalogue = NS_CALL_CATALOGUE(BINARY, cases),
};
