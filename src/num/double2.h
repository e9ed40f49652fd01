/* Double-double sums: hi + lo with the rounding errors of every addition and product kept in lo (Ogita, Rump
 * and Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26, 2005: Sum2 and Dot2). With u = 2^-53
 * and n terms the value hi + lo differs from the exact sum by at most n^2 u^2 * (sum of the terms'
 * magnitudes): for n = 2^20 that is 2^-66 of the magnitudes, far below one step of any 16-bit scale. */
#ifndef NS_NUM_DOUBLE2_H
#define NS_NUM_DOUBLE2_H

#include <math.h>

typedef struct ns_double2 {
    double hi, lo;
} ns_double2;

static inline void ns_double2_add(ns_double2 *sum, double x)
{
    double s = sum->hi + x;
    double b = s - sum->hi;
    sum->lo += (sum->hi - (s - b)) + (x - b);
    sum->hi = s;
}

static inline void ns_double2_add_product(ns_double2 *sum, double a, double b)
{
    double p = a * b;
    sum->lo += fma(a, b, -p);
    ns_double2_add(sum, p);
}

/* (hi + lo) / n, rounded to double: the quotient's remainder is exact by fma, so the result is within one
 * unit in the last place. */
static inline double ns_double2_divide(ns_double2 sum, double n)
{
    double q = sum.hi / n;
    if (!isfinite(q))
        return (sum.hi + sum.lo) / n;
    return q + (fma(-q, n, sum.hi) + sum.lo) / n;
}

#endif
