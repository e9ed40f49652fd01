/* erfinv: the x with erf(x) = y; infinite at -1 and 1, NaN beyond. MPFR has erf: two of Newton's steps with
 * 128 bits from a double, each of which doubles the digits that are right, then one rounding. */
#include <math.h>

#include "num/interface.h"
#include "ops/families/arithmetic.h"

/* Winitzki's approximation, right to 0.002, and Newton's steps in double, right to some 1e-13. */
static double guess(double y)
{
    const double a = 0.147, l = log1p(-y * y), b = 2 / (a * M_PI) + l / 2;
    double x = copysign(sqrt(sqrt(b * b - l / a) - b), y);
    for (int step = 0; step < 3; step++)
        x -= (erf(x) - y) / (M_2_SQRTPI * exp(-x * x));
    return x;
}

static double real(const ns_aten_node *node, double y)
{
    mpfr_t x, f, slope;
    (void)node;
    if (!(fabs(y) < 1) || y == 0)
        return fabs(y) == 1 ? copysign(INFINITY, y) : y == 0 ? y : NAN;
    mpfr_inits2(128, x, f, slope, (mpfr_ptr)0);
    mpfr_set_d(x, guess(y), MPFR_RNDN);
    for (int step = 0; step < 2; step++) {
        mpfr_sqr(slope, x, MPFR_RNDN); /* 2 / sqrt(pi) * e^(-x^2) */
        mpfr_neg(slope, slope, MPFR_RNDN);
        mpfr_exp(slope, slope, MPFR_RNDN);
        mpfr_const_pi(f, MPFR_RNDN);
        mpfr_rec_sqrt(f, f, MPFR_RNDN);
        mpfr_mul(slope, slope, f, MPFR_RNDN);
        mpfr_mul_ui(slope, slope, 2, MPFR_RNDN);
        mpfr_erf(f, x, MPFR_RNDN);
        mpfr_sub_d(f, f, y, MPFR_RNDN);
        mpfr_div(f, f, slope, MPFR_RNDN);
        mpfr_sub(x, x, f, MPFR_RNDN);
    }
    const double result = mpfr_get_d(x, MPFR_RNDN);
    mpfr_clears(x, f, slope, (mpfr_ptr)0);
    return result;
}

/* PyTorch's has errors of a few units in the last place of float32; this is the exact one rounded. */
static float float32(const ns_aten_node *node, float y)
{
    const double exact = real(node, (double)y);
    mpfr_free_cache(); /* whoever takes float32 functions knows nothing of MPFR */
    return (float)exact;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_UNIFORM, -0.9, 1.8, 1, 40)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, -0.9, 1.8, 2, 8, 8)},
};

const ns_aten_operator ns_aten_op_erfinv = {
    .name = "erfinv",
    .aten = "aten.erfinv.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){.real = real, .float32 = float32})),
    .bound = ns_table_bound_monotone,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
