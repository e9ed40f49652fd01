/* Steps: which operators can be links of a chain, from steps.def. */
#ifndef NS_EVAL_STEPS_H
#define NS_EVAL_STEPS_H

#include "eval/step.h"

typedef enum ns_step_form {
    NS_STEP_NONE,
    NS_STEP_EACH,
    NS_STEP_REDUCE,
    NS_STEP_SAME,
    NS_STEP_PRODUCE
} ns_step_form;

typedef struct ns_step_kind {
    ns_step_form form;
    int operands; /* inputs that are gone through; the rest are parameters */
    ns_step_prepare prepare;
} ns_step_kind;

const ns_step_kind *ns_step_kind_of(ns_op op);

#endif
