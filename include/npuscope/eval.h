/* Eval: TOSA graphs, integer-exact. */
#ifndef NPUSCOPE_EVAL_H
#define NPUSCOPE_EVAL_H

#include "npuscope/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an operator of the main block produced. Valid during the callback. */
typedef struct ns_eval_tap {
    int operator_index;
    int output; /* which of the operator's */
    const char *name;
    const ns_tensor *data;
} ns_eval_tap;

typedef struct ns_eval_options {
    size_t size;       /* sizeof(ns_eval_options), or 0 (status.h) */
    unsigned cpu_mask; /* instruction sets that kernels may use (ns_cpu_*); 0: plain C only */
    ns_code (*tap)(void *context, const ns_eval_tap *tap, ns_error *error); /* may be NULL */
    void *context;
    bool no_chains; /* each operator runs over whole tensors, as under a tap; else some run together on a few
                       rows at a time. The results are the same */
    ns_budget
        *budget; /* what the run is charged to; NULL: the arena's, or one of its own with the defaults */
    int threads; /* that share the rows of long chains, or the samples; below 2: one. The results are the same
                  */
} ns_eval_options;

/* Runs the main block. `inputs` are in the block's input order and must have the declared shapes and
 * types; results are made in `arena`, `outputs` has room for the block's output count.
 * NS_ERROR_UNPREDICTABLE names the operator (index, name), the element and the value for which the
 * specification's REQUIRE does not hold; NS_ERROR_UNSUPPORTED names an operator or type that is not
 * evaluated; NS_ERROR_BUDGET names the operator that exceeds one. The graph must have passed
 * ns_graph_validate. */
ns_code ns_eval(const ns_graph *graph, const ns_eval_options *options, const ns_tensor *inputs,
                int input_count, ns_arena *arena, ns_tensor *outputs, ns_error *error);

/* What the evaluations of one graph share: memory, the order of the work, packed weights; from the second on
 * these take no time. For one thread at a time; several evaluators may share a graph. */
typedef struct ns_evaluator ns_evaluator;

/* `options` are copied; what they point to, and the graph, must outlive the evaluator. */
ns_code ns_evaluator_new(const ns_graph *graph, const ns_eval_options *options, ns_evaluator **out,
                         ns_error *error);

/* As ns_eval; each evaluation is the first (variables have their first values). */
ns_code ns_evaluator_run(ns_evaluator *evaluator, const ns_tensor *inputs, int input_count, ns_arena *arena,
                         ns_tensor *outputs, ns_error *error);

/* Many evaluations of one graph. `take` gives the inputs of a sample, in `arena` or elsewhere, aligned to 64
 * bytes; `keep` gets its outputs, which are forgotten after it. With several threads both are called from any
 * of them, for different samples at a time. */
typedef struct ns_eval_samples {
    size_t count;
    ns_code (*take)(void *context, size_t sample, ns_arena *arena, ns_tensor *inputs, ns_error *error);
    ns_code (*keep)(void *context, size_t sample, const ns_tensor *outputs, ns_error *error);
    void *context;
} ns_eval_samples;

/* Evaluates all samples, on options->threads threads (under a tap one). Memory is charged as that of `arena`.
 * Fails as ns_eval does, with the least sample that fails. */
ns_code ns_eval_all(const ns_graph *graph, const ns_eval_options *options, const ns_eval_samples *samples,
                    ns_arena *arena, ns_error *error);

/* NULL is allowed. */
void ns_evaluator_free(ns_evaluator *evaluator);

#ifdef __cplusplus
}
#endif

#endif
