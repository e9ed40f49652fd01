#include "diagnose/internal.h"

#include <math.h>

/* log2 of the input's scale: 2^-26 to 2^4, in steps of an eighth. */
enum { GRID_LOW = -26 * 8, GRID_HIGH = 4 * 8, COARSE = 24 };

void ns_dg_fit_choose(const ns_dg_table *table, const ns_dg_formula *f, bool with_last, ns_dg_fit_knots *k)
{
    k->count = 0;
    for (int i = 0; i < table->knots - !with_last; i++) {
        const double c = ns_dg_knot_code(table, i) - table->zero_in;
        if (ns_dg_table_clamped(table, i) || !ns_dg_formula_covers(f, c))
            continue;
        k->c[k->count] = c;
        k->t[k->count++] = table->values[i] - table->zero_out;
    }
}

double ns_dg_fit_range(const ns_dg_fit_knots *k)
{
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < k->count; i++) {
        low = fmin(low, k->t[i]);
        high = fmax(high, k->t[i]);
    }
    return high - low;
}

static void take_knot(const ns_dg_fit_knots *all, int from, ns_dg_fit_knots *few)
{
    few->c[few->count] = all->c[from];
    few->t[few->count++] = all->t[from];
}

/* A few knots for the first search: half of them evenly, half where the values change most. A function that
 * is flat but for ten knots is told by these. */
static void thin(const ns_dg_fit_knots *all, ns_dg_fit_knots *few)
{
    const int half = COARSE / 2;
    double variation = 0, passed = 0;
    few->count = 0;
    for (int i = 0; i < half; i++)
        take_knot(all, i * (all->count - 1) / (half - 1), few);
    for (int i = 1; i < all->count; i++)
        variation += fabs(all->t[i] - all->t[i - 1]);
    for (int i = 1, taken = 0; i < all->count && taken < half; i++) {
        passed += fabs(all->t[i] - all->t[i - 1]);
        if (passed * half < variation * (taken + 0.5))
            continue;
        take_knot(all, i, few);
        taken = (int)(passed * half / variation + 0.5);
    }
}

/* v = f(c * 2^a) of all knots; false where one is not finite. */
static bool evaluate(const ns_dg_formula *f, double a, ns_dg_fit_knots *k)
{
    const double factor = exp2(a);
    for (int i = 0; i < k->count; i++) {
        const double x = k->c[i] * factor;
        k->v[i] = f->kind == NS_DG_FIT_BENT && x >= 0 ? x : f->f(x);
        if (!isfinite(k->v[i]))
            return false;
    }
    return true;
}

/* The best b, one for each side of BENT. */
static bool solve(const ns_dg_formula *f, ns_dg_fit_knots *k, double *b, double *negative)
{
    double vv[2] = {0}, vt[2] = {0}, v = 0, t = 0;
    for (int i = 0; i < k->count; i++) {
        const int side = f->kind == NS_DG_FIT_BENT && k->c[i] < 0;
        vv[side] += k->v[i] * k->v[i];
        vt[side] += k->v[i] * k->t[i];
        v += k->v[i];
        t += k->t[i];
    }
    if (k->free_offset) {
        vv[0] -= v * v / k->count;
        vt[0] -= v * t / k->count;
    }
    if (!(vv[0] > 0) || !isfinite(vv[0]) || !isfinite(vv[1]))
        return false;
    *b = vt[0] / vv[0];
    *negative = f->kind != NS_DG_FIT_BENT ? *b : vv[1] > 0 ? vt[1] / vv[1] : 0;
    k->offset = k->free_offset ? (t - *b * v) / k->count : 0;
    return true;
}

double ns_dg_fit_squares(const ns_dg_formula *f, double a, ns_dg_fit_knots *k, double *b, double *negative)
{
    double sum = 0;
    if (!evaluate(f, a, k) || !solve(f, k, b, negative))
        return INFINITY;
    for (int i = 0; i < k->count; i++) {
        const double r =
            k->t[i] - k->offset - (f->kind == NS_DG_FIT_BENT && k->c[i] < 0 ? *negative : *b) * k->v[i];
        sum += r * r;
    }
    return sum;
}

static double golden(const ns_dg_formula *f, ns_dg_fit_knots *k, double low, double high, int rounds)
{
    double b, negative;
    const double ratio = 0.6180339887498949;
    double x1 = high - ratio * (high - low), x2 = low + ratio * (high - low);
    double s1 = ns_dg_fit_squares(f, x1, k, &b, &negative), s2 = ns_dg_fit_squares(f, x2, k, &b, &negative);
    for (int i = 0; i < rounds; i++) {
        if (s1 < s2) {
            high = x2;
            x2 = x1;
            s2 = s1;
            x1 = high - ratio * (high - low);
            s1 = ns_dg_fit_squares(f, x1, k, &b, &negative);
        } else {
            low = x1;
            x1 = x2;
            s1 = s2;
            x2 = low + ratio * (high - low);
            s2 = ns_dg_fit_squares(f, x2, k, &b, &negative);
        }
    }
    return (low + high) / 2;
}

/* A sine of angle w between knots has t[i - 1] + t[i + 1] = 2 cos(w) t[i], whatever its phase: the scale even
 * where many turns lie between the knots of the grid. */
static double scale_of_wave(const ns_dg_fit_knots *k)
{
    double tt = 0, ts = 0;
    for (int i = 1; i + 1 < k->count; i++) {
        if (k->c[i + 1] - k->c[i] != k->c[i] - k->c[i - 1])
            continue;
        tt += 2 * k->t[i] * k->t[i];
        ts += k->t[i] * (k->t[i - 1] + k->t[i + 1]);
    }
    const double angle = tt > 0 ? acos(fmin(fmax(ts / tt, -1), 1)) : 0;
    return angle > 0 ? log2(angle / (k->c[1] - k->c[0])) : GRID_LOW / 8.0;
}

/* The scale of a wave, and then nearer: a turn more or less over all knots is far off already. */
static bool search_wave(const ns_dg_formula *f, ns_dg_fit_knots *all, double *a)
{
    double b, negative;
    const double wave = scale_of_wave(all), reach = 0.1 / (exp2(wave) * 32768 + 1);
    const double refined = golden(f, all, wave - reach, wave + reach, 30);
    if (ns_dg_fit_squares(f, refined, all, &b, &negative) > all->count * 16.0)
        return false;
    *a = refined;
    return true;
}

bool ns_dg_fit_search(const ns_dg_formula *f, ns_dg_fit_knots *all, bool thorough, double *a)
{
    static const double step = 1.0 / 8;
    ns_dg_fit_knots few = {.free_offset = all->free_offset};
    if (f->kind == NS_DG_FIT_PERIODIC && search_wave(f, all, a))
        return true;
    if (thorough)
        few = *all;
    else
        thin(all, &few);
    double best = INFINITY, b, negative;
    for (int g = GRID_LOW; g <= GRID_HIGH; g++) {
        const double sum = ns_dg_fit_squares(f, g * step, &few, &b, &negative);
        if (sum < best) {
            best = sum;
            *a = g * step;
        }
    }
    if (!isfinite(best))
        return false;
    *a = golden(f, &few, *a - step, *a + step, 30);
    /* Far off already: the other knots would not mend it. */
    best = ns_dg_fit_squares(f, *a, &few, &b, &negative);
    if (best > few.count * 16.0)
        return false;
    *a = golden(f, all, *a - step / 8, *a + step / 8, 30);
    return true;
}
