/* Run block: operators that follow each other and go through the same rows as chains (eval/chain.h), the
 * others one by one. */
#ifndef NS_EVAL_RUN_BLOCK_H
#define NS_EVAL_RUN_BLOCK_H

#include "eval/run.h"

/* Runs a block; the outputs' data are made in `results`. */
ns_code ns_run_block(struct ns_eval_run *run, const ns_block *block, int input_count,
                     const ns_tensor *const *inputs, ns_arena *results, ns_tensor *outputs, ns_error *error);

/* The same by name, for operators that run blocks (ns_eval_run_block). */
ns_code ns_run_named_block(struct ns_eval_run *run, const char *name, int input_count,
                           const ns_tensor *const *inputs, ns_arena *results, int output_count,
                           ns_tensor *outputs, ns_error *error);

#endif
