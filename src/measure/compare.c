#include "npuscope/compare.h"

#include <math.h>

void ns_compare_begin(ns_comparison *comparison)
{
    *comparison = (ns_comparison){0};
}

/* Infinite where one side is NaN or the infinities do not match. */
static double error_of(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : INFINITY;
    if (isinf(a) || isinf(b))
        return a == b ? 0 : INFINITY;
    return fabs(a - b);
}

void ns_compare_add(ns_comparison *comparison, const ns_tolerance *tolerance, double a, double b)
{
    double error = error_of(a, b);
    double allowed = tolerance->absolute + (isfinite(b) ? tolerance->relative * fabs(b) : 0);
    size_t index = comparison->count++;
    if (error > allowed) {
        if (comparison->differences++ == 0) {
            comparison->first = index;
            comparison->first_a = a;
            comparison->first_b = b;
        }
    }
    if (error > comparison->max_error) {
        comparison->max_error = error;
        comparison->worst = index;
    }
    comparison->mean_error += error; /* sums until the end */
    comparison->noise += error * error;
    if (isfinite(b))
        comparison->signal += b * b;
}

void ns_compare_end(ns_comparison *comparison)
{
    if (comparison->differences == 0)
        comparison->first = comparison->count;
    if (comparison->count)
        comparison->mean_error /= (double)comparison->count;
    if (comparison->noise == 0)
        comparison->sqnr_db = INFINITY;
    else if (comparison->signal == 0)
        comparison->sqnr_db = NAN;
    else
        comparison->sqnr_db = 10 * log10(comparison->signal / comparison->noise);
}

void ns_compare_arrays(const ns_tolerance *tolerance, size_t count, const double *a, const double *b,
                       ns_comparison *comparison)
{
    ns_compare_begin(comparison);
    for (size_t i = 0; i < count; i++)
        ns_compare_add(comparison, tolerance, a[i], b[i]);
    ns_compare_end(comparison);
}
