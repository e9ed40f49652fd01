#include "diagnose/internal.h"

#include <math.h>

/* A fit is accepted up to this residual; rounding alone makes 0.5. */
#define ACCEPTED 0.6
/* How near the mean of 256 roundings brings a fitted zero point to its integer. */
#define NEAR_INTEGER 0.12
/* Mean square up to which residuals may be those of roundings alone (a twelfth, if they were random). */
#define ROUNDINGS 0.3
enum { LEAST_KNOTS = 4 };

static double largest_residual(const ns_dg_fit_knots *k, const ns_dg_fit *fit)
{
    double largest = 0;
    for (int i = 0; i < k->count; i++) {
        const double b = k->c[i] < 0 ? fit->negative : fit->b;
        largest = fmax(largest, fabs(k->t[i] - k->offset - b * k->v[i]));
    }
    return largest;
}

/* The rounding error is uniform: one big knot must not lead. b in the middle of what all knots allow. */
static void minimax(const ns_dg_fit_knots *k, ns_dg_fit *fit)
{
    static const double tolerances[] = {0.505, 0.52, 0.56, 0.6};
    for (int t = 0; t < 4; t++) {
        double low = -INFINITY, high = INFINITY;
        for (int i = 0; i < k->count; i++) {
            if (k->v[i] == 0)
                continue;
            const double x = (k->t[i] - tolerances[t]) / k->v[i], y = (k->t[i] + tolerances[t]) / k->v[i];
            low = fmax(low, fmin(x, y));
            high = fmin(high, fmax(x, y));
        }
        if (low > high || !isfinite(low) || !isfinite(high))
            continue;
        fit->b = fit->negative = (low + high) / 2;
        fit->residual = largest_residual(k, fit);
        return;
    }
}

/* The b with the smallest largest residual, near the one of least squares. */
static double narrow_b(const ns_dg_fit_knots *k, ns_dg_fit *fit)
{
    double low = fit->b - 2e-3 * fabs(fit->b), high = fit->b + 2e-3 * fabs(fit->b);
    for (int i = 0; i < 40; i++) {
        const double x1 = low + (high - low) / 3, x2 = high - (high - low) / 3;
        fit->b = fit->negative = x1;
        const double r1 = largest_residual(k, fit);
        fit->b = fit->negative = x2;
        if (r1 < largest_residual(k, fit))
            high = x2;
        else
            low = x1;
    }
    fit->b = fit->negative = (low + high) / 2;
    return fit->residual = largest_residual(k, fit);
}

/* Where a function is flat over many knots, all of them are rounded alike, and least squares follows that:
 * both scales anew, by the largest residual. */
static void narrow(const ns_dg_formula *f, ns_dg_fit_knots *k, ns_dg_fit *fit)
{
    double squares, low = fit->a - 2e-3, high = fit->a + 2e-3;
    for (int i = 0; i < 30; i++) {
        const double x1 = low + (high - low) / 3, x2 = high - (high - low) / 3;
        double r[2] = {INFINITY, INFINITY};
        for (int side = 0; side < 2; side++) {
            squares = ns_dg_fit_squares(f, side ? x2 : x1, k, &fit->b, &fit->negative);
            if (isfinite(squares))
                r[side] = narrow_b(k, fit);
        }
        if (r[0] < r[1])
            high = x2;
        else
            low = x1;
    }
    fit->a = (low + high) / 2;
    if (isfinite(ns_dg_fit_squares(f, fit->a, k, &fit->b, &fit->negative)))
        narrow_b(k, fit);
}

static bool fit_log(ns_dg_fit_knots *k, ns_dg_fit *fit)
{
    double n = k->count, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < k->count; i++) {
        const double x = log(k->c[i]);
        sx += x;
        sy += k->t[i];
        sxx += x * x;
        sxy += x * k->t[i];
    }
    const double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx), add = (sy - slope * sx) / n;
    if (!(slope > 0))
        return false;
    fit->a = add / slope / M_LN2;
    return true;
}

static double power_error(ns_dg_fit_knots *k, double p, ns_dg_fit *fit)
{
    double vv = 0, vt = 0;
    for (int i = 0; i < k->count; i++) {
        k->v[i] = pow(k->c[i], p);
        vv += k->v[i] * k->v[i];
        vt += k->v[i] * k->t[i];
    }
    fit->b = fit->negative = vt / vv;
    fit->power = p;
    return fit->residual = largest_residual(k, fit);
}

/* The exponent from the logarithms, and then the one with the smallest largest residual. */
static bool fit_power(ns_dg_fit_knots *k, ns_dg_fit *fit)
{
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    int large = 0;
    for (int i = 0; i < k->count; i++) {
        const double w = k->t[i] * k->t[i], x = log(k->c[i]), y = log(fabs(k->t[i]));
        if (k->t[i] * k->t[k->count - 1] < 0)
            return false;
        if (fabs(k->t[i]) <= 20)
            continue;
        large++;
        n += w;
        sx += w * x;
        sy += w * y;
        sxx += w * x * x;
        sxy += w * x * y;
    }
    const double p0 = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    if (large < 8 || !isfinite(p0) || fabs(p0) < 0.01 || fabs(p0) > 20)
        return false;
    double low = p0 - 0.02 * fabs(p0) - 1e-3, high = p0 + 0.02 * fabs(p0) + 1e-3;
    for (int i = 0; i < 80; i++) {
        const double x1 = low + (high - low) / 3, x2 = high - (high - low) / 3;
        if (power_error(k, x1, fit) < power_error(k, x2, fit))
            high = x2;
        else
            low = x1;
    }
    power_error(k, (low + high) / 2, fit);
    return true;
}

