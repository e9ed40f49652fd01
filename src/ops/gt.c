/* gt: whether a > b, broadcast. */
#include "ops/families/compare.h"

const ns_aten_operator ns_aten_op_gt = {
    .name = "gt",
    .aten = "aten.gt.Tensor",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_gt, NS_OP_GREATER, false})),
};
