#include "diagnose/tables.h"

#include <math.h>
#include <string.h>

#include "diagnose/continued.h"

typedef enum fit_kind { POWER, LOG, SCALE, BENT, POW } fit_kind;
typedef enum domain { ALL, POSITIVE, NONZERO } domain;

#define NS_DG_FUNCTION(name, f, fit, domain) \
    static double f_##name(double x)         \
    {                                        \
        return f;                            \
    }
#include "diagnose/functions.def"
#undef NS_DG_FUNCTION

static const struct function {
    const char *name;
    double (*f)(double);
    fit_kind kind;
    domain domain;
} functions[] = {
#define NS_DG_FUNCTION(name, f, fit, domain) {#name, f_##name, fit, domain},
#include "diagnose/functions.def"
#undef NS_DG_FUNCTION
};
enum { FUNCTION_COUNT = sizeof functions / sizeof functions[0] };

/* A fit is accepted up to this residual; rounding alone makes 0.5. */
#define ACCEPTED 0.6
/* log2 of the input's scale: 2^-26 to 2^4, in steps of an eighth. */
enum { GRID_LOW = -26 * 8, GRID_HIGH = 4 * 8, COARSE = 24, LEAST_KNOTS = 4 };

static bool in_domain(const struct function *f, double c)
{
    return f->domain == ALL || (f->domain == POSITIVE ? c > 0 : c != 0);
}

/* What a fit looks at: knots in the function's domain that are not clamped. */
typedef struct knots {
    int count;
    double c[NS_DG_KNOTS], t[NS_DG_KNOTS], v[NS_DG_KNOTS];
} knots;

static void choose_knots(const ns_dg_table *table, const struct function *f, bool with_last, knots *k)
{
    k->count = 0;
    for (int i = 0; i < table->knots - !with_last; i++) {
        const double c = ns_dg_knot_code(table, i) - table->zero_in;
        if (ns_dg_table_clamped(table, i) || !in_domain(f, c))
            continue;
        k->c[k->count] = c;
        k->t[k->count++] = table->values[i] - table->zero_out;
    }
}

static double range_of(const knots *k)
{
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < k->count; i++) {
        low = fmin(low, k->t[i]);
        high = fmax(high, k->t[i]);
    }
    return high - low;
}

static void take_knot(const knots *all, int from, knots *few)
{
    few->c[few->count] = all->c[from];
    few->t[few->count++] = all->t[from];
}

/* A few knots for the first search: half of them evenly, half where the values change most. A function that
 * is flat but for ten knots is told by these. */
static void thin(const knots *all, knots *few)
{
    double variation = 0, passed = 0;
    few->count = 0;
    for (int i = 0; i < COARSE / 2; i++)
        take_knot(all, i * (all->count - 1) / (COARSE / 2 - 1), few);
    for (int i = 1; i < all->count; i++)
        variation += fabs(all->t[i] - all->t[i - 1]);
    for (int i = 1, taken = 0; i < all->count && taken < COARSE / 2; i++) {
        passed += fabs(all->t[i] - all->t[i - 1]);
        if (passed * (COARSE / 2) < variation * (taken + 0.5))
            continue;
        take_knot(all, i, few);
        taken = (int)(passed * (COARSE / 2) / variation + 0.5);
    }
}

/* Sum of squares with the best b (BENT: one for each side); INFINITY where f is not finite. */
static double squares(const struct function *f, double a, knots *k, double *b, double *negative)
{
    const double factor = exp2(a);
    double vv[2] = {0}, vt[2] = {0}, tt = 0;
    for (int i = 0; i < k->count; i++) {
        const double x = k->c[i] * factor;
        const int side = f->kind == BENT && x < 0;
        const double v = f->kind == BENT && !side ? x : f->f(x);
        if (!isfinite(v))
            return INFINITY;
        k->v[i] = v;
        vv[side] += v * v;
        vt[side] += v * k->t[i];
        tt += k->t[i] * k->t[i];
    }
    if (!(vv[0] > 0) || !isfinite(vv[0]) || !isfinite(vv[1]))
        return INFINITY;
    *b = vt[0] / vv[0];
    *negative = f->kind != BENT ? *b : vv[1] > 0 ? vt[1] / vv[1] : 0;
    double sum = 0;
    for (int i = 0; i < k->count; i++) {
        const double r = k->t[i] - (f->kind == BENT && k->c[i] < 0 ? *negative : *b) * k->v[i];
        sum += r * r;
    }
    return sum;
}

