/* Runs blocks: operators that follow each other and go through the same rows as chains (eval/chain.h), the
 * others one by one. */
#include "npuscope/eval.h"

#include <string.h>

#include "eval/chain_run.h"
#include "eval/plan.h"
#include "eval/work.h"

/* Specification 1.0, no level: MAX_NESTING. The validator holds graphs to level 8K, which allows 6
 * (tosa/operand_info.h). */
#define NESTING_LIMIT 256
/* Work that a block's run is charged beside that of its operators, so that loops without end are given up
 * within seconds: with the default budget after 2^20 rounds of a condition and a body. */
#define BLOCK_WORK (NS_BUDGET_DEFAULT_WORK >> 21)

/* A block's chains, once they are found. */
typedef struct planned {
    const ns_block *block;
    ns_plan plan;
    struct planned *next;
} planned;

struct ns_eval_run {
    const ns_graph *graph;
    const ns_eval_options *options; /* may be NULL */
    ns_kernels kernels;
    ns_arena *arena;         /* what lives as long as the run */
    ns_arena *scratch;       /* what lives as long as an operator */
    ns_arena *chain_scratch; /* what lives as long as a chain's run */
    ns_store store;
    planned *plans;
    ns_budget *budget;
    int nesting;
    ns_arena
        *frames[NESTING_LIMIT + 1]; /* of the blocks that run inside each other; kept for the next ones */
    ns_eval_variables variables;
};

/* One run of a block. */
typedef struct frame {
    struct ns_eval_run *run;
    const ns_block *block;
    ns_value *values;
    ns_arena *arena;   /* lives as long as the frame */
    ns_arena *results; /* the caller's, for the outputs' data */
} frame;

static const struct {
    ns_eval_function function;
} functions[NS_OP_COUNT] = {
#define NS_EVAL_FUNCTION(op, function) [NS_OP_##op] = {ns_eval_##function},
#include "eval/functions.def"
#undef NS_EVAL_FUNCTION
};

/* An operator may run other blocks: ns_graph_find_block says which. */
static ns_code run_named_block(struct ns_eval_run *run, const char *name, int input_count,
                               const ns_tensor *const *inputs, ns_arena *results, int output_count,
                               ns_tensor *outputs, ns_error *error);

/* A variable's tensor has a name, but no data: only the operators that know variables may take one. */
static ns_code check_variables(const ns_block *block, const ns_operator *op, ns_error *error)
{
    if (op->op == NS_OP_VARIABLE || op->op == NS_OP_VARIABLE_READ || op->op == NS_OP_VARIABLE_WRITE)
        return NS_OK;
    const int *operands[2] = {op->inputs, op->outputs}, counts[2] = {op->input_count, op->output_count};
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < counts[side]; i++)
            if (block->tensors[operands[side][i]].is_variable)
                return ns_fail(error, NS_ERROR_INPUT, "variable '%s' is an operand: VARIABLE_READ reads one",
                               block->tensors[operands[side][i]].name);
    return NS_OK;
}

