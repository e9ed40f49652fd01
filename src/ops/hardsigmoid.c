/* hardsigmoid: out = min(max(x + 3, 0), 6) / 6; in double, to two roundings. */
#include <math.h>

#include "ops/families/arithmetic.h"

static double real(const ns_aten_node *node, double x)
{
    (void)node;
    return fmin(fmax(x + 3, 0), 6) / 6;
}

static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return fminf(fmaxf(x + 3.0f, 0.0f), 6.0f) / 6.0f;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_RAMP, -8, 0.1, 1, 160)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_NORMAL, 0, 2, 2, 8, 8)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_NORMAL, 0, 2, 3, 1, 4, 10)},
};

const ns_aten_operator ns_aten_op_hardsigmoid = {
    .name = "hardsigmoid",
    .aten = "aten.hardsigmoid.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){.real = real, .float32 = float32})),
    .bound = ns_table_bound_monotone,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
