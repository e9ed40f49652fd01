/* Variables: what a run keeps between operators by name. */
#ifndef NS_EVAL_VARIABLES_H
#define NS_EVAL_VARIABLES_H

#include "npuscope/eval.h"

typedef struct ns_eval_slot {
    struct ns_eval_slot *next;
    const char *name;
    ns_tensor tensor;
    bool written;
} ns_eval_slot;

typedef struct ns_eval_variables {
    ns_arena *arena; /* lives as long as the run */
    ns_eval_slot *first;
} ns_eval_variables;

/* The variable of that name; NULL when it has not been declared. */
ns_eval_slot *ns_eval_find_variable(const ns_eval_variables *variables, const char *name);

/* Declares one, with its first value where it has one. */
ns_code ns_eval_add_variable(ns_eval_variables *variables, const ns_graph_tensor *declared, ns_error *error);

#endif
