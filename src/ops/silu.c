/* silu: out = x / (1 + e^-x). MPFR with 128 bits, then one rounding to double. */
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
    mpfr_d_div(value, x, value, MPFR_RNDN);
    const double result = mpfr_get_d(value, MPFR_RNDN);
    mpfr_clear(value);
    return result;
}

/* In the order of PyTorch's kernel (aten/src/ATen/native/cpu/Activation.cpp, silu_kernel). */
static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return x / (1.0f + (float)exp(-(double)x));
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_RAMP, -8, 0.1, 1, 160)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_NORMAL, 0, 2, 2, 8, 8)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_NORMAL, 0, 2, 3, 1, 4, 10)},
};

/* The largest slope is 1.0998 (near 2.4, where the second derivative vanishes). */
const ns_aten_operator ns_aten_op_silu = {
    .name = "silu",
    .aten = "aten.silu.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){.real = real, .float32 = float32, .slope = 1.1})),
    .bound = ns_table_bound_slope,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
