/* Runs blocks operator by operator. Tensors live in buffers that are reused when their last reader is done.
 */
#define _DEFAULT_SOURCE
#include "npuscope/eval.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "eval/call.h"
#include "eval/work.h"

/* Specification 1.0, no level: MAX_NESTING. The validator holds graphs to level 8K, which allows 6
 * (tosa/operand_info.h). */
#define NESTING_LIMIT 256
/* Work that a block's run is charged beside that of its operators, so that loops without end are given up
 * within seconds: with the default budget after 2^20 rounds of a condition and a body. */
#define BLOCK_WORK (NS_BUDGET_DEFAULT_WORK >> 21)
/* Work of an operator without elements: what its start costs. */
#define OPERATOR_WORK 256
/* Room behind each buffer, so that kernels may read whole vectors. */
#define SLACK 64
/* Buffers from this size on are laid out in the system's large pages where it has them: page faults are most
 * of what a large elementwise operator costs otherwise. */
#define LARGE_PAGE ((size_t)2 << 20)

typedef struct buffer {
    struct buffer *next_free, *next;
    void *data;
    size_t capacity;
    int references;
} buffer;

struct ns_eval_run {
    const ns_graph *graph;
    const ns_eval_options *options; /* may be NULL */
    ns_kernels kernels;
    ns_arena *arena;   /* what lives as long as the run */
    ns_arena *scratch; /* what lives as long as an operator */
    buffer *free;      /* buffers without readers */
    buffer *buffers;   /* all of them */
    ns_budget *budget;
    uint64_t memory; /* taken from the budget for buffers and results */
    int nesting;
    ns_arena
        *frames[NESTING_LIMIT + 1]; /* of the blocks that run inside each other; kept for the next ones */
    ns_eval_variables variables;
};

/* A block's tensor while it runs. */
typedef struct value {
    ns_tensor tensor;
    buffer *buffer; /* NULL: the data belong to the graph, to the caller or to the results */
    int readers;    /* operators still to read it, and 1 if it is an output of the block */
    bool present;
    bool is_result; /* an output of the block: its data are made in the caller's arena */
} value;

