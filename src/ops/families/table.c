#include "ops/families/arithmetic.h"

#include <math.h>

#include "ir/interface.h"
#include "num/interface.h"

double ns_mpfr_round(int (*f)(mpfr_t, const mpfr_t, mpfr_rnd_t), double x)
{
    mpfr_t value;
    ns_real_memory();
    mpfr_init2(value, 53);
    mpfr_set_d(value, x, MPFR_RNDN);
    f(value, value, MPFR_RNDN);
    const double result = mpfr_get_d(value, MPFR_RNDN);
    mpfr_clear(value);
    return result;
}

double ns_table_real(const ns_aten_node *node, double x)
{
    const ns_table *table = node->op->family;
    ns_real_memory();
    return table->real ? table->real(node, x) : ns_mpfr_round(table->mpfr, x);
}

double ns_table_bound_monotone(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                               const double *values, const double *bounds)
{
    (void)program;
    (void)term;
    const double here = ns_table_real(node, values[0]);
    const double below = fabs(here - ns_table_real(node, values[0] - bounds[0]));
    const double above = fabs(here - ns_table_real(node, values[0] + bounds[0]));
    return isfinite(below) && isfinite(above) ? fmax(below, above) : INFINITY;
}

double ns_table_bound_slope(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                            const double *values, const double *bounds)
{
    (void)program;
    (void)term;
    (void)values;
    const ns_table *table = node->op->family;
    return table->slope * bounds[0];
}

ns_code ns_table_float32(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error)
{
    const ns_table *table = node->op->family;
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        out[i] = (double)table->float32(node, (float)operands->values[0][i]);
    }
    return NS_OK;
}

ns_code ns_table_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       ns_error *error)
{
    double result = 0; /* runs of equal values (constant tensors) cost one evaluation */
    ns_code code = NS_OK;
    for (size_t i = 0; code == NS_OK && i < ns_aten_count(node); i++) {
        code = ns_aten_check_time_at(operands, i, error);
        const double x = operands->values[0][i];
        if (i == 0 || x != operands->values[0][i - 1])
            result = ns_table_real(node, x);
        out[i] = result;
    }
    mpfr_free_cache();
    return code;
}

ns_code ns_table_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_table *table = lowering->program->nodes[node].op->family;
    return ns_lower_table(lowering, node, table->float32, error);
}

ns_code ns_unary_build(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                       ns_error *error)
{
    const ns_unary_case *unary = parameters;
    int x, result;
    NS_TRY(ns_case_input(maker, "x", unary->rank, unary->shape, unary->data, &x, error));
    NS_TRY(ns_aten_call(maker->program, op, 1, &x, unary->arguments, &result, error));
    return ns_aten_add_output(maker->program, result, error);
}
