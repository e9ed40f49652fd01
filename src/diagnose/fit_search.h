/* Fit search: the scales with which a formula comes nearest to a table's knots. */
#ifndef NS_DIAGNOSE_FIT_SEARCH_H
#define NS_DIAGNOSE_FIT_SEARCH_H

#include "diagnose/formulas.h"

/* What a fit looks at: knots in the formula's domain that are not clamped. */
typedef struct ns_dg_fit_knots {
    int count;
    bool free_offset; /* the output's zero point is not known: it is fitted too */
    double offset;    /* that of the last fit */
    double c[NS_DG_KNOTS], t[NS_DG_KNOTS], v[NS_DG_KNOTS]; /* codes, values, formula's values */
} ns_dg_fit_knots;

/* The knots of `table` for `f`; the last one only where `with_last`. */
void ns_dg_fit_choose(const ns_dg_table *table, const ns_dg_formula *f, bool with_last, ns_dg_fit_knots *k);

/* Largest less smallest value. */
double ns_dg_fit_range(const ns_dg_fit_knots *k);

/* Sum of squares with the best b (BENT: one for each side) at the scale 2^a; INFINITY where f is not finite.
 */
double ns_dg_fit_squares(const ns_dg_formula *f, double a, ns_dg_fit_knots *k, double *b, double *negative);

/* The scale of the input, over a grid and then by golden section; false where it comes near nowhere. */
bool ns_dg_fit_search(const ns_dg_formula *f, ns_dg_fit_knots *all, double *a);

/* What is made of it (fits.c). */

/* Fills table->accepted: all that fit, best first. Without the last knot where it is one code short. */
void ns_dg_fit_all(ns_dg_table *table, bool with_last);

/* The output's zero point where nothing around the table tells it: the offset with which a formula fits best.
 * False: none fits, those that fit differ, or it is a logarithm, whose offset is its scale as well. */
bool ns_dg_fit_zero(const ns_dg_table *table, double *zero);

#endif
