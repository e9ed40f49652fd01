/* Operators that only move data run as eval runs them: it is given the bits of the doubles as 64-bit
 * integers. Operators on bits and counts, which have no real-valued self, run on the rounded integers. */
#include <math.h>

#include "diagnose/call.h"
#include "eval/call.h"
#include "npuscope/eval.h"

static const struct {
    ns_eval_function function;
} eval_functions[NS_OP_COUNT] = {
#define NS_EVAL_FUNCTION(op, function) [NS_OP_##op] = {ns_eval_##function},
#include "eval/functions.def"
#undef NS_EVAL_FUNCTION
};

typedef struct operands {
    ns_tensor *inputs;
    const ns_tensor **pointers;
    ns_tensor out;
    ns_tensor *outputs[1];
} operands;

static ns_code take_operands(const ns_dg_call *call, operands *o, ns_error *error)
{
    const size_t count = (size_t)call->op->input_count;
    o->inputs = NS_ARENA_ARRAY(call->worker->scratch, count, ns_tensor);
    o->pointers = NS_ARENA_ARRAY(call->worker->scratch, count, const ns_tensor *);
    if (!o->inputs || !o->pointers)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its operands");
    for (size_t i = 0; i < count; i++) {
        o->inputs[i] = *ns_dg_tensor(call->plan, call->op->inputs[i]);
        o->pointers[i] = &o->inputs[i];
    }
    o->out = *call->shape;
    o->outputs[0] = &o->out;
    return NS_OK;
}

static ns_code run(const ns_dg_call *call, operands *o, ns_error *error)
{
    ns_eval_call inner = {.block = call->plan->block,
                          .node = call->op,
                          .attributes = &call->op->attributes,
                          .input_count = call->op->input_count,
                          .inputs = o->pointers,
                          .output_count = 1,
                          .outputs = o->outputs,
                          .scratch = call->worker->scratch,
                          .kernels = &call->plan->kernels};
    return eval_functions[call->op->op].function(&inner, error);
}

