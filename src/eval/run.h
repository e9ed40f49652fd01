/* Run: what evaluating a graph needs, and what its next evaluation takes over. */
#ifndef NS_EVAL_RUN_H
#define NS_EVAL_RUN_H

#include "eval/call.h"
#include "eval/plan.h"
#include "eval/values.h"

/* Specification 1.0, no level: MAX_NESTING. The validator holds graphs to level 8K, which allows 6
 * (tosa/operand_info.h). */
#define NS_EVAL_NESTING 256

/* What is kept for a block from one evaluation to the next. */
typedef struct ns_block_kept {
    const ns_block *block;
    ns_plan plan;
    bool has_plan;
    void **operators; /* ns_eval_call.kept of each */
    void **chains;    /* ns_chain_run.steps of those that begin at each operator */
    struct ns_block_kept *next;
} ns_block_kept;

struct ns_eval_run {
    const ns_graph *graph;
    ns_eval_options options;
    ns_kernels kernels;
    ns_eval_run_block run_block; /* for operators that run other blocks */
    ns_budget *budget;
    /* As long as the graph is evaluated again and again: */
    ns_arena *kept;
    ns_store store;
    ns_block_kept *blocks;
    ns_arena *frames[NS_EVAL_NESTING + 1]; /* of the blocks that run inside each other */
    /* As long as one evaluation, an operator and a chain: */
    ns_arena *arena, *scratch, *chain_scratch;
    int nesting;
    ns_eval_variables variables;
};

/* One run of a block. */
typedef struct ns_frame {
    struct ns_eval_run *run;
    const ns_block *block;
    ns_block_kept *kept;
    ns_value *values;
    ns_arena *arena;   /* lives as long as the frame */
    ns_arena *results; /* the caller's, for the outputs' data */
} ns_frame;

#endif
