/* round: the nearest whole number, halves to even; its bound is not known, as it jumps. */
#include <math.h>

#include "ops/families/table.h"

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

const ns_aten_operator ns_aten_op_round = {
    .name = "round",
    .aten = "aten.round.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){real, float32})),
};
