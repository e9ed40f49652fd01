/* elu: out = scale * x above 0, scale * alpha * (e^(input_scale * x) - 1) elsewhere; MPFR's expm1, then
 * double. */
#include <math.h>

#include "ops/families/arithmetic.h"

enum { SELF, ALPHA, SCALE, INPUT_SCALE };

static double real(const ns_aten_node *node, double x)
{
    const ns_aten_attribute *a = node->attributes;
    if (x > 0)
        return x * a[SCALE].real;
    return ns_mpfr_round(mpfr_expm1, x * a[INPUT_SCALE].real) * a[ALPHA].real * a[SCALE].real;
}

/* In the order of PyTorch's kernel (aten/src/ATen/native/cpu/Elu.h). */
static float float32(const ns_aten_node *node, float x)
{
    const ns_aten_attribute *a = node->attributes;
    if (x > 0)
        return x * (float)a[SCALE].real;
    const float product = (float)(a[ALPHA].real * a[SCALE].real);
    return (float)expm1((double)(x * (float)a[INPUT_SCALE].real)) * product;
}

/* With factors of at least 0 it rises everywhere; what it does with others is not looked into. */
static double bound(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds)
{
    for (int p = ALPHA; p <= INPUT_SCALE; p++)
        if (node->attributes[p].real < 0)
            return INFINITY;
    return ns_table_bound_monotone(program, node, term, values, bounds);
}

#define ALPHA_1_3 NS_ARGUMENTS({"alpha", NS_REAL(1.3)})

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_RAMP, -8, 0.1, 1, 160)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_NORMAL, 0, 1, 2, 8, 8)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_NORMAL, 0, 1, 3, 1, 4, 10)},
    {NS_LIST_SEED, "alpha", NS_UNARY_WITH(ALPHA_1_3, NS_NORMAL, 0, 1, 2, 8, 8)},
};

const ns_aten_operator ns_aten_op_elu = {
    .name = "elu",
    .aten = "aten.elu.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"alpha", NS_ATEN_REAL, .otherwise = NS_REAL(1)},
                  {"scale", NS_ATEN_REAL, .otherwise = NS_REAL(1)},
                  {"input_scale", NS_ATEN_REAL, .otherwise = NS_REAL(1)}),
    NS_TABLE_FAMILY((&(const ns_table){.real = real, .float32 = float32})),
    .bound = bound,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
