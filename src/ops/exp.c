/* exp: out = e^x; infinite where it exceeds the range of double (x > 709.78). */
#include <math.h>

#include "ops/families/arithmetic.h"

/* torch.exp on float32, up to its last bit: the double's rounding is the correct one but for ties within
 * 2^-29 of an ulp. */
static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return (float)exp((double)x);
}

static double bound(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds)
{
    (void)program;
    (void)node;
    (void)term;
    return exp(values[0]) * expm1(bounds[0]);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_UNIFORM, 0, 1, 1, 10)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 8, 8)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_UNIFORM, -1, 2, 3, 1, 4, 4)},
    {NS_LIST_EXECUTORCH, "rank1_rand", NS_UNARY(NS_UNIFORM, 0, 1, 1, 10)},
    {NS_LIST_EXECUTORCH, "rank2_rand", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 8, 8)},
    {NS_LIST_EXECUTORCH, "rank3_rand", NS_UNARY(NS_UNIFORM, -1, 2, 3, 1, 4, 4)},
};

const ns_aten_operator ns_aten_op_exp = {
    .name = "exp",
    .aten = "aten.exp.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){.float32 = float32, .mpfr = mpfr_exp})),
    .bound = bound,
    .catalogue = NS_CATALOGUE(UNARY, cases, 128, 0x1p-16, ns_unary_build),
};