/* One run of a block. */
typedef struct frame {
    struct ns_eval_run *run;
    const ns_block *block;
    value *values;
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

static bool take_memory(struct ns_eval_run *run, size_t bytes)
{
    if (!ns_budget_take(run->budget, bytes))
        return false;
    run->memory += bytes;
    return true;
}

static ns_code take_buffer(struct ns_eval_run *run, size_t size, buffer **out, ns_error *error)
{
    buffer **best = NULL;
    for (buffer **link = &run->free; *link; link = &(*link)->next_free)
        if ((*link)->capacity >= size && (!best || (*link)->capacity < (*best)->capacity))
            best = link;
    /* One that is far too large is left for a tensor that needs it. */
    if (best && (*best)->capacity <= 4 * size + 4096) {
        *out = *best;
        *best = (*best)->next_free;
        (*out)->references = 1;
        return NS_OK;
    }
    buffer *fresh = NS_ARENA_NEW(run->arena, buffer);
    size_t alignment = size >= LARGE_PAGE ? LARGE_PAGE : 64;
    size_t capacity = (size + SLACK + alignment - 1) / alignment * alignment;
    if (fresh && take_memory(run, capacity))
        fresh->data = aligned_alloc(alignment, capacity);
#ifdef MADV_HUGEPAGE
    /* A refusal changes nothing but the time. */
    if (fresh && fresh->data && alignment == LARGE_PAGE)
        (void)madvise(fresh->data, capacity, MADV_HUGEPAGE);
#endif
    if (!fresh || !fresh->data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a tensor of %zu bytes", size);
    fresh->capacity = capacity - SLACK;
    fresh->references = 1;
    fresh->next = run->buffers;
    run->buffers = fresh;
    *out = fresh;
    return NS_OK;
}

static void release(struct ns_eval_run *run, value *v)
{
    if (v->buffer && --v->buffer->references == 0) {
        v->buffer->next_free = run->free;
        run->free = v->buffer;
    }
    v->buffer = NULL;
    v->present = false;
}

/* Gives an output its room. */
static ns_code make_room(frame *f, value *v, ns_error *error)
{
    size_t count = 0;
    NS_TRY(ns_shape_count(v->tensor.rank, v->tensor.shape, &count, error));
    int bytes = ns_dtype_bytes(v->tensor.dtype);
    if (!bytes)
        return ns_eval_unsupported_type(&v->tensor, error);
    if (v->is_result) {
        const size_t size = count * (size_t)bytes + SLACK;
        const bool is_charged = ns_arena_budget(f->results) == f->run->budget || take_memory(f->run, size);
        v->tensor.data = is_charged ? ns_arena_alloc(f->results, size, 1) : NULL;
        if (!v->tensor.data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a tensor of %zu elements", count);
    } else {
        NS_TRY(take_buffer(f->run, count * (size_t)bytes, &v->buffer, error));
        v->tensor.data = v->buffer->data;
    }
    v->present = true;
    return NS_OK;
}

/* RESHAPE and IDENTITY leave the elements where they are: the output shares the input's buffer. */
static bool share(const ns_operator *op, value *values)
{
    if ((op->op != NS_OP_RESHAPE && op->op != NS_OP_IDENTITY) || op->input_count < 1 || op->output_count != 1)
        return false;
    value *from = &values[op->inputs[0]], *to = &values[op->outputs[0]];
    if (to->is_result || from->tensor.dtype != to->tensor.dtype)
        return false;
    size_t count = 0;
    if (ns_shape_count(to->tensor.rank, to->tensor.shape, &count, NULL) != NS_OK ||
        count != ns_tensor_count(&from->tensor))
        return false;
    to->tensor.data = from->tensor.data;
    to->buffer = from->buffer;
    if (to->buffer)
        to->buffer->references++;
    to->present = true;
    return true;
}

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
    value *values = f->values;
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
    NS_TRY(ns_budget_spend(run->budget, ns_eval_work(block, op) + OPERATOR_WORK, error));
    if (share(op, values))
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
        value *v = &values[op->outputs[i]];
        /* A variable as an operand is its name; op_variable.c keeps the values. */
        if (block->tensors[op->outputs[i]].is_variable)
            v->buffer = NULL;
        else if (!v->present)
            NS_TRY(make_room(f, v, error));
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
    value *values = f->values;
    for (int i = 0; i < block->tensor_count; i++) {
        values[i].tensor = block->tensors[i].tensor;
        /* A variable's data are its first value; only VARIABLE_READ reads them. */
        values[i].present = values[i].tensor.data && !block->tensors[i].is_variable;
    }
    if (input_count != block->input_count)
        return ns_fail(error, NS_ERROR_INPUT, "block '%s' takes %d inputs, not %d", block->name,
                       block->input_count, input_count);
    for (int i = 0; i < input_count; i++) {
        value *v = &values[block->inputs[i]];
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
    value *v = &f->values[block->outputs[index]];
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

static ns_code run_frame(frame *f, int input_count, const ns_tensor *const *inputs, ns_tensor *outputs,
                         ns_error *error)
{
    const ns_block *block = f->block;
    value *values = f->values;
    NS_TRY(start_values(f, input_count, inputs, error));
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *op = &block->operators[i];
        ns_arena_reset(f->run->scratch);
        ns_code code = run_operator(f, op, error);
        if (code != NS_OK) {
            const char *name = op->output_count ? block->tensors[op->outputs[0]].name : "";
            if (error)
                ns_add_context(error, "operator %d (%s) '%s'", i, ns_op_text(op->op), name);
            return code;
        }
        if (f->run->options && f->run->options->tap && block == &f->run->graph->regions[0].blocks[0])
            NS_TRY(hand_tap(f, i, error));
        for (int k = 0; k < op->input_count; k++)
            if (--values[op->inputs[k]].readers == 0)
                release(f->run, &values[op->inputs[k]]);
        for (int k = 0; k < op->output_count; k++)
            if (values[op->outputs[k]].readers == 0)
                release(f->run, &values[op->outputs[k]]);
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
    f.values = f.arena ? NS_ARENA_ARRAY(f.arena, (size_t)block->tensor_count, value) : NULL;
    ns_code code = f.values ? run_frame(&f, input_count, inputs, outputs, error)
                            : ns_fail(error, NS_ERROR_MEMORY, "no memory for block '%s'", block->name);
    for (int i = 0; f.values && i < block->tensor_count; i++)
        release(run, &f.values[i]);
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
    };
    run.variables.arena = run.arena;
    ns_code code = run.arena && run.scratch ? run_main(&run, inputs, input_count, arena, outputs, error)
                                            : ns_fail(error, NS_ERROR_MEMORY, "no memory to run a graph");
    for (buffer *b = run.buffers; b; b = b->next)
        free(b->data);
    for (int i = 0; i <= NESTING_LIMIT; i++)
        ns_arena_free(run.frames[i]);
    ns_arena_free(run.scratch);
    ns_arena_free(run.arena);
    ns_budget_give(budget, run.memory);
    return ns_budget_settle(budget, code, error);
}
