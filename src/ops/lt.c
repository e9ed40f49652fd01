/* lt: whether a < b, broadcast. */
#include "ops/families/compare.h"

const ns_aten_operator ns_aten_op_lt = {
    .name = "lt",
    .aten = "aten.lt.Tensor",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_lt, NS_OP_GREATER, true})),
};
