/* acosh: log(x + sqrt(x^2 - 1)); none below 1. */
#include <math.h>

#include "ops/families/table.h"

static double real(const ns_aten_node *node, double x)
{
    (void)node;
    return ns_mpfr_round(mpfr_acosh, x);
}

static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return (float)acosh((double)x);
}

const ns_aten_operator ns_aten_op_acosh = {
    .name = "acosh",
    .aten = "aten.acosh.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){real, float32})),
    .bound = ns_table_bound_monotone,
};
