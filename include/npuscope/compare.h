/* Compare: how far two arrays of numbers are apart. Pure. */
#ifndef NPUSCOPE_COMPARE_H
#define NPUSCOPE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What counts as a difference: |a - b| > absolute + relative * |b|; or one is NaN and the other is not, or
 * infinities of different sign or only one. Both 0: every inequality counts. */
typedef struct ns_tolerance {
    double absolute;
    double relative;
} ns_tolerance;

typedef struct ns_comparison {
    size_t count;
    size_t differences; /* beyond the tolerance */
    size_t first;       /* index of the first of them; count when there is none */
    double first_a, first_b;
    double max_error, mean_error; /* of |a - b| over all elements; 0 for none */
    size_t worst;                 /* index of max_error */
    double signal, noise;         /* sums of b^2 and of (a - b)^2 */
    double sqnr_db;     /* 10 log10(signal / noise); INFINITY without any error, NAN when b is all zero */
    double reserved[4]; /* 0; room for later versions */
} ns_comparison;

/* Starts, adds one pair (a measured, b expected), and finishes. Integers up to 2^53 are exact. */
void ns_compare_begin(ns_comparison *comparison);
void ns_compare_add(ns_comparison *comparison, const ns_tolerance *tolerance, double a, double b);
void ns_compare_end(ns_comparison *comparison);

/* All of it for two arrays of `count` elements. */
void ns_compare_arrays(const ns_tolerance *tolerance, size_t count, const double *a, const double *b,
                       ns_comparison *comparison);

#ifdef __cplusplus
}
#endif

#endif