static double golden(const struct function *f, knots *k, double low, double high, int rounds)
{
    double b, negative;
    const double ratio = 0.6180339887498949;
    double x1 = high - ratio * (high - low), x2 = low + ratio * (high - low);
    double s1 = squares(f, x1, k, &b, &negative), s2 = squares(f, x2, k, &b, &negative);
    for (int i = 0; i < rounds; i++) {
        if (s1 < s2) {
            high = x2;
            x2 = x1;
            s2 = s1;
            x1 = high - ratio * (high - low);
            s1 = squares(f, x1, k, &b, &negative);
        } else {
            low = x1;
            x1 = x2;
            s1 = s2;
            x2 = low + ratio * (high - low);
            s2 = squares(f, x2, k, &b, &negative);
        }
    }
    return (low + high) / 2;
}

/* The scale of the input, over a grid and then by golden section; false where f is finite nowhere. */
static bool search_scale(const struct function *f, knots *all, double *a)
{
    static const double step = 1.0 / 8;
    knots few;
    thin(all, &few);
    double best = INFINITY, b, negative;
    for (int g = GRID_LOW; g <= GRID_HIGH; g++) {
        const double sum = squares(f, g * step, &few, &b, &negative);
        if (sum < best) {
            best = sum;
            *a = g * step;
        }
    }
    if (!isfinite(best))
        return false;
    *a = golden(f, &few, *a - step, *a + step, 30);
    /* Far off already: the other knots would not mend it. */
    best = squares(f, *a, &few, &b, &negative);
    if (best > few.count * 16.0)
        return false;
    *a = golden(f, all, *a - step / 8, *a + step / 8, 30);
    return true;
}

static double largest_residual(const knots *k, const ns_dg_fit *fit)
{
    double largest = 0;
    for (int i = 0; i < k->count; i++) {
        const double b = k->c[i] < 0 ? fit->negative : fit->b;
        largest = fmax(largest, fabs(k->t[i] - b * k->v[i]));
    }
    return largest;
}

/* The rounding error is uniform: one big knot must not lead. b in the middle of what all knots allow. */
static void minimax(const knots *k, ns_dg_fit *fit)
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

static bool fit_log(knots *k, ns_dg_fit *fit)
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

static double power_error(knots *k, double p, ns_dg_fit *fit)
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
static bool fit_power(knots *k, ns_dg_fit *fit)
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
static int misses(const ns_dg_table *table, const struct function *f, const ns_dg_fit *fit)
{
    int count = 0;
    for (int i = 0; i < table->knots; i++) {
        if (!ns_dg_table_clamped(table, i) || !in_domain(f, ns_dg_knot_code(table, i) - table->zero_in))
            continue;
        const double v = ns_dg_fit_at(table, fit, ns_dg_knot_code(table, i));
        const bool beyond = table->values[i] >= table->high ? v >= table->high - 1 : v <= table->low + 1;
        count += isfinite(v) && !beyond;
    }
    return count;
}

static bool try_function(const ns_dg_table *table, int index, bool with_last, ns_dg_fit *fit)
{
    const struct function *f = &functions[index];
    static _Thread_local knots k;
    *fit = (ns_dg_fit){.function = index, .residual = INFINITY};
    choose_knots(table, f, with_last, &k);
    if (k.count < LEAST_KNOTS || range_of(&k) < 8)
        return false;
    if (f->kind == POW) {
        if (!fit_power(&k, fit))
            return false;
    } else {
        if (f->kind == LOG
                ? !fit_log(&k, fit)
                : (f->kind == SCALE || (f->kind == BENT && f->f(-1) != -1)) && !search_scale(f, &k, &fit->a))
            return false;
        if (!isfinite(squares(f, fit->a, &k, &fit->b, &fit->negative)))
            return false;
        fit->residual = largest_residual(&k, fit);
        if (fit->residual > 0.5 && f->kind != BENT)
            minimax(&k, fit);
    }
    return fit->residual <= ACCEPTED && misses(table, f, fit) == 0;
}

static void fit_all(ns_dg_table *table, bool with_last)
{
    for (int i = 0; i < FUNCTION_COUNT; i++) {
        ns_dg_fit fit;
        /* A free exponent explains what a named power law does; it is the last resort. */
        if (functions[i].kind == POW && table->accepted_count)
            continue;
        if (!try_function(table, i, with_last, &fit))
            continue;
        int at = table->accepted_count < NS_DG_FITS ? table->accepted_count++ : NS_DG_FITS - 1;
        while (at > 0 && table->accepted[at - 1].residual > fit.residual + 1e-3) {
            table->accepted[at] = table->accepted[at - 1];
            at--;
        }
        table->accepted[at] = fit;
    }
}

