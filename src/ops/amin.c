/* amin: the smallest element over dim. */
#include "ops/families/extreme.h"

const ns_aten_operator ns_aten_op_amin = {
    .name = "amin",
    .aten = "aten.amin.default",
    NS_EXTREME_FAMILY(NS_OP_REDUCE_MIN, -1),
};
