/* leaky_relu: out = x above 0, negative_slope * x elsewhere. */
#include <math.h>

#include "ops/families/arithmetic.h"

enum { SELF, NEGATIVE_SLOPE };

static double real(const ns_aten_node *node, double x)
{
    return x > 0 ? x : x * node->attributes[NEGATIVE_SLOPE].real;
}

static float float32(const ns_aten_node *node, float x)
{
    return x > 0 ? x : x * (float)node->attributes[NEGATIVE_SLOPE].real;
}

/* Its slope is one of two. */
static double bound(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds)
{
    (void)program;
    (void)term;
    (void)values;
    return fmax(1, fabs(node->attributes[NEGATIVE_SLOPE].real)) * bounds[0];
}

#define TENTH NS_ARGUMENTS({"negative_slope", NS_REAL(0.1)})

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_NORMAL, 0, 1, 1, 40)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_NORMAL, 0, 1, 2, 8, 8)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_NORMAL, 0, 1, 3, 1, 4, 10)},
    {NS_LIST_SEED, "slope", NS_UNARY_WITH(TENTH, NS_NORMAL, 0, 1, 3, 3, 4, 5)},
};

const ns_aten_operator ns_aten_op_leaky_relu = {
    .name = "leaky_relu",
    .aten = "aten.leaky_relu.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"negative_slope", NS_ATEN_REAL, .otherwise = NS_REAL(0.01)}),
    NS_TABLE_FAMILY((&(const ns_table){.real = real, .float32 = float32})),
    .bound = bound,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
