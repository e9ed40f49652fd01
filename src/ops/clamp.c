/* clamp: out = min(max(x, min), max); either limit may be None. */
#include <math.h>

#include "ops/cases.h"
#include "ops/families/arithmetic.h"

enum { SELF, MIN, MAX };

static void limits(const ns_aten_node *node, double *low, double *high)
{
    *low = ns_limit_value(&node->attributes[MIN], -INFINITY);
    *high = ns_limit_value(&node->attributes[MAX], INFINITY);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "both",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), {"min", NS_REAL(-0.5)}, {"max", NS_REAL(0.75)})},
    {NS_LIST_SEED, "min", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), {"min", NS_REAL(0.1)})},
    {NS_LIST_SEED, "max", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 1, 10), {"max", NS_REAL(0.5)})},
};

const ns_aten_operator ns_aten_op_clamp = {
    .name = "clamp",
    .aten = "aten.clamp.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"min", NS_ATEN_REAL, .otherwise = NS_ABSENT},
                  {"max", NS_ATEN_REAL, .otherwise = NS_ABSENT}),
    NS_LIMIT_FAMILY((&(const ns_limit){limits})),
    .catalogue = NS_CALL_CATALOGUE(UNARY, cases),
};
