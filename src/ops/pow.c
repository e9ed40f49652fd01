/* pow: out = x^exponent, the exponent a number. MPFR with 128 bits, then one rounding to double; NaN for a
 * negative x and an exponent that is no integer. */
#include <math.h>

#include "ops/families/arithmetic.h"

enum { SELF, EXPONENT };

static double real(const ns_aten_node *node, double x)
{
    mpfr_t value, exponent;
    mpfr_inits2(128, value, exponent, (mpfr_ptr)0);
    mpfr_set_d(value, x, MPFR_RNDN);
    mpfr_set_d(exponent, node->attributes[EXPONENT].real, MPFR_RNDN);
    mpfr_pow(value, value, exponent, MPFR_RNDN);
    const double result = mpfr_get_d(value, MPFR_RNDN);
    mpfr_clears(value, exponent, (mpfr_ptr)0);
    return result;
}

/* PyTorch has operations of its own for some exponents (aten/src/ATen/native/cpu/PowKernel.cpp). */
static float float32(const ns_aten_node *node, float x)
{
    const double exponent = node->attributes[EXPONENT].real;
    if (exponent == 0.5)
        return sqrtf(x);
    if (exponent == 2)
        return x * x;
    if (exponent == 3)
        return x * x * x;
    if (exponent == -0.5)
        return 1.0f / sqrtf(x);
    if (exponent == -1)
        return 1.0f / x;
    if (exponent == -2)
        return 1.0f / (x * x);
    return (float)pow((double)x, exponent);
}

/* On either side of 0 it is monotone, and at 0 an even power is farther from the ends than from the middle. A
 * pole lies between the ends where the exponent is negative. */
static double bound(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds)
{
    if (node->attributes[EXPONENT].real < 0 && fabs(values[0]) <= bounds[0])
        return INFINITY;
    return ns_table_bound_monotone(program, node, term, values, bounds);
}

#define TO(value) NS_ARGUMENTS({"exponent", NS_REAL(value)})

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "square", NS_UNARY_WITH(TO(2), NS_NORMAL, 0, 1, 2, 4, 16)},
    {NS_LIST_SEED, "root", NS_UNARY_WITH(TO(0.5), NS_UNIFORM, 0.1, 1, 2, 4, 16)},
    {NS_LIST_SEED, "three_halves", NS_UNARY_WITH(TO(1.5), NS_UNIFORM, 0.1, 2, 1, 30)},
};

const ns_aten_operator ns_aten_op_pow = {
    .name = "pow",
    .aten = "aten.pow.Tensor_Scalar",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"exponent", NS_ATEN_REAL, .required = true}),
    NS_TABLE_FAMILY((&(const ns_table){.real = real, .float32 = float32})),
    .bound = bound,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
