#include "diagnose/internal.h"

#include <math.h>

#define NS_DG_FUNCTION(name, f, fit, domain) \
    static double f_##name(double x)         \
    {                                        \
        return f;                            \
    }
#include "diagnose/functions.def"
#undef NS_DG_FUNCTION

static const ns_dg_formula formulas[] = {
#define NS_DG_FUNCTION(name, f, fit, domain) {#name, f_##name, NS_DG_FIT_##fit, NS_DG_##domain},
#include "diagnose/functions.def"
#undef NS_DG_FUNCTION
};
enum { FORMULA_COUNT = sizeof formulas / sizeof formulas[0] };

const ns_dg_formula *ns_dg_formula_get(int index)
{
    return index >= 0 && index < FORMULA_COUNT ? &formulas[index] : NULL;
}

bool ns_dg_formula_covers(const ns_dg_formula *formula, double c)
{
    return formula->domain == NS_DG_ALL || (formula->domain == NS_DG_POSITIVE ? c > 0 : c != 0);
}

double ns_dg_fit_at(const ns_dg_table *table, const ns_dg_fit *fit, double code)
{
    const ns_dg_formula *f = &formulas[fit->function];
    const double c = code - table->zero_in;
    if (!ns_dg_formula_covers(f, c))
        return NAN;
    if (f->kind == NS_DG_FIT_POW)
        return fit->b * pow(c, fit->power) + table->zero_out;
    const double x = c * exp2(fit->a);
    if (f->kind == NS_DG_FIT_BENT)
        return (c > 0 ? fit->b * x : fit->negative * f->f(x)) + table->zero_out;
    return fit->b * f->f(x) + table->zero_out;
}
