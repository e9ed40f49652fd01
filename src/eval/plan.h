/* Plan: the chains of a block. */
#ifndef NS_EVAL_PLAN_H
#define NS_EVAL_PLAN_H

#include "eval/chain.h"

/* Finds a block's chains; the plan lives in `arena`. */
ns_code ns_plan_make(const ns_block *block, const ns_kernels *kernels, ns_arena *arena, ns_plan *plan,
                     ns_error *error);

#endif
