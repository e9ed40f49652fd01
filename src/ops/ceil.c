/* ceil: the least whole number not below x; its bound is not known, as it jumps. */
#include <math.h>

#include "ops/families/table.h"

static double real(const ns_aten_node *node, double x)
{
    (void)node;
    return ceil(x);
}

static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return ceilf(x);
}

const ns_aten_operator ns_aten_op_ceil = {
    .name = "ceil",
    .aten = "aten.ceil.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){real, float32})),
};
