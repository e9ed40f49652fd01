#include "eval/internal.h"

#include <string.h>

/* Work that a block's run is charged beside that of its operators, so that loops without end are given up
 * within seconds: with the default budget after 2^20 rounds of a condition and a body. */
#define BLOCK_WORK (NS_BUDGET_DEFAULT_WORK >> 21)

static ns_code start_values(ns_frame *f, int input_count, const ns_tensor *const *inputs, ns_error *error)
{
    const ns_block *block = f->block;
    ns_value *values = f->values;
    for (int i = 0; i < block->tensor_count; i++) {
        values[i].tensor = block->tensors[i].tensor;
        /* A variable's data are its first value; only VARIABLE_READ reads them. */
        values[i].present = values[i].tensor.data && !block->tensors[i].is_variable;
    }
    if (input_count != block->input_count)
        return ns_fail(error, NS_ERROR_INPUT, "block '%s' takes %d inputs, not %d", block->name,
                       block->input_count, input_count);
    for (int i = 0; i < input_count; i++) {
        ns_value *v = &values[block->inputs[i]];
        const ns_tensor *declared = &block->tensors[block->inputs[i]].tensor;
        char is[128], wanted[128];
        if (inputs[i]->dtype != declared->dtype || !ns_shape_equal(inputs[i], declared) || !inputs[i]->data)
            return ns_fail(error, NS_ERROR_INPUT, "input %d ('%s') is %s; expected %s", i,
                           block->tensors[block->inputs[i]].name,
                           ns_tensor_describe(inputs[i], is, sizeof is),
                           ns_tensor_describe(declared, wanted, sizeof wanted));
        v->tensor = *inputs[i];
        v->present = true;
    }
    for (int i = 0; i < block->operator_count; i++)
        for (int k = 0; k < block->operators[i].input_count; k++)
            values[block->operators[i].inputs[k]].readers++;
    for (int i = 0; i < block->output_count; i++) {
        values[block->outputs[i]].readers++;
        values[block->outputs[i]].is_result = !values[block->outputs[i]].present;
    }
    return NS_OK;
}

/* A block's output as the caller is to see it: data that neither the pool nor anyone else will change. */
static ns_code hand_over(ns_frame *f, int index, ns_tensor *out, ns_error *error)
{
    const ns_block *block = f->block;
    ns_value *v = &f->values[block->outputs[index]];
    if (!v->present)
        return ns_fail(error, NS_ERROR_INPUT, "output '%s' of block '%s' has no value",
                       block->tensors[block->outputs[index]].name, block->name);
    if (v->is_result && !v->buffer) {
        *out = v->tensor;
        return NS_OK;
    }
    NS_TRY(ns_tensor_new(f->results, v->tensor.dtype, v->tensor.rank, v->tensor.shape, out, error));
    memcpy(out->data, v->tensor.data, ns_tensor_count(out) * (size_t)ns_dtype_bytes(out->dtype));
    return NS_OK;
}

/* Shows what operator `index` produced. */
static ns_code hand_tap(ns_frame *f, int index, ns_error *error)
{
    const ns_operator *op = &f->block->operators[index];
    const ns_eval_options *options = &f->run->options;
    for (int i = 0; i < op->output_count; i++) {
        const ns_eval_tap tap = {index, i, f->block->tensors[op->outputs[i]].name,
                                 &f->values[op->outputs[i]].tensor};
        if (tap.data->data && !f->block->tensors[op->outputs[i]].is_variable)
            NS_TRY(options->tap(options->context, &tap, error));
    }
    return NS_OK;
}

static bool is_main(const struct ns_eval_run *run, const ns_block *block)
{
    return block == &run->graph->regions[0].blocks[0];
}

/* What is kept for a block. */
static ns_code find_kept(struct ns_eval_run *run, const ns_block *block, ns_block_kept **kept,
                         ns_error *error)
{
    ns_block_kept *k = run->blocks;
    while (k && k->block != block)
        k = k->next;
    if (!k) {
        k = NS_ARENA_NEW(run->kept, ns_block_kept);
        void **operators = NS_ARENA_ARRAY(run->kept, 2 * (size_t)block->operator_count, void *);
        if (!k || !operators)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for block '%s'", block->name);
        *k = (ns_block_kept){.block = block,
                             .operators = operators,
                             .chains = operators + block->operator_count,
                             .next = run->blocks};
        run->blocks = k;
    }
    *kept = k;
    return NS_OK;
}

/* The chains of the frame's block; NULL where it runs operator by operator. A tap sees every tensor of the
 * main block. */
static ns_code find_plan(ns_frame *f, const ns_plan **plan, ns_error *error)
{
    const ns_eval_options *options = &f->run->options;
    *plan = NULL;
    if (options->no_chains || (options->tap && is_main(f->run, f->block)))
        return NS_OK;
    if (!f->kept->has_plan)
        NS_TRY(ns_plan_make(f->block, &f->run->kernels, f->run->kept, &f->kept->plan, error));
    f->kept->has_plan = true;
    *plan = &f->kept->plan;
    return NS_OK;
}

