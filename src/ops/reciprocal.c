/* reciprocal: out = 1 / x; one IEEE division, correctly rounded. 1 / 0 is infinite, as in PyTorch, and the
 * table's entry clamps to 32767.
 *
 * Near zero the result grows without bound, so every input of a case is at least 0.1; both lists draw from
 * [0.5, 1.5), as ExecuTorch's tests do. docs/suite.md has what happens nearer to zero. */
#include <math.h>

#include "ops/families/arithmetic.h"

static double real(const ns_aten_node *node, double x)
{
    (void)node;
    return 1 / x;
}

static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return 1.0f / x;
}

static double bound(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds)
{
    (void)program;
    (void)node;
    (void)term;
    const double least = fabs(values[0]) - bounds[0];
    return least > 0 ? 1 / least - 1 / fabs(values[0]) : INFINITY;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_UNIFORM, 0.5, 1, 1, 10)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, 0.5, 1, 2, 5, 10)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_UNIFORM, 0.5, 1, 3, 2, 5, 10)},
    {NS_LIST_EXECUTORCH, "rank1", NS_UNARY(NS_UNIFORM, 0.5, 1, 1, 10)},
    {NS_LIST_EXECUTORCH, "rank2", NS_UNARY(NS_UNIFORM, 0.5, 1, 2, 5, 10)},
    {NS_LIST_EXECUTORCH, "rank3", NS_UNARY(NS_UNIFORM, 0.5, 1, 3, 2, 5, 10)},
};

const ns_aten_operator ns_aten_op_reciprocal = {
    .name = "reciprocal",
    .aten = "aten.reciprocal.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){.real = real, .float32 = float32})),
    .bound = bound,
    .catalogue = NS_CATALOGUE(UNARY, cases, 128, 0x1p-16, ns_unary_build),
};
