/* gelu: out = x * Phi(x) = x / 2 * erfc(-x / sqrt(2)); with approximate = "tanh"
 * out = x / 2 * (1 + tanh(u)) = x / (1 + e^(-2u)), u = sqrt(2 / pi) * (x + 0.044715 * x^3)
 * (torch/nn/modules/activation.py, GELU). The second form of each has no cancellation for negative x.
 *
 * MPFR with 128 bits, then one rounding to double. The relative error of erfc's or exp's argument is below
 * 2^-125 and grows by the argument's own size: by x^2 <= 2^12 and |2u| <= 2^12 wherever the result is not
 * below 2^-1074. The result is therefore correctly rounded unless it lies within 2^-110 of the midpoint of
 * two doubles. */
#include <math.h>

#include "ops/families/arithmetic.h"

enum { PRECISION = 128 };
enum { SELF, APPROXIMATE };
enum { NONE, TANH_FORM };

static const char *const forms[] = {"none", "tanh", NULL};

static double real_erf(double x)
{
    mpfr_t value;
    mpfr_init2(value, PRECISION);
    mpfr_set_d(value, 0.5, MPFR_RNDN);
    mpfr_sqrt(value, value, MPFR_RNDN);
    mpfr_mul_d(value, value, -x, MPFR_RNDN);
    mpfr_erfc(value, value, MPFR_RNDN);
    mpfr_mul_d(value, value, x / 2, MPFR_RNDN);
    const double result = mpfr_get_d(value, MPFR_RNDN);
    mpfr_clear(value);
    return result;
}

static double real_tanh(double x_)
{
    mpfr_t value, x, factor;
    mpfr_inits2(PRECISION, value, x, factor, (mpfr_ptr)0);
    mpfr_set_d(x, x_, MPFR_RNDN);
    mpfr_set_str(factor, "0.044715", 10, MPFR_RNDN);
    mpfr_sqr(value, x, MPFR_RNDN);
    mpfr_mul(value, value, factor, MPFR_RNDN);
    mpfr_add_ui(value, value, 1, MPFR_RNDN);
    mpfr_mul(value, value, x, MPFR_RNDN);
    mpfr_const_pi(factor, MPFR_RNDN); /* -2 * sqrt(2 / pi) */
    mpfr_ui_div(factor, 8, factor, MPFR_RNDN);
    mpfr_sqrt(factor, factor, MPFR_RNDN);
    mpfr_neg(factor, factor, MPFR_RNDN);
    mpfr_mul(value, value, factor, MPFR_RNDN); /* -2u */
    mpfr_exp(value, value, MPFR_RNDN);
    mpfr_add_ui(value, value, 1, MPFR_RNDN);
    mpfr_div(value, x, value, MPFR_RNDN);
    const double result = mpfr_get_d(value, MPFR_RNDN);
    mpfr_clears(value, x, factor, (mpfr_ptr)0);
    return result;
}

static double real(const ns_aten_node *node, double x)
{
    return node->attributes[APPROXIMATE].integer == TANH_FORM ? real_tanh(x) : real_erf(x);
}

/* In the order of PyTorch's kernel (aten/src/ATen/native/cpu/Activation.cpp, GeluKernelImpl):
 * x / 2 * (1 + erf(x / sqrt(2))), and x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))). */
static float float32(const ns_aten_node *node, float x)
{
    if (node->attributes[APPROXIMATE].integer != TANH_FORM)
        return x * 0.5f * (1.0f + (float)erf((double)(x * (float)M_SQRT1_2)));
    const float beta = (float)(M_SQRT2 * M_2_SQRTPI * 0.5), kappa = 0.044715f;
    float cube = x * x * x;
    float inner = beta * (x + kappa * cube);
    return 0.5f * x * (1.0f + (float)tanh((double)inner));
}

/* The largest slope is 1.12890 (at sqrt 2, where the second derivative vanishes), that of the tanh
 * approximation 1.12899 (near 1.4185; by finite differences in steps of 0.0001 over [-6, 6]). */
static double bound(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds)
{
    (void)program;
    (void)node;
    (void)term;
    (void)values;
    return 1.13 * bounds[0];
}

#define TANH NS_ARGUMENTS({"approximate", NS_INT(TANH_FORM)})

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_NORMAL, 0, 2, 1, 160)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 10, 10)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_UNIFORM, -4, 8, 3, 4, 8, 8)},
    {NS_LIST_EXECUTORCH, "zeros_none", NS_UNARY(NS_CONSTANT, 0, 0, 4, 1, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "ones_none", NS_UNARY(NS_CONSTANT, 1, 0, 3, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "rand_none", NS_UNARY(NS_UNIFORM, -0.5, 1, 2, 10, 10)},
    {NS_LIST_EXECUTORCH, "randn_pos_none", NS_UNARY(NS_NORMAL, 10, 1, 4, 1, 4, 4, 4)},
    {NS_LIST_EXECUTORCH, "randn_neg_none", NS_UNARY(NS_NORMAL, -10, 1, 4, 1, 4, 4, 4)},
    {NS_LIST_EXECUTORCH, "ramp_none", NS_UNARY(NS_RAMP, -16, 0.2, 1, 160)},
    {NS_LIST_EXECUTORCH, "zeros_tanh", NS_UNARY_WITH(TANH, NS_CONSTANT, 0, 0, 4, 1, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "ones_tanh", NS_UNARY_WITH(TANH, NS_CONSTANT, 1, 0, 3, 10, 10, 10)},
    {NS_LIST_EXECUTORCH, "rand_tanh", NS_UNARY_WITH(TANH, NS_UNIFORM, -0.5, 1, 2, 10, 10)},
    {NS_LIST_EXECUTORCH, "randn_pos_tanh", NS_UNARY_WITH(TANH, NS_NORMAL, 10, 1, 4, 1, 4, 4, 4)},
    {NS_LIST_EXECUTORCH, "randn_neg_tanh", NS_UNARY_WITH(TANH, NS_NORMAL, -10, 1, 4, 1, 4, 4, 4)},
    {NS_LIST_EXECUTORCH, "ramp_tanh", NS_UNARY_WITH(TANH, NS_RAMP, -16, 0.2, 1, 160)},
};

const ns_aten_operator ns_aten_op_gelu = {
    .name = "gelu",
    .aten = "aten.gelu.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"approximate", NS_ATEN_CHOICE, .choices = forms}),
    NS_TABLE_FAMILY((&(const ns_table){real, float32})),
    .bound = bound,
    .catalogue = NS_CATALOGUE(UNARY, cases, 128, 0x1p-16, ns_unary_build),
};