static ns_code run_operator(frame *f, const ns_operator *op, ns_error *error)
{
    struct ns_eval_run *run = f->run;
    const ns_block *block = f->block;
    ns_value *values = f->values;
    ns_eval_call call = {
        .run = run,
        .run_block = run_named_block,
        .variables = &run->variables,
        .block = block,
        .node = op,
        .attributes = &op->attributes,
        .input_count = op->input_count,
        .output_count = op->output_count,
        .scratch = run->scratch,
        .budget = run->budget,
        .kernels = &run->kernels,
    };
    if (!functions[op->op].function)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "this operator is not evaluated");
    NS_TRY(check_variables(block, op, error));
    for (int i = 0; i < op->input_count; i++)
        if (!values[op->inputs[i]].present && !block->tensors[op->inputs[i]].is_variable)
            return ns_fail(error, NS_ERROR_INPUT, "tensor '%s' is read before it has a value",
                           block->tensors[op->inputs[i]].name);
    NS_TRY(ns_budget_spend(run->budget, ns_eval_work(block, op) + NS_EVAL_OPERATOR_WORK, error));
    /* RESHAPE and IDENTITY leave the elements where they are. */
    if ((op->op == NS_OP_RESHAPE || op->op == NS_OP_IDENTITY) && op->input_count > 0 &&
        op->output_count == 1 && ns_value_share(&values[op->inputs[0]], &values[op->outputs[0]]))
        return NS_OK;
    /* Operators that run blocks come back here, where the scratch is reset: their lists must outlive it. */
    ns_arena *lists = op->op == NS_OP_COND_IF || op->op == NS_OP_WHILE_LOOP ? f->arena : run->scratch;
    call.inputs = NS_ARENA_ARRAY(lists, (size_t)op->input_count, const ns_tensor *);
    call.outputs = NS_ARENA_ARRAY(lists, (size_t)op->output_count, ns_tensor *);
    if (!call.inputs || !call.outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its operands");
    for (int i = 0; i < op->input_count; i++)
        call.inputs[i] = &values[op->inputs[i]].tensor;
    for (int i = 0; i < op->output_count; i++) {
        ns_value *v = &values[op->outputs[i]];
        /* A variable as an operand is its name; op_variable.c keeps the values. */
        if (block->tensors[op->outputs[i]].is_variable)
            v->buffer = NULL;
        else if (!v->present)
            NS_TRY(ns_value_make(v, &run->store, f->results, error));
        else if (v->buffer == NULL && op->op != NS_OP_CONST && op->op != NS_OP_CONST_SHAPE)
            return ns_fail(error, NS_ERROR_INPUT, "tensor '%s' is written twice",
                           block->tensors[op->outputs[i]].name);
        call.outputs[i] = &v->tensor;
    }
    return functions[op->op].function(&call, error);
}

static ns_code start_values(frame *f, int input_count, const ns_tensor *const *inputs, ns_error *error)
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
static ns_code hand_over(frame *f, int index, ns_tensor *out, ns_error *error)
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
static ns_code hand_tap(frame *f, int index, ns_error *error)
{
    const ns_operator *op = &f->block->operators[index];
    const ns_eval_options *options = f->run->options;
    for (int i = 0; i < op->output_count; i++) {
        const ns_eval_tap tap = {index, i, f->block->tensors[op->outputs[i]].name,
                                 &f->values[op->outputs[i]].tensor};
        if (tap.data->data && !f->block->tensors[op->outputs[i]].is_variable)
            NS_TRY(options->tap(options->context, &tap, error));
    }
    return NS_OK;
}

/* The chains of a block; NULL where it runs operator by operator. A tap sees every tensor of the main block.
 */
static ns_code find_plan(struct ns_eval_run *run, const ns_block *block, const ns_plan **plan,
                         ns_error *error)
{
    const ns_eval_options *options = run->options;
    *plan = NULL;
    if (options && (options->no_chains || (options->tap && block == &run->graph->regions[0].blocks[0])))
        return NS_OK;
    planned *p = run->plans;
    while (p && p->block != block)
        p = p->next;
    if (!p) {
        p = NS_ARENA_NEW(run->arena, planned);
        if (!p)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory to plan a run");
        *p = (planned){.block = block, .next = run->plans};
        NS_TRY(ns_plan_make(block, run->arena, &p->plan, error));
        run->plans = p;
    }
    *plan = &p->plan;
    return NS_OK;
}

/* Runs the operator `index` and shows it. */
static ns_code run_one(frame *f, int index, ns_error *error)
{
    const ns_operator *op = &f->block->operators[index];
    ns_arena_reset(f->run->scratch);
    ns_code code = run_operator(f, op, error);
    if (code != NS_OK) {
        const char *name = op->output_count ? f->block->tensors[op->outputs[0]].name : "";
        if (error)
            ns_add_context(error, "operator %d (%s) '%s'", index, ns_op_text(op->op), name);
        return code;
    }
    if (f->run->options && f->run->options->tap && f->block == &f->run->graph->regions[0].blocks[0])
        NS_TRY(hand_tap(f, index, error));
    ns_values_done(f->values, op, &f->run->store);
    return NS_OK;
}

