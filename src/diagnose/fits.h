/* Fits: which formulas a table's knots hold. */
#ifndef NS_DIAGNOSE_FITS_H
#define NS_DIAGNOSE_FITS_H

#include "diagnose/knots.h"

/* Fills table->accepted: all that fit, best first. Without the last knot where it is one code short. */
void ns_dg_fit_all(ns_dg_table *table, bool with_last);

/* The output's zero point where nothing around the table tells it: the offset with which a formula fits best.
 * False: none fits, those that fit differ, or it is a logarithm, whose offset is its scale as well. */
bool ns_dg_fit_zero(const ns_dg_table *table, double *zero);

#endif
