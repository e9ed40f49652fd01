/* relu: out = max(x, 0). */
#include <math.h>

#include "ops/families/limit.h"

static void limits(const ns_aten_node *node, double *low, double *high)
{
    (void)node;
    *low = 0;
    *high = INFINITY;
}

const ns_aten_operator ns_aten_op_relu = {
    .name = "relu",
    .aten = "aten.relu.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_LIMIT_FAMILY((&(const ns_limit){limits})),
};
