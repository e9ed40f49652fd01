#include "diagnose/internal.h"

#include <math.h>

bool ns_dg_table_clamped(const ns_dg_table *table, int i)
{
    return table->values[i] >= table->high || table->values[i] <= table->low;
}

int ns_dg_table_segment(const ns_dg_table *table, double code)
{
    const double i = floor((code - table->first) / table->step);
    return i < 0 ? 0 : i > table->knots - 2 ? table->knots - 2 : (int)i;
}

double ns_dg_table_straight(const ns_dg_table *table, double code)
{
    const int i = ns_dg_table_segment(table, code);
    const double part = fmin(fmax((code - ns_dg_knot_code(table, i)) / table->step, 0), 1);
    return table->values[i] + (table->values[i + 1] - table->values[i]) * part;
}

/* A table whose function is not known: in each segment the best of a cubic, a power law and an exponential
 * through its two knots (or, where one is clamped, through the next two free knots on the other side), chosen
 * by how well it foretells the next free knot. Beyond the domain the last slope goes on. */

static bool is_free(const ns_dg_table *table, int i)
{
    return i >= 0 && i < table->knots && !ns_dg_table_clamped(table, i);
}

static double value_at(const ns_dg_segment *s, double step, double code)
{
    const double u = (code - s->at) / step;
    switch (s->kind) {
    case NS_DG_POLYNOMIAL:
        return s->c[0] + u * (s->c[1] + u * (s->c[2] + u * s->c[3]));
    case NS_DG_POWER_LAW:
        return code * s->at > 0 ? s->value * pow(code / s->at, s->c[0]) : NAN;
    case NS_DG_EXPONENTIAL:
        return s->value * exp(s->c[0] * (code - s->at));
    default:
        return NAN;
    }
}

/* The polynomial through 2 to 4 knots, by Newton's differences, in units of knots from the first. */
static void through(const ns_dg_table *table, const int *at, int count, ns_dg_segment *s)
{
    double x[4], d[4];
    for (int i = 0; i < count; i++) {
        x[i] = at[i] - at[0];
        d[i] = table->values[at[i]];
    }
    for (int k = 1; k < count; k++)
        for (int i = count - 1; i >= k; i--)
            d[i] = (d[i] - d[i - 1]) / (x[i] - x[i - k]);
    double c[4] = {0};
    for (int i = count - 1; i >= 0; i--) { /* Horner: c = c * (u - x[i]) + d[i] */
        for (int k = 3; k > 0; k--)
            c[k] = c[k - 1] - x[i] * c[k];
        c[0] = d[i] - x[i] * c[0];
    }
    *s = (ns_dg_segment){
        .kind = NS_DG_POLYNOMIAL, .at = ns_dg_knot_code(table, at[0]), .c = {c[0], c[1], c[2], c[3]}};
}

static bool two(const ns_dg_table *table, int i, int k, bool power, ns_dg_segment *s)
{
    const double c1 = ns_dg_knot_code(table, i), c2 = ns_dg_knot_code(table, k), t1 = table->values[i],
                 t2 = table->values[k];
    if (t1 * t2 <= 0 || fabs(t1) < 3 || fabs(t2) < 3 || (power && c1 * c2 <= 0))
        return false;
    *s = (ns_dg_segment){.kind = power ? NS_DG_POWER_LAW : NS_DG_EXPONENTIAL,
                         .at = c1,
                         .value = t1,
                         .c = {power ? log(t2 / t1) / log(c2 / c1) : log(t2 / t1) / (c2 - c1)}};
    return true;
}

/* The knots to go through, `ends`, and those to foretell, `tests`. */
static bool choose(const ns_dg_table *table, int i, int ends[2], int tests[2], int *test_count)
{
    *test_count = 0;
    if (is_free(table, i) && is_free(table, i + 1)) {
        ends[0] = i, ends[1] = i + 1;
        if (is_free(table, i - 1))
            tests[(*test_count)++] = i - 1;
        if (is_free(table, i + 2))
            tests[(*test_count)++] = i + 2;
    } else {
        const int from = is_free(table, i + 1) ? i + 1 : i, way = is_free(table, i + 1) ? 1 : -1;
        if (!is_free(table, from) || !is_free(table, from + way) || !is_free(table, from + 2 * way))
            return false;
        ends[0] = from, ends[1] = from + way;
        tests[(*test_count)++] = from + 2 * way;
    }
    return *test_count > 0;
}

static double missed(const ns_dg_table *table, const ns_dg_segment *s, const int *tests, int count)
{
    double largest = 0;
    for (int i = 0; i < count; i++)
        largest = fmax(largest, fabs(value_at(s, table->step, ns_dg_knot_code(table, tests[i])) -
                                     table->values[tests[i]]));
    return largest;
}

static void fit_segment(ns_dg_table *table, int i)
{
    int ends[2], tests[2], count = 0;
    ns_dg_segment *s = &table->segments[i], trial;
    if (!choose(table, i, ends, tests, &count))
        return;
    const int some[4] = {ends[0], ends[1], tests[0], tests[count - 1]};
    through(table, some, count == 2 ? 3 : 2, &trial);
    double best = missed(table, &trial, tests + count - 1, 1);
    through(table, some, 2 + count, s);
    for (int power = 1; power >= 0; power--) {
        if (!two(table, ends[0], ends[1], power, &trial))
            continue;
        const double error = missed(table, &trial, tests, count);
        if (error < best) {
            best = error;
            *s = trial;
        }
    }
}

ns_code ns_dg_table_continue(ns_dg_table *table, ns_arena *arena, ns_error *error)
{
    table->segments = NS_ARENA_ARRAY(arena, (size_t)table->knots, ns_dg_segment);
    if (!table->segments)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a table");
    /* An int8 table has every code: between them straight lines are as good as any. */
    for (int i = 0; table->knots == NS_DG_KNOTS && i < table->knots - 1; i++)
        fit_segment(table, i);
    return NS_OK;
}

double ns_dg_table_continued(const ns_dg_table *table, double code)
{
    const int last = table->knots - 1;
    if (code > ns_dg_knot_code(table, last))
        return table->values[last] + (table->values[last] - table->values[last - 1]) *
                                         (code - ns_dg_knot_code(table, last)) / table->step;
    if (code < table->first)
        return table->values[0] + (table->values[1] - table->values[0]) * (code - table->first) / table->step;
    const double v = value_at(&table->segments[ns_dg_table_segment(table, code)], table->step, code);
    return isfinite(v) ? v : ns_dg_table_straight(table, code);
}

/* ---- formulas ---- */

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

ns_diagnose_table ns_dg_fit_scales(const ns_dg_fit *fit)
{
    const ns_dg_formula *f = &formulas[fit->function];
    const bool law = f->kind == NS_DG_FIT_POWER || f->kind == NS_DG_FIT_POW;
    const bool line = f->kind == NS_DG_FIT_BENT && f->f(2.0) == 2 && f->f(-2.0) == -2;
    ns_diagnose_table told = {NAN, NAN, NAN, NAN, NAN, fit->residual};
    if (law || line) {
        told.factor = line ? fit->b * exp2(fit->a) : fit->b;
        told.power = line ? 1 : f->kind == NS_DG_FIT_POW ? fit->power : log2(f->f(2.0) / f->f(1.0));
    } else {
        told.input_scale = exp2(fit->a);
        told.output_scale = 1 / fit->b;
    }
    if (f->kind == NS_DG_FIT_BENT)
        told.slope = fit->negative / fit->b;
    return told;
}
