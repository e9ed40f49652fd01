/* amax: the largest element over dim. */
#include "ops/families/extreme.h"

const ns_aten_operator ns_aten_op_amax = {
    .name = "amax",
    .aten = "aten.amax.default",
    NS_EXTREME_FAMILY(NS_OP_REDUCE_MAX, 1),
};
