/* Chain run: a chain's links over its rows. */
#ifndef NS_EVAL_CHAIN_RUN_H
#define NS_EVAL_CHAIN_RUN_H

#include "eval/chain.h"
#include "eval/values.h"

typedef struct ns_chain_run {
    const ns_block *block;
    ns_value *values;
    ns_store *store;
    ns_arena *results; /* for tensors that are the block's outputs */
    ns_arena *scratch; /* for steps and their rows; forgotten when the next chain begins */
    ns_arena *kept;    /* for steps that are kept */
    void **steps;      /* what is kept of the chain, NULL at first */
    const ns_kernels *kernels;
    ns_budget *budget;
} ns_chain_run;

/* Runs the links; the operators of `before` have run. True: all that others read of the chain is made. False:
 * something is wrong, or might be; nothing is made, and the operators, run one by one, will tell. */
bool ns_chain_run_links(const ns_chain_run *run, const ns_chain *chain);

#endif
