/* clamp: out = min(max(x, min), max); either limit may be None. */
#include <math.h>

#include "ops/families/limit.h"

enum { SELF, MIN, MAX };

static void limits(const ns_aten_node *node, double *low, double *high)
{
    *low = ns_limit_value(&node->attributes[MIN], -INFINITY);
    *high = ns_limit_value(&node->attributes[MAX], INFINITY);
}

const ns_aten_operator ns_aten_op_clamp = {
    .name = "clamp",
    .aten = "aten.clamp.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"min", NS_ATEN_REAL, .otherwise = NS_ABSENT},
                  {"max", NS_ATEN_REAL, .otherwise = NS_ABSENT}),
    NS_LIMIT_FAMILY((&(const ns_limit){limits})),
};
