/* log: out = ln x; minus infinity at 0, NaN below. */
#include <math.h>

#include "ops/families/arithmetic.h"

/* The double's rounding is the correct one but for ties within 2^-29 of an ulp. */
static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return (float)log((double)x);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_UNIFORM, 0.5, 2, 1, 40)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, 0.5, 2, 2, 8, 8)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_UNIFORM, 0.5, 2, 3, 1, 4, 10)},
};

const ns_aten_operator ns_aten_op_log = {
    .name = "log",
    .aten = "aten.log.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){.float32 = float32, .mpfr = mpfr_log})),
    .bound = ns_table_bound_monotone,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
