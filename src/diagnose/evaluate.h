/* Evaluate: one evaluator in doubles for what TOSA says, for the ideal, and for everything between. */
#ifndef NS_DIAGNOSE_EVALUATE_H
#define NS_DIAGNOSE_EVALUATE_H

#include "diagnose/call.h"

/* NS_ERROR_MEMORY. `worker` must be closed whatever is returned. */
ns_code ns_dg_worker_open(ns_dg_worker *worker, const ns_dg_plan *plan, ns_error *error);
void ns_dg_worker_close(ns_dg_worker *worker);

bool ns_dg_can_evaluate(ns_op op);

/* Has the operator jumps, where a real-valued self means little? */
bool ns_dg_jumps(ns_op op);

/* Evaluates a stage; `read` gives the values of its sources. The caller gives the array
 * of the result back. */
typedef ns_dg_value (*ns_dg_read)(void *context, int node);
ns_code ns_dg_evaluate_stage(ns_dg_worker *worker, int node, unsigned mode, ns_dg_read read, void *context,
                             ns_dg_value *out, ns_error *error);

/* The value of `tensor` while the stage is evaluated just before operator `until` of the block runs (or the
 * stage's end): for looking inside. Like ns_dg_evaluate_stage. */
ns_code ns_dg_evaluate_inside(ns_dg_worker *worker, int node, int tensor, unsigned mode, ns_dg_read read,
                              void *context, ns_dg_value *out, ns_error *error);

#endif