/* Clamped knots must be foretold beyond the clamp. */
static int misses(const ns_dg_table *table, const ns_dg_formula *f, const ns_dg_fit *fit)
{
    int count = 0;
    for (int i = 0; i < table->knots; i++) {
        if (!ns_dg_table_clamped(table, i) ||
            !ns_dg_formula_covers(f, ns_dg_knot_code(table, i) - table->zero_in))
            continue;
        const double v = ns_dg_fit_at(table, fit, ns_dg_knot_code(table, i));
        const bool beyond = table->values[i] >= table->high ? v >= table->high - 1 : v <= table->low + 1;
        count += isfinite(v) && !beyond;
    }
    return count;
}

/* A power that is not whole has no values below 0: knots there that are not all alike are another function's.
 */
static bool ignores_knots(const ns_dg_table *table, const ns_dg_formula *f, const ns_dg_fit *fit)
{
    if (f->kind != NS_DG_FIT_POW || (fit->power > 1.5 && fabs(fit->power - rint(fit->power)) < 1e-3))
        return false;
    for (int i = 1; i < table->knots && ns_dg_knot_code(table, i) < table->zero_in; i++)
        if (table->values[i] != table->values[0])
            return true;
    return false;
}

static bool try_function(const ns_dg_table *table, int index, bool with_last, bool thorough, ns_dg_fit *fit)
{
    const ns_dg_formula *f = ns_dg_formula_get(index);
    static _Thread_local ns_dg_fit_knots k;
    *fit = (ns_dg_fit){.function = index, .residual = INFINITY};
    k.free_offset = false;
    k.offset = 0;
    ns_dg_fit_choose(table, f, with_last, &k);
    if (k.count < LEAST_KNOTS || ns_dg_fit_range(&k) < 8)
        return false;
    if (f->kind == NS_DG_FIT_POW) {
        if (!fit_power(&k, fit))
            return false;
    } else {
        if (f->kind == NS_DG_FIT_LOG ? !fit_log(&k, fit)
                                     : (f->kind == NS_DG_FIT_SCALE || f->kind == NS_DG_FIT_PERIODIC ||
                                        (f->kind == NS_DG_FIT_BENT && f->f(-1) != -1)) &&
                                           !ns_dg_fit_search(f, &k, thorough, &fit->a))
            return false;
        const double squares = ns_dg_fit_squares(f, fit->a, &k, &fit->b, &fit->negative);
        if (!isfinite(squares))
            return false;
        fit->residual = largest_residual(&k, fit);
        if (fit->residual > 0.5 && f->kind != NS_DG_FIT_BENT)
            minimax(&k, fit);
        if (thorough && fit->residual > ACCEPTED && f->kind == NS_DG_FIT_SCALE &&
            squares < ROUNDINGS * k.count)
            narrow(f, &k, fit);
    }
    return fit->residual <= ACCEPTED && misses(table, f, fit) == 0 && !ignores_knots(table, f, fit);
}

static void fit_each(ns_dg_table *table, bool with_last, bool thorough)
{
    for (int i = 0; ns_dg_formula_get(i); i++) {
        ns_dg_fit fit;
        /* A free exponent explains what a named power law does; it is the last resort. */
        if (ns_dg_formula_get(i)->kind == NS_DG_FIT_POW && table->accepted_count)
            continue;
        if (!try_function(table, i, with_last, thorough, &fit))
            continue;
        int at = table->accepted_count < NS_DG_FITS ? table->accepted_count++ : NS_DG_FITS - 1;
        while (at > 0 && table->accepted[at - 1].residual > fit.residual + 1e-3) {
            table->accepted[at] = table->accepted[at - 1];
            at--;
        }
        table->accepted[at] = fit;
    }
}

void ns_dg_fit_all(ns_dg_table *table, bool with_last)
{
    fit_each(table, with_last, false);
    if (!table->accepted_count)
        fit_each(table, with_last, true);
}

/* The offset with which one formula fits; false: it does not. */
static bool offset_of(const ns_dg_table *table, int formula, ns_dg_fit_knots *k, double *offset,
                      double *residual)
{
    const ns_dg_formula *f = ns_dg_formula_get(formula);
    ns_dg_fit fit = {.function = formula};
    if (f->kind == NS_DG_FIT_BENT || f->kind == NS_DG_FIT_POW)
        return false;
    k->free_offset = true;
    ns_dg_fit_choose(table, f, true, k);
    if (k->count < 2 * LEAST_KNOTS || ns_dg_fit_range(k) < 8)
        return false;
    if (f->kind != NS_DG_FIT_POWER && f->kind != NS_DG_FIT_LOG && !ns_dg_fit_search(f, k, false, &fit.a))
        return false;
    if (!isfinite(ns_dg_fit_squares(f, fit.a, k, &fit.b, &fit.negative)))
        return false;
    *residual = largest_residual(k, &fit);
    *offset = k->offset;
    return *residual <= ACCEPTED;
}

bool ns_dg_fit_zero(const ns_dg_table *table, double *zero)
{
    static _Thread_local ns_dg_fit_knots k;
    double best = INFINITY, low = INFINITY, high = -INFINITY, offset, residual;
    for (int i = 0; ns_dg_formula_get(i); i++) {
        if (!offset_of(table, i, &k, &offset, &residual))
            continue;
        if (ns_dg_formula_get(i)->kind == NS_DG_FIT_LOG)
            return false;
        /* A zero point is an integer of the type: not so that of a sigmoid which fits a tanh. */
        const double place = table->zero_out + offset;
        if (fabs(offset - rint(offset)) > NEAR_INTEGER || place < table->low - 0.5 ||
            place > table->high + 0.5)
            continue;
        low = fmin(low, offset);
        high = fmax(high, offset);
        if (residual < best)
            *zero = rint(table->zero_out + offset);
        best = fmin(best, residual);
    }
    return high - low <= 1;
}
