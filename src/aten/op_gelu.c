/* GELU: out = x * Phi(x) = x / 2 * erfc(-x / sqrt(2)); with tanh_approximation
 * out = x / 2 * (1 + tanh(u)) = x / (1 + e^(-2u)), u = sqrt(2 / pi) * (x + 0.044715 * x^3)
 * (torch/nn/modules/activation.py, GELU). The second form of each has no cancellation for negative x.
 *
 * MPFR with 128 bits, then one rounding to double. The relative error of erfc's or exp's argument is below
 * 2^-125 and grows by the argument's own size: by x^2 <= 2^12 and |2u| <= 2^12 wherever the result is not
 * below 2^-1074. The result is therefore correctly rounded unless it lies within 2^-110 of the midpoint of
 * two doubles. */
#include "aten/operator.h"

#include <mpfr.h>

enum { PRECISION = 128 };

static double gelu_erf(double x, mpfr_t value, const mpfr_t root)
{
    mpfr_mul_d(value, root, -x, MPFR_RNDN);
    mpfr_erfc(value, value, MPFR_RNDN);
    mpfr_mul_d(value, value, x / 2, MPFR_RNDN);
    return mpfr_get_d(value, MPFR_RNDN);
}

static double gelu_tanh(double x, mpfr_t value, mpfr_t scratch, const mpfr_t root, const mpfr_t cubic)
{
    mpfr_set_d(scratch, x, MPFR_RNDN);
    mpfr_sqr(value, scratch, MPFR_RNDN);
    mpfr_mul(value, value, cubic, MPFR_RNDN);
    mpfr_add_ui(value, value, 1, MPFR_RNDN);
    mpfr_mul(value, value, scratch, MPFR_RNDN);
    mpfr_mul(value, value, root, MPFR_RNDN); /* -2u */
    mpfr_exp(value, value, MPFR_RNDN);
    mpfr_add_ui(value, value, 1, MPFR_RNDN);
    mpfr_div(value, scratch, value, MPFR_RNDN);
    return mpfr_get_d(value, MPFR_RNDN);
}

static ns_code evaluate(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
{
    (void)error;
    size_t count = ns_aten_count(node);
    mpfr_t value, scratch, root, cubic;
    mpfr_inits2(PRECISION, value, scratch, root, cubic, (mpfr_ptr)0);
    if (node->tanh_approximation) {
        mpfr_const_pi(root, MPFR_RNDN); /* -2 * sqrt(2 / pi) */
        mpfr_ui_div(root, 8, root, MPFR_RNDN);
        mpfr_sqrt(root, root, MPFR_RNDN);
        mpfr_neg(root, root, MPFR_RNDN);
        mpfr_set_str(cubic, "0.044715", 10, MPFR_RNDN);
    } else {
        mpfr_set_d(root, 0.5, MPFR_RNDN);
        mpfr_sqrt(root, root, MPFR_RNDN);
    }
    double previous = 0, result = 0; /* runs of equal values (constant tensors) cost one evaluation */
    for (size_t i = 0; i < count; i++) {
        double x = operands->values[0][i];
        if (i == 0 || x != previous)
            result = node->tanh_approximation ? gelu_tanh(x, value, scratch, root, cubic)
                                              : gelu_erf(x, value, root);
        previous = x;
        out[i] = result;
    }
    mpfr_clears(value, scratch, root, cubic, (mpfr_ptr)0);
    mpfr_free_cache();
    return NS_OK;
}

const ns_aten_operator ns_aten_operator_GELU = {.infer = ns_aten_infer_same, .evaluate = evaluate};

ns_code ns_aten_add_gelu(ns_aten_program *program, int input, bool tanh_approximation, int *node,
                         ns_error *error)
{
    ns_aten_node prototype = {
        .op = NS_ATEN_GELU, .input_count = 1, .inputs = {input}, .tanh_approximation = tanh_approximation};
    return ns_aten_add(program, &prototype, node, error);
}