/* Elements of a value as integers of the tensor's own type. */
static ns_code to_integers(const ns_dg_call *call, const ns_dg_value *value, ns_tensor *tensor,
                           ns_error *error)
{
    const size_t count = ns_tensor_count(tensor);
    const bool is_bool = tensor->dtype == NS_DTYPE_BOOL;
    const double low = is_bool ? 0 : (double)ns_dtype_min(tensor->dtype),
                 high = is_bool ? 1 : (double)ns_dtype_max(tensor->dtype);
    tensor->data = ns_arena_alloc(call->worker->scratch, count, (size_t)ns_dtype_bytes(tensor->dtype));
    if (!tensor->data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its operands");
    for (size_t i = 0; i < count; i++)
        ns_tensor_set(tensor, i, (int64_t)fmin(fmax(rint(value->data[i] * value->scale), low), high));
    return NS_OK;
}

/* Is operand `i` moved, rather than saying where to? */
static bool is_moved(ns_op op, int i, ns_dtype dtype)
{
    if (dtype == NS_DTYPE_SHAPE)
        return false;
    if (op == NS_OP_SELECT)
        return i > 0;
    return (op != NS_OP_GATHER && op != NS_OP_SCATTER) || i != 1;
}

ns_code ns_dg_op_move(ns_dg_call *call, ns_error *error)
{
    operands o;
    NS_TRY(take_operands(call, &o, error));
    NS_TRY(ns_dg_make(call, error));
    call->out->integer = true;
    for (int i = 0; i < call->op->input_count; i++) {
        const ns_dg_value *value = &call->worker->locals[call->op->inputs[i]];
        ns_tensor *tensor = &o.inputs[i];
        if (tensor->dtype == NS_DTYPE_SHAPE)
            continue;
        if (!is_moved(call->op->op, i, tensor->dtype)) {
            NS_TRY(to_integers(call, value, tensor, error));
            continue;
        }
        tensor->dtype = NS_DTYPE_INT48; /* 64 bits in memory */
        tensor->data = value->data;
        call->out->integer = call->out->integer && value->integer;
        if (value->scale == 1)
            continue;
        const size_t count = ns_tensor_count(tensor);
        double *copy = ns_dg_scratch(call, count);
        if (!copy)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", count);
        for (size_t k = 0; k < count; k++)
            copy[k] = value->data[k] * value->scale;
        tensor->data = copy;
    }
    o.out.dtype = NS_DTYPE_INT48;
    o.out.data = call->out->data;
    return run(call, &o, error);
}

ns_code ns_dg_op_alias(ns_dg_call *call, ns_error *error)
{
    (void)error;
    *call->out = *call->inputs[0];
    if (call->out->array)
        call->out->array->references++;
    return NS_OK;
}

ns_code ns_dg_op_on_integers(ns_dg_call *call, ns_error *error)
{
    operands o;
    NS_TRY(take_operands(call, &o, error));
    NS_TRY(ns_dg_make(call, error));
    for (int i = 0; i < call->op->input_count; i++)
        if (o.inputs[i].dtype != NS_DTYPE_SHAPE)
            NS_TRY(to_integers(call, &call->worker->locals[call->op->inputs[i]], &o.inputs[i], error));
    o.out.data = ns_arena_alloc(call->worker->scratch, call->count, (size_t)ns_dtype_bytes(o.out.dtype));
    if (!o.out.data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its result");
    NS_TRY(run(call, &o, error));
    for (size_t i = 0; i < call->count; i++)
        call->out->data[i] = (double)ns_tensor_get(&o.out, i);
    call->out->integer = true;
    return NS_OK;
}

/* ---- control flow ---- */

/* The operator as a graph of its own: each of its operands is an input, constants too. */
static ns_code single_operator(ns_dg_call *call, ns_graph *graph, ns_error *error)
{
    const ns_block *whole = call->plan->block;
    ns_arena *scratch = call->worker->scratch;
    ns_region *regions =
        ns_arena_copy(scratch, graph->regions, (size_t)graph->region_count * sizeof *graph->regions);
    ns_block *blocks =
        ns_arena_copy(scratch, graph->regions[0].blocks,
                      (size_t)graph->regions[0].block_count * sizeof *graph->regions[0].blocks);
    ns_graph_tensor *tensors =
        ns_arena_copy(scratch, whole->tensors, (size_t)whole->tensor_count * sizeof *whole->tensors);
    ns_operator *op = ns_arena_copy(scratch, call->op, sizeof *call->op);
    int *inputs = NS_ARENA_ARRAY(scratch, (size_t)call->op->input_count, int);
    if (!regions || !blocks || !tensors || !op || !inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its blocks");
    int count = 0;
    for (int i = 0; i < op->input_count; i++) {
        bool known = false;
        for (int k = 0; k < count; k++)
            known = known || inputs[k] == op->inputs[i];
        tensors[op->inputs[i]].tensor.data = NULL;
        if (!known)
            inputs[count++] = op->inputs[i];
    }
    blocks[0].tensors = tensors;
    blocks[0].operators = op;
    blocks[0].operator_count = 1;
    blocks[0].inputs = inputs;
    blocks[0].input_count = count;
    blocks[0].outputs = op->outputs;
    blocks[0].output_count = op->output_count;
    regions[0].blocks = blocks;
    graph->regions = regions;
    return NS_OK;
}

/* COND_IF, WHILE_LOOP: their blocks run as TOSA says, on rounded operands. What they compute is taken for
 * exact: nothing inside them is judged. */
ns_code ns_dg_op_control(ns_dg_call *call, ns_error *error)
{
    ns_graph graph = *call->plan->graph;
    NS_TRY(single_operator(call, &graph, error));
    const ns_block *block = &graph.regions[0].blocks[0];
    ns_arena *scratch = call->worker->scratch;
    ns_tensor *inputs = NS_ARENA_ARRAY(scratch, (size_t)block->input_count, ns_tensor);
    ns_tensor *results = NS_ARENA_ARRAY(scratch, (size_t)block->output_count, ns_tensor);
    if (!inputs || !results)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its operands");
    for (int i = 0; i < block->input_count; i++) {
        inputs[i] = block->tensors[block->inputs[i]].tensor;
        NS_TRY(to_integers(call, &call->worker->locals[block->inputs[i]], &inputs[i], error));
    }
    const ns_eval_options options = {.budget = call->worker->pool.budget};
    NS_TRY(ns_eval(&graph, &options, inputs, block->input_count, scratch, results, error));
    for (int k = 0; k < block->output_count; k++) {
        ns_dg_call one = *call;
        one.out = &call->worker->locals[call->op->outputs[k]];
        one.count = ns_tensor_count(&results[k]);
        NS_TRY(ns_dg_make(&one, error));
        for (size_t i = 0; i < one.count; i++)
            one.out->data[i] = (double)ns_tensor_get(&results[k], i);
        one.out->integer = true;
    }
    return NS_OK;
}
