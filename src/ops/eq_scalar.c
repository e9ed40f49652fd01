/* eq.Scalar: whether a = b, broadcast; b is a number, which becomes a constant with the shared scale. */
#include "ops/families/compare.h"

const ns_aten_operator ns_aten_op_eq_scalar = {
    .name = "eq.Scalar",
    .aten = "aten.eq.Scalar",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_eq, NS_OP_EQUAL, false})),
};
