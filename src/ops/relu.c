/* relu: out = max(x, 0). */
#include <math.h>

#include "ops/cases.h"
#include "ops/families/arithmetic.h"

static void limits(const ns_aten_node *node, double *low, double *high)
{
    (void)node;
    *low = 0;
    *high = INFINITY;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 1, 10))},
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
    {NS_LIST_SEED, "rank4", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10))},
};

const ns_aten_operator ns_aten_op_relu = {
    .name = "relu",
    .aten = "aten.relu.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_LIMIT_FAMILY((&(const ns_limit){limits})),
    .catalogue = NS_CALL_CATALOGUE(UNARY, cases),
};
