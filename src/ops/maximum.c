/* maximum: the larger of a and b, broadcast. Both operands go to INT32 at the smaller of their scales. */
#include "ops/families/binary.h"

static double real(double a, double b)
{
    return a > b ? a : b;
}

const ns_aten_operator ns_aten_op_maximum = {
    .name = "maximum",
    .aten = "aten.maximum.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    NS_BINARY_FAMILY((&(const ns_binary){real, NS_OP_MAXIMUM, ns_binary_least_scales})),
    .term_kind = NS_TERMS_FUNCTION,
    .bound = ns_bound_largest,
};
