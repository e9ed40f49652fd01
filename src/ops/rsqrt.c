/* rsqrt: out = 1 / sqrt(x); infinite at 0, NaN below. */
#include <math.h>

#include "ops/families/arithmetic.h"

static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return 1.0f / sqrtf(x);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_UNIFORM, 0.5, 1, 1, 40)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, 0.5, 1, 2, 5, 10)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_UNIFORM, 0.5, 1, 3, 2, 5, 10)},
    {NS_LIST_EXECUTORCH, "ones_4d", NS_UNARY(NS_CONSTANT, 1, 0, 4, 1, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "rand_4d_1", NS_UNARY(NS_UNIFORM, 0.1, 1, 4, 1, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "rand_4d_2", NS_UNARY(NS_UNIFORM, 0.1, 1, 4, 1, 5, 10, 20)},
    {NS_LIST_EXECUTORCH, "rand_3d", NS_UNARY(NS_UNIFORM, 0.1, 1, 3, 5, 10, 20)},
};

const ns_aten_operator ns_aten_op_rsqrt = {
    .name = "rsqrt",
    .aten = "aten.rsqrt.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){.float32 = float32, .mpfr = mpfr_rec_sqrt})),
    .bound = ns_table_bound_monotone,
    .catalogue = NS_CATALOGUE(UNARY, cases, 128, 0x1p-16, ns_unary_build),
};
