#include "npuscope/eval.h"

#include "base/interface.h"
#include "base/system.h"
#include "eval/internal.h"

struct ns_evaluator {
    struct ns_eval_run run;
    ns_budget own; /* where the caller has none */
};

/* What is to be given back in the end must fit in the beginning: a graph whose outputs do not fit is refused
 * before the first is made. */
static ns_code check_outputs(const struct ns_eval_run *run, const ns_block *block, ns_error *error)
{
    uint64_t total = 0;
    for (int i = 0; i < block->output_count; i++) {
        const ns_tensor *tensor = &block->tensors[block->outputs[i]].tensor;
        size_t count;
        NS_TRY(ns_shape_count(tensor->rank, tensor->shape, &count, error));
        total += (uint64_t)count * (uint64_t)ns_dtype_bytes(tensor->dtype);
    }
    if (total <= run->budget->max_memory)
        return NS_OK;
    return ns_fail(
        error, NS_ERROR_BUDGET,
        "the graph's %d outputs take %llu MiB, above the memory budget of %llu MiB (--max-memory allows "
        "more)",
        block->output_count, (unsigned long long)(total >> 20),
        (unsigned long long)(run->budget->max_memory >> 20));
}

static ns_code run_main(struct ns_eval_run *run, const ns_tensor *inputs, int input_count, ns_arena *arena,
                        ns_tensor *outputs, ns_error *error)
{
    const ns_block *block = &run->graph->regions[0].blocks[0];
    const ns_tensor **list =
        NS_ARENA_ARRAY(run->arena, (size_t)(input_count > 0 ? input_count : 0), const ns_tensor *);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to run a graph");
    for (int i = 0; i < input_count; i++)
        list[i] = &inputs[i];
    NS_TRY(check_outputs(run, block, error));
    return ns_run_block(run, block, input_count, list, arena, outputs, error);
}

ns_code ns_evaluator_new(const ns_graph *graph, const ns_eval_options *options, ns_evaluator **out,
                         ns_error *error)
{
    if (graph->region_count < 1 || graph->regions[0].block_count < 1)
        return ns_fail(error, NS_ERROR_INPUT, "the graph has no block to run");
    ns_eval_options taken;
    NS_TRY(NS_OPTIONS_TAKE(&taken, options, error));
    ns_evaluator *evaluator = ns_memory_take(taken.budget, sizeof *evaluator);
    if (!evaluator)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to run a graph");
    struct ns_eval_run *run = &evaluator->run;
    run->graph = graph;
    run->options = taken;
    run->budget = run->options.budget;
    if (!run->budget)
        ns_budget_open(run->budget = &evaluator->own, 0, 0, 0);
    run->kernels = ns_kernels_get(run->options.cpu_mask);
    run->run_block = ns_run_named_block;
    ns_arena **arenas[] = {&run->kept, &run->arena, &run->scratch, &run->chain_scratch};
    for (size_t i = 0; i < sizeof arenas / sizeof *arenas; i++)
        if (!(*arenas[i] = ns_arena_new_within(run->budget))) {
            ns_evaluator_free(evaluator);
            return ns_fail(error, NS_ERROR_MEMORY, "no memory to run a graph");
        }
    run->store = (ns_store){.arena = run->kept, .budget = run->budget};
    if (run->options.threads > 1 && !run->options.no_chains)
        run->workers = ns_workers_start(run->options.threads);
    *out = evaluator;
    return NS_OK;
}

ns_code ns_evaluator_run(ns_evaluator *evaluator, const ns_tensor *inputs, int input_count, ns_arena *arena,
                         ns_tensor *outputs, ns_error *error)
{
    struct ns_eval_run *run = &evaluator->run;
    ns_arena_reset(run->arena);
    run->variables = (ns_eval_variables){.arena = run->arena};
    run->nesting = 0;
    evaluator->own.work = 0;
    const ns_code code = run_main(run, inputs, input_count, arena, outputs, error);
    ns_store_settle(&run->store);
    return ns_budget_settle(run->budget, code, error);
}

void ns_evaluator_free(ns_evaluator *evaluator)
{
    if (!evaluator)
        return;
    struct ns_eval_run *run = &evaluator->run;
    ns_workers_stop(run->workers);
    ns_store_close(&run->store);
    for (int i = 0; i <= NS_EVAL_NESTING; i++)
        ns_arena_free(run->frames[i]);
    ns_arena_free(run->chain_scratch);
    ns_arena_free(run->scratch);
    ns_arena_free(run->arena);
    ns_arena_free(run->kept);
    ns_budget *budget = run->budget == &evaluator->own ? NULL : run->budget;
    ns_memory_release(budget, evaluator, sizeof *evaluator);
}

ns_code ns_eval(const ns_graph *graph, const ns_eval_options *options, const ns_tensor *inputs,
                int input_count, ns_arena *arena, ns_tensor *outputs, ns_error *error)
{
    ns_eval_options own;
    NS_TRY(NS_OPTIONS_TAKE(&own, options, error));
    if (!own.budget)
        own.budget = ns_arena_budget(arena);
    ns_evaluator *evaluator = NULL;
    NS_TRY(ns_evaluator_new(graph, &own, &evaluator, error));
    const ns_code code = ns_evaluator_run(evaluator, inputs, input_count, arena, outputs, error);
    ns_evaluator_free(evaluator);
    return code;
}
