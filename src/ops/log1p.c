/* log1p: out = ln(1 + x); minus infinity at -1, NaN below. */
#include <math.h>

#include "ops/families/arithmetic.h"

/* The double's rounding is the correct one but for ties within 2^-29 of an ulp. */
static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return (float)log1p((double)x);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_UNIFORM, 0, 1, 1, 40)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, 0, 1, 2, 8, 8)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_UNIFORM, 0, 1, 3, 1, 4, 10)},
};

const ns_aten_operator ns_aten_op_log1p = {
    .name = "log1p",
    .aten = "aten.log1p.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){.float32 = float32, .mpfr = mpfr_log1p})),
    .bound = ns_table_bound_monotone,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
