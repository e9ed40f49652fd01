/* Prepare: makes a plan of a graph. */
#ifndef NS_DIAGNOSE_PREPARE_H
#define NS_DIAGNOSE_PREPARE_H

#include "diagnose/plan.h"

/* Makes the plan in `arena`. NS_ERROR_UNSUPPORTED names an operator that has no evaluation. */
ns_code ns_dg_plan_new(const ns_graph *graph, unsigned cpu_mask, ns_arena *arena, ns_dg_plan **out,
                       ns_error *error);

/* Frees what is not in the plan's arena. NULL is allowed. */
void ns_dg_plan_close(ns_dg_plan *plan);

#endif
