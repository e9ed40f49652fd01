/* Means: finds constants that stand for a known real number, and fills the means of the plan. */
#ifndef NS_DIAGNOSE_MEANS_H
#define NS_DIAGNOSE_MEANS_H

#include "diagnose/plan.h"

ns_code ns_dg_find_means(ns_dg_plan *plan, ns_error *error);

#endif
