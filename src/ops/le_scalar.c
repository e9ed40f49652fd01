/* le.Scalar: whether a <= b, broadcast; b is a number, which becomes a constant with the shared scale. */
#include "ops/families/compare.h"

const ns_aten_operator ns_aten_op_le_scalar = {
    .name = "le.Scalar",
    .aten = "aten.le.Scalar",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_le, NS_OP_GREATER_EQUAL, true})),
};
