/* Run operator: one operator over whole tensors. */
#ifndef NS_EVAL_RUN_OPERATOR_H
#define NS_EVAL_RUN_OPERATOR_H

#include "eval/run.h"

/* Runs an operator of the frame's block: its inputs have values, its outputs get theirs. The messages do not
 * name it. */
ns_code ns_run_operator(ns_frame *f, const ns_operator *op, ns_error *error);

#endif
