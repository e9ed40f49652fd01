/* round: the nearest whole number, halves to even; its bound is not known, as it jumps. */
#include <math.h>

#include "ops/cases.h"
#include "ops/families/arithmetic.h"

static double real(const ns_aten_node *node, double x)
{
    (void)node;
    return nearbyint(x);
}

static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return nearbyintf(x);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 3, 1, 10))},
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 3, 2, 8, 8))},
    {NS_LIST_SEED, "rank4", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 3, 4, 1, 3, 8, 10))},
};

const ns_aten_operator ns_aten_op_round = {
    .name = "round",
    .aten = "aten.round.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){real, float32})),
    .catalogue = NS_CALL_CATALOGUE(UNARY, cases),
};