/* Runs the operator `index` and shows it. */
static ns_code run_one(ns_frame *f, int index, ns_error *error)
{
    const ns_operator *op = &f->block->operators[index];
    ns_arena_reset(f->run->scratch);
    ns_code code = ns_run_operator(f, op, error);
    if (code != NS_OK) {
        const char *name = op->output_count ? f->block->tensors[op->outputs[0]].name : "";
        if (error)
            ns_add_context(error, "operator %d (%s) '%s'", index, ns_op_text(op->op), name);
        return code;
    }
    if (f->run->options.tap && is_main(f->run, f->block))
        NS_TRY(hand_tap(f, index, error));
    ns_values_done(f->values, op, &f->run->store);
    return NS_OK;
}

/* Runs a chain. False: nothing has happened, but that what was run ahead has its values. */
static bool run_chain(ns_frame *f, const ns_chain *chain)
{
    struct ns_eval_run *run = f->run;
    for (int i = 0; i < chain->before_count; i++)
        if (!f->values[f->block->operators[chain->before[i]].outputs[0]].present) {
            ns_arena_reset(run->scratch);
            if (ns_run_operator(f, &f->block->operators[chain->before[i]], NULL) != NS_OK)
                return false;
        }
    if (ns_budget_spend(run->budget, chain->work, NULL) != NS_OK)
        return false;
    ns_arena_reset(run->chain_scratch);
    const ns_chain_run links = {.block = f->block,
                                .values = f->values,
                                .store = &run->store,
                                .results = f->results,
                                .scratch = run->chain_scratch,
                                .kept = run->kept,
                                .steps = &f->kept->chains[chain->first],
                                .kernels = &run->kernels,
                                .budget = run->budget,
                                .workers = run->workers};
    if (!ns_chain_run_links(&links, chain)) {
        ns_budget_refund(run->budget, chain->work);
        return false;
    }
    for (int i = chain->first; i < chain->end; i++)
        ns_values_done(f->values, &f->block->operators[i], &run->store);
    return true;
}

/* What a chain that did not run has run ahead is forgotten, and run again in its turn. */
static void forget_ahead(ns_frame *f, const ns_chain *chain)
{
    for (int i = 0; i < chain->before_count; i++)
        ns_value_release(&f->values[f->block->operators[chain->before[i]].outputs[0]], &f->run->store);
}

static ns_code run_frame(ns_frame *f, int input_count, const ns_tensor *const *inputs, ns_tensor *outputs,
                         ns_error *error)
{
    const ns_block *block = f->block;
    const ns_plan *plan = NULL;
    NS_TRY(start_values(f, input_count, inputs, error));
    NS_TRY(find_plan(f, &plan, error));
    for (int i = 0; i < block->operator_count; i++) {
        const ns_chain *chain = plan ? plan->at[i] : NULL;
        if (chain && run_chain(f, chain)) {
            i = chain->end - 1;
            continue;
        }
        if (chain)
            forget_ahead(f, chain);
        NS_TRY(run_one(f, i, error));
    }
    for (int i = 0; i < block->output_count; i++)
        NS_TRY(hand_over(f, i, &outputs[i], error));
    return NS_OK;
}

ns_code ns_run_block(struct ns_eval_run *run, const ns_block *block, int input_count,
                     const ns_tensor *const *inputs, ns_arena *results, ns_tensor *outputs, ns_error *error)
{
    ns_arena **arena = &run->frames[run->nesting];
    if (!*arena)
        *arena = ns_arena_new_within(run->budget);
    ns_frame f = {.run = run, .block = block, .arena = *arena, .results = results};
    NS_TRY(find_kept(run, block, &f.kept, error));
    f.values = f.arena ? NS_ARENA_ARRAY(f.arena, (size_t)block->tensor_count, ns_value) : NULL;
    ns_code code = f.values ? run_frame(&f, input_count, inputs, outputs, error)
                            : ns_fail(error, NS_ERROR_MEMORY, "no memory for block '%s'", block->name);
    for (int i = 0; f.values && i < block->tensor_count; i++)
        ns_value_release(&f.values[i], &run->store);
    if (f.arena)
        ns_arena_reset(f.arena);
    return code;
}

ns_code ns_run_named_block(struct ns_eval_run *run, const char *name, int input_count,
                           const ns_tensor *const *inputs, ns_arena *results, int output_count,
                           ns_tensor *outputs, ns_error *error)
{
    const ns_block *block = ns_graph_find_block(run->graph, name);
    if (!block)
        return ns_fail(error, NS_ERROR_INPUT, "there is no region '%s' with a block to run",
                       name ? name : "");
    if (block->output_count != output_count)
        return ns_fail(error, NS_ERROR_INPUT, "block '%s' has %d outputs, not %d", name, block->output_count,
                       output_count);
    if (run->nesting == NS_EVAL_NESTING)
        return ns_fail(error, NS_ERROR_INPUT, "blocks are nested more than %d deep", NS_EVAL_NESTING);
    if (ns_budget_spend(run->budget, BLOCK_WORK, error) != NS_OK)
        return ns_add_context(error, "block '%s'", name);
    run->nesting++;
    ns_code code = ns_run_block(run, block, input_count, inputs, results, outputs, error);
    run->nesting--;
    return code;
}
