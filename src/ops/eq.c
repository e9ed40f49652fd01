/* eq: whether a = b, broadcast. */
#include "ops/families/compare.h"

const ns_aten_operator ns_aten_op_eq = {
    .name = "eq",
    .aten = "aten.eq.Tensor",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_eq, NS_OP_EQUAL, false})),
};
