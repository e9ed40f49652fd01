/* Formulas: the functions that a table may hold (functions.def), and a fit of one at a code. */
#ifndef NS_DIAGNOSE_FORMULAS_H
#define NS_DIAGNOSE_FORMULAS_H

#include "diagnose/knots.h"

/* How a formula's scales are found: functions.def says what each means. */
typedef enum ns_dg_fit_kind {
    NS_DG_FIT_POWER,
    NS_DG_FIT_LOG,
    NS_DG_FIT_SCALE,
    NS_DG_FIT_PERIODIC,
    NS_DG_FIT_BENT,
    NS_DG_FIT_POW
} ns_dg_fit_kind;

typedef enum ns_dg_domain { NS_DG_ALL, NS_DG_POSITIVE, NS_DG_NONZERO } ns_dg_domain;

typedef struct ns_dg_formula {
    const char *name;
    double (*f)(double);
    ns_dg_fit_kind kind;
    ns_dg_domain domain;
} ns_dg_formula;

/* The formula at `index`; NULL past the last. */
const ns_dg_formula *ns_dg_formula_get(int index);

/* Is the formula defined at `c`, a code less the zero point? */
bool ns_dg_formula_covers(const ns_dg_formula *formula, double c);

/* A fit of `table` at a code; NAN outside the formula's domain. */
double ns_dg_fit_at(const ns_dg_table *table, const ns_dg_fit *fit, double code);

#endif
