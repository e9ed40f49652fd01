/* Apply scale: a stored tensor gets another scale in the graph itself, and what reads it takes it back. */
#ifndef NS_DIAGNOSE_APPLY_SCALE_H
#define NS_DIAGNOSE_APPLY_SCALE_H

#include "diagnose/plan.h"

/* A graph that is being changed. New constants stand behind all operators until the caller moves them. */
typedef struct ns_dg_rescaling {
    ns_graph *graph; /* NULL: nothing is changed, only asked */
    const ns_dg_plan *plan;
} ns_dg_rescaling;

/* What reads `tensor` is given codes that are 1 / factor of what they were, and computes as before:
 * multipliers of RESCALEs, biases, bounds of CLAMPs and knots of TABLEs take the factor in. False: something
 * reads it that cannot (an ADD without a RESCALE, an output of the graph, a zero point). */
ns_code ns_dg_rescale_readers(const ns_dg_rescaling *r, int tensor, double factor, bool *can,
                              ns_error *error);

/* What the RESCALE or TABLE `index` stores is `factor` times as large. */
ns_code ns_dg_rescale_writer(const ns_dg_rescaling *r, int index, double factor, bool *can, ns_error *error);

/* Can a stage store its result in another scale, and what reads it take that back? */
ns_code ns_dg_can_rescale(const ns_dg_plan *plan, const ns_dg_node *node, bool *can, ns_error *error);

#endif