const char *ns_dg_table_name(const ns_dg_table *table)
{
    return table->fit.function < 0 ? NULL : functions[table->fit.function].name;
}

bool ns_dg_table_jumps(const ns_dg_table *table)
{
    const char *name = ns_dg_table_name(table);
    static const char *const jumping[] = {"ceil", "floor", "round", "sign"};
    for (int i = 0; name && i < 4; i++)
        if (strcmp(name, jumping[i]) == 0)
            return true;
    return false;
}

double ns_dg_fit_at(const ns_dg_table *table, const ns_dg_fit *fit, double code)
{
    const struct function *f = &functions[fit->function];
    const double c = code - table->zero_in;
    if (!in_domain(f, c))
        return NAN;
    if (f->kind == POW)
        return fit->b * pow(c, fit->power) + table->zero_out;
    const double x = c * exp2(fit->a);
    if (f->kind == BENT)
        return (c > 0 ? fit->b * x : fit->negative * f->f(x)) + table->zero_out;
    return fit->b * f->f(x) + table->zero_out;
}

double ns_dg_table_ideal(const ns_dg_table *table, double code)
{
    if (table->fit.function < 0)
        return ns_dg_table_continued(table, code);
    const double v = ns_dg_fit_at(table, &table->fit, code);
    return isfinite(v) ? v : ns_dg_table_straight(table, code);
}

/* A cubic through the ideal at 0, 1/3, 2/3 and 1 of a cell, in powers of the place in the cell. NAN first
 * where it misses the ideal between by more than a ten-thousandth of a step: the ideal itself is asked there.
 */
static void fit_cell(const ns_dg_table *table, double first, double width, double *c)
{
    const double y0 = ns_dg_table_ideal(table, first), y1 = ns_dg_table_ideal(table, first + width / 3),
                 y2 = ns_dg_table_ideal(table, first + 2 * width / 3),
                 y3 = ns_dg_table_ideal(table, first + width);
    c[0] = y0;
    c[1] = (-11 * y0 + 18 * y1 - 9 * y2 + 2 * y3) / 2;
    c[2] = (18 * y0 - 45 * y1 + 36 * y2 - 9 * y3) / 2;
    c[3] = (-9 * y0 + 27 * y1 - 27 * y2 + 9 * y3) / 2;
    for (int i = 1; i < 6; i += 4) {
        const double t = i / 6.0, v = c[0] + t * (c[1] + t * (c[2] + t * c[3]));
        if (!(fabs(v - ns_dg_table_ideal(table, first + t * width)) <= 1e-4))
            c[0] = NAN;
    }
}

/* Most of what an ideal run costs are the functions: cubics over a quarter of a segment take their place. */
static ns_code make_cells(ns_dg_table *table, ns_arena *arena, ns_error *error)
{
    const int count = (table->knots - 1) * NS_DG_CELLS;
    const double width = table->step / NS_DG_CELLS;
    double *cells = NS_ARENA_ARRAY(arena, 4 * (size_t)count, double);
    if (!cells)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a table");
    for (int i = 0; i < count; i++)
        fit_cell(table, table->first + i * width, width, cells + 4 * i);
    table->cells = cells;
    return NS_OK;
}

ns_code ns_dg_table_new(const ns_tensor *values, double zero_in, double zero_out, ns_arena *arena,
                        ns_dg_table **out, ns_error *error)
{
    const bool wide = values->dtype == NS_DTYPE_INT16;
    const int count = wide ? NS_DG_KNOTS : 256;
    if (ns_tensor_count(values) != (size_t)count)
        return ns_fail(error, NS_ERROR_INPUT, "a table of %zu entries", ns_tensor_count(values));
    ns_dg_table *table = NS_ARENA_NEW(arena, ns_dg_table);
    if (!table)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a table");
    *table = (ns_dg_table){.knots = count,
                           .first = wide ? -32768 : -128,
                           .step = wide ? 128 : 1,
                           .low = wide ? -32767 : -128,
                           .high = wide ? 32767 : 127,
                           .zero_in = zero_in,
                           .zero_out = zero_out,
                           .fit = {.function = -1}};
    for (int i = 0; i < count; i++)
        table->values[i] = (double)ns_tensor_get(values, (size_t)i);
    fit_all(table, true);
    /* Where the last knot is one code short of 32768, the rest still tells the function. */
    if (!table->accepted_count && wide)
        fit_all(table, false);
    if (table->accepted_count)
        table->fit = table->accepted[0];
    else
        NS_TRY(ns_dg_table_continue(table, arena, error));
    *out = table;
    return wide ? make_cells(table, arena, error) : NS_OK;
}
