/* sigmoid: out = 1 / (1 + e^-x). MPFR with 128 bits, then one rounding to double: correctly rounded unless
 * the result lies within 2^-120 of the midpoint of two doubles. */
#include <math.h>

#include "ops/families/arithmetic.h"

static double real(const ns_aten_node *node, double x)
{
    (void)node;
    mpfr_t value;
    mpfr_init2(value, 128);
    mpfr_set_d(value, -x, MPFR_RNDN);
    mpfr_exp(value, value, MPFR_RNDN);
    mpfr_add_ui(value, value, 1, MPFR_RNDN);
    mpfr_ui_div(value, 1, value, MPFR_RNDN);
    const double result = mpfr_get_d(value, MPFR_RNDN);
    mpfr_clear(value);
    return result;
}

/* In the order of PyTorch's kernel (aten/src/ATen/native/cpu/UnaryOpsKernel.cpp, sigmoid_kernel). */
static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return 1.0f / (1.0f + (float)exp(-(double)x));
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_RAMP, -16, 0.2, 1, 160)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 10, 10)},
    {NS_LIST_SEED, "rank4", NS_UNARY(NS_NORMAL, 0, 2, 4, 1, 3, 8, 10)},
    {NS_LIST_EXECUTORCH, "zeros", NS_UNARY(NS_CONSTANT, 0, 0, 4, 10, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "ones", NS_UNARY(NS_CONSTANT, 1, 0, 3, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "rand", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 10, 10)},
    {NS_LIST_EXECUTORCH, "rand_4d", NS_UNARY(NS_UNIFORM, 0, 1, 4, 1, 1, 5, 10)},
    {NS_LIST_EXECUTORCH, "randn_pos", NS_UNARY(NS_NORMAL, 10, 1, 1, 10)},
    {NS_LIST_EXECUTORCH, "randn_neg", NS_UNARY(NS_NORMAL, -10, 1, 1, 10)},
    {NS_LIST_EXECUTORCH, "ramp", NS_UNARY(NS_RAMP, -16, 0.2, 1, 160)},
};

const ns_aten_operator ns_aten_op_sigmoid = {
    .name = "sigmoid",
    .aten = "aten.sigmoid.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){real, float32})),
    .bound = ns_table_bound_monotone,
    .catalogue = NS_CATALOGUE(UNARY, cases, 1, 0x1p-16, ns_unary_build),
};
