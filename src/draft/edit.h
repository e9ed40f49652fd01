/* Edit: changes of a draft that may make it smaller. */
#ifndef NS_DRAFT_EDIT_H
#define NS_DRAFT_EDIT_H

#include "draft/draft.h"

/* ---- the edits: candidates in the order in which they are tried ---- */

/* One change of a draft. False where `number` is past the last of the kind. `*made` is false where the change
 * does not apply; the candidate is not yet computed. */
typedef struct ns_edit {
    const ns_draft *from;
    ns_draft *to; /* a copy of `from`, with all nodes */
} ns_edit;

bool ns_edit_structure(ns_edit *edit, int number, bool *made); /* outputs, cuts, bypasses */
bool ns_edit_rank(ns_edit *edit, int number, bool *made);   /* dims of 1, left out of all tensors of a rank */
bool ns_edit_shrink(ns_edit *edit, int number, bool *made); /* dims of inputs, constants and kernels */
bool ns_edit_simplify(ns_edit *edit, int number,
                      bool *made); /* attributes, zero points, scales, tables, data */

/* Computes all values of an edited draft anew; where shapes changed, constants and lists are cut to fit. */
ns_code ns_edit_compute(ns_draft *draft, ns_error *error);

/* A tensor of its own for a node, so that it can be changed: false when memory is out. */
bool ns_edit_own(ns_draft *draft, int node);

/* Cuts axis `axis` of a source's value to `size` elements, the first ones. */
bool ns_edit_cut_axis(ns_draft *draft, int node, int axis, int64_t size);

#endif
