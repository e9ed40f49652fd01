/* gt.Scalar: whether a > b, broadcast; b is a number, which becomes a constant with the shared scale. */
#include "ops/families/compare.h"

const ns_aten_operator ns_aten_op_gt_scalar = {
    .name = "gt.Scalar",
    .aten = "aten.gt.Scalar",
    NS_COMPARE_FAMILY((&(const ns_compare){ns_compare_gt, NS_OP_GREATER, false})),
};
