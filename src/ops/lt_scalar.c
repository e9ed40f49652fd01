/* lt.Scalar: whether a < b, broadcast; b is a number, which becomes a constant with the shared scale. */
#include "ops/families/compare.h"

const ns_aten_operator ns_aten_op_lt_scalar = {
    .name = "lt.Scalar",
    .aten = "aten.lt.Scalar",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_lt, NS_OP_GREATER, true})),
};
