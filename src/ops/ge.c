/* ge: whether a >= b, broadcast. */
#include "ops/families/compare.h"

const ns_aten_operator ns_aten_op_ge = {
    .name = "ge",
    .aten = "aten.ge.Tensor",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_ge, NS_OP_GREATER_EQUAL, false})),
};
