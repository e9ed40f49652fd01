/* EXP: out = e^x, correctly rounded by MPFR; infinite where it exceeds the range of double (x > 709.78). */
#include "aten/operator.h"

#include <mpfr.h>

static ns_code evaluate(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
{
    (void)error;
    size_t count = ns_aten_count(node);
    mpfr_t value;
    mpfr_init2(value, 53);
    for (size_t i = 0; i < count; i++) {
        mpfr_set_d(value, operands->values[0][i], MPFR_RNDN);
        mpfr_exp(value, value, MPFR_RNDN);
        out[i] = mpfr_get_d(value, MPFR_RNDN);
    }
    mpfr_clear(value);
    mpfr_free_cache();
    return NS_OK;
}

const ns_aten_operator ns_aten_operator_EXP = {.infer = ns_aten_infer_same, .evaluate = evaluate};

ns_code ns_aten_add_exp(ns_aten_program *program, int input, int *node, ns_error *error)
{
    return ns_aten_add(program, &(ns_aten_node){.op = NS_ATEN_EXP, .input_count = 1, .inputs = {input}}, node,
                       error);
}
