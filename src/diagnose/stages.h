/* Stages: finds cuts and stages (plan.h), and fills the nodes of the plan. */
#ifndef NS_DIAGNOSE_STAGES_H
#define NS_DIAGNOSE_STAGES_H

#include "diagnose/plan.h"

ns_code ns_dg_find_stages(ns_dg_plan *plan, ns_error *error);

#endif
