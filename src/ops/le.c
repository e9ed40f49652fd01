/* le: whether a <= b, broadcast. */
#include "ops/families/compare.h"

const ns_aten_operator ns_aten_op_le = {
    .name = "le",
    .aten = "aten.le.Tensor",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_le, NS_OP_GREATER_EQUAL, true})),
};