/* Runs a chain. False: nothing has happened, but that what was run ahead has its values. */
static bool run_chain(frame *f, const ns_chain *chain)
{
    struct ns_eval_run *run = f->run;
    for (int i = 0; i < chain->before_count; i++)
        if (!f->values[f->block->operators[chain->before[i]].outputs[0]].present) {
            ns_arena_reset(run->scratch);
            if (run_operator(f, &f->block->operators[chain->before[i]], NULL) != NS_OK)
                return false;
        }
    if (ns_budget_spend(run->budget, chain->work, NULL) != NS_OK)
        return false;
    ns_arena_reset(run->chain_scratch);
    const ns_chain_run links = {f->block,           f->values,     &run->store, f->results,
                                run->chain_scratch, &run->kernels, run->budget};
    if (!ns_chain_run_links(&links, chain)) {
        ns_budget_refund(run->budget, chain->work);
        return false;
    }
    for (int i = chain->first; i < chain->end; i++)
        ns_values_done(f->values, &f->block->operators[i], &run->store);
    return true;
}

/* What a chain that did not run has run ahead is forgotten, and run again in its turn. */
static void forget_ahead(frame *f, const ns_chain *chain)
{
    for (int i = 0; i < chain->before_count; i++)
        ns_value_release(&f->values[f->block->operators[chain->before[i]].outputs[0]], &f->run->store);
}

static ns_code run_frame(frame *f, int input_count, const ns_tensor *const *inputs, ns_tensor *outputs,
                         ns_error *error)
{
    const ns_block *block = f->block;
    const ns_plan *plan = NULL;
    NS_TRY(start_values(f, input_count, inputs, error));
    NS_TRY(find_plan(f->run, block, &plan, error));
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

static ns_code run_block(struct ns_eval_run *run, const ns_block *block, int input_count,
                         const ns_tensor *const *inputs, ns_arena *results, ns_tensor *outputs,
                         ns_error *error)
{
    ns_arena **arena = &run->frames[run->nesting];
    if (!*arena)
        *arena = ns_arena_new_within(run->budget);
    frame f = {.run = run, .block = block, .arena = *arena, .results = results};
    f.values = f.arena ? NS_ARENA_ARRAY(f.arena, (size_t)block->tensor_count, ns_value) : NULL;
    ns_code code = f.values ? run_frame(&f, input_count, inputs, outputs, error)
                            : ns_fail(error, NS_ERROR_MEMORY, "no memory for block '%s'", block->name);
    for (int i = 0; f.values && i < block->tensor_count; i++)
        ns_value_release(&f.values[i], &run->store);
    if (f.arena)
        ns_arena_reset(f.arena);
    return code;
}

static ns_code run_named_block(struct ns_eval_run *run, const char *name, int input_count,
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
    if (run->nesting == NESTING_LIMIT)
        return ns_fail(error, NS_ERROR_INPUT, "blocks are nested more than %d deep", NESTING_LIMIT);
    if (ns_budget_spend(run->budget, BLOCK_WORK, error) != NS_OK)
        return ns_add_context(error, "block '%s'", name);
    run->nesting++;
    ns_code code = run_block(run, block, input_count, inputs, results, outputs, error);
    run->nesting--;
    return code;
}

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
    return run_block(run, block, input_count, list, arena, outputs, error);
}

ns_code ns_eval(const ns_graph *graph, const ns_eval_options *options, const ns_tensor *inputs,
                int input_count, ns_arena *arena, ns_tensor *outputs, ns_error *error)
{
    if (graph->region_count < 1 || graph->regions[0].block_count < 1)
        return ns_fail(error, NS_ERROR_INPUT, "the graph has no block to run");
    ns_budget own;
    ns_budget *budget = options && options->budget ? options->budget : ns_arena_budget(arena);
    if (!budget)
        ns_budget_open(budget = &own, 0, 0, 0);
    struct ns_eval_run run = {
        .graph = graph,
        .options = options,
        .kernels = ns_kernels_get(options ? options->cpu_mask : 0),
        .budget = budget,
        .arena = ns_arena_new_within(budget),
        .scratch = ns_arena_new_within(budget),
        .chain_scratch = ns_arena_new_within(budget),
    };
    run.variables.arena = run.arena;
    run.store = (ns_store){.arena = run.arena, .budget = budget};
    ns_code code = run.arena && run.scratch && run.chain_scratch
                       ? run_main(&run, inputs, input_count, arena, outputs, error)
                       : ns_fail(error, NS_ERROR_MEMORY, "no memory to run a graph");
    ns_store_close(&run.store);
    for (int i = 0; i <= NESTING_LIMIT; i++)
        ns_arena_free(run.frames[i]);
    ns_arena_free(run.chain_scratch);
    ns_arena_free(run.scratch);
    ns_arena_free(run.arena);
    return ns_budget_settle(budget, code, error);
}
