/* tanh: out = (e^x - e^-x) / (e^x + e^-x). */
#include <math.h>

#include "ops/families/arithmetic.h"

/* The double's rounding is the correct one but for ties within 2^-29 of an ulp. */
static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return (float)tanh((double)x);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_RAMP, -16, 0.2, 1, 160)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 10, 10)},
    {NS_LIST_SEED, "rank4", NS_UNARY(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10)},
    {NS_LIST_EXECUTORCH, "zeros", NS_UNARY(NS_CONSTANT, 0, 0, 4, 10, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "ones", NS_UNARY(NS_CONSTANT, 1, 0, 3, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "rand", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 10, 10)},
    {NS_LIST_EXECUTORCH, "randn_pos", NS_UNARY(NS_NORMAL, 10, 1, 1, 10)},
    {NS_LIST_EXECUTORCH, "randn_neg", NS_UNARY(NS_NORMAL, -10, 1, 1, 10)},
    {NS_LIST_EXECUTORCH, "ramp", NS_UNARY(NS_RAMP, -16, 0.2, 1, 160)},
};

const ns_aten_operator ns_aten_op_tanh = {
    .name = "tanh",
    .aten = "aten.tanh.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){.float32 = float32, .mpfr = mpfr_tanh})),
    .bound = ns_table_bound_monotone,
    .catalogue = NS_CATALOGUE(UNARY, cases, 1, 0x1p-16, ns_unary_build),
};
