/* erf: out = 2 / sqrt(pi) * integral of e^-t^2 from 0 to x. */
#include <math.h>

#include "ops/families/arithmetic.h"

/* The double's rounding is the correct one but for ties within 2^-29 of an ulp. */
static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return (float)erf((double)x);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_NORMAL, 0, 1, 1, 40)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_NORMAL, 0, 1, 2, 8, 8)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_NORMAL, 0, 1, 3, 1, 4, 10)},
};

const ns_aten_operator ns_aten_op_erf = {
    .name = "erf",
    .aten = "aten.erf.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){.float32 = float32, .mpfr = mpfr_erf})),
    .bound = ns_table_bound_monotone,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
