/* Cuts and stages (plan.h). */
#include <stdlib.h>
#include <string.h>

#include "diagnose/plan.h"

bool ns_dg_moves(ns_op op)
{
    switch (op) {
    case NS_OP_RESHAPE:
    case NS_OP_TRANSPOSE:
    case NS_OP_SLICE:
    case NS_OP_CONCAT:
    case NS_OP_PAD:
    case NS_OP_TILE:
    case NS_OP_IDENTITY:
    case NS_OP_REVERSE:
    case NS_OP_GATHER:
    case NS_OP_SCATTER:
    case NS_OP_REDUCE_MAX:
    case NS_OP_REDUCE_MIN:
    case NS_OP_MAX_POOL2D:
    case NS_OP_CLAMP:
        return true;
    default:
        return false;
    }
}

static bool is_stored(ns_dtype dtype)
{
    return dtype == NS_DTYPE_INT8 || dtype == NS_DTYPE_INT16;
}

static bool is_cut(const ns_dg_plan *plan, int index)
{
    const ns_operator *op = ns_dg_operator(plan, index);
    const ns_dtype dtype = ns_dg_tensor(plan, op->outputs[0])->dtype;
    if (plan->on_constants[index] || !is_stored(dtype))
        return false;
    return op->op == NS_OP_RESCALE || op->op == NS_OP_AVG_POOL2D || op->op == NS_OP_CAST ||
           (op->op == NS_OP_TABLE && dtype == NS_DTYPE_INT8);
}

/* What collecting the stages needs, once for all of them: a stack of its own, for graphs may be deep. */
typedef struct collecting {
    int *stack;
    int *operators, *sources; /* of the stage at hand */
    int *inside, *read;       /* of each operator and node: the last stage that took it */
} collecting;

/* Collects the operators of the stage that ends at the node's tensor, and the nodes it reads. */
static void collect(const ns_dg_plan *plan, int index, collecting *c)
{
    ns_dg_node *node = &plan->nodes[index];
    int depth = 0;
    c->stack[depth++] = node->tensor;
    while (depth) {
        const int t = c->stack[--depth], source = plan->node_of[t], producer = plan->producers[t];
        if (t != node->tensor && source >= 0) {
            if (c->read[source] != index)
                c->sources[node->source_count++] = source;
            c->read[source] = index;
            continue;
        }
        if (producer < 0 || c->inside[producer] == index)
            continue;
        c->inside[producer] = index;
        c->operators[node->operator_count++] = producer;
        const ns_operator *op = ns_dg_operator(plan, producer);
        for (int k = 0; k < op->input_count; k++)
            c->stack[depth++] = op->inputs[k];
    }
}

static int by_number(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void name_stage(const ns_dg_plan *plan, ns_dg_node *node)
{
    int last = -1, rescale = -1, working = -1;
    node->table = -1;
    for (int i = 0; i < node->operator_count; i++) {
        const int index = node->operators[i];
        const ns_op op = ns_dg_operator(plan, index)->op;
        if (plan->on_constants[index])
            continue;
        last = index;
        if (op == NS_OP_RESCALE)
            rescale = index;
        else if (!ns_dg_moves(op) && op != NS_OP_CAST)
            working = index;
        if (op == NS_OP_TABLE && node->table < 0)
            node->table = index;
    }
    node->named = working >= 0 ? working : rescale >= 0 ? rescale : last;
}

/* The operator that stores the stage's result, looking through what only moves it, and its zero point. */
static void find_final(const ns_dg_plan *plan, ns_dg_node *node)
{
    node->final = -1;
    node->zero = 0;
    for (int t = node->tensor; plan->producers[t] >= 0 && !plan->constant[t];) {
        const int index = plan->producers[t];
        const ns_operator *op = ns_dg_operator(plan, index);
        const bool final = op->op == NS_OP_RESCALE || op->op == NS_OP_AVG_POOL2D || op->op == NS_OP_CAST ||
                           op->op == NS_OP_TABLE;
        if (node->final < 0 && final && (t == node->tensor || plan->node_of[t] < 0))
            node->final = index;
        if (op->op == NS_OP_RESCALE && plan->constant[op->inputs[4]])
            node->zero =
                ns_tensor_count(ns_dg_tensor(plan, op->inputs[4])) && ns_dg_tensor(plan, op->inputs[4])->data
                    ? ns_dg_constant(plan, op->inputs[4], 0)
                    : 0;
        if (final || !(ns_dg_moves(op->op)))
            return;
        t = op->inputs[0];
    }
}

static double work_of(const ns_dg_plan *plan, const ns_dg_node *node)
{
    double work = 0;
    for (int i = 0; i < node->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(plan, node->operators[i]);
        work += (double)ns_operator_macs(plan->block, op) / 8;
        work += (double)ns_tensor_count(ns_dg_tensor(plan, op->outputs[0])) + 500;
    }
    return work;
}

/* A stage is often one or two operators: the time to collect it does not depend on the graph's length. */
static ns_code fill_stage(ns_dg_plan *plan, int index, collecting *c, ns_error *error)
{
    ns_dg_node *node = &plan->nodes[index];
    collect(plan, index, c);
    if (node->operator_count > 1)
        qsort(c->operators, (size_t)node->operator_count, sizeof *c->operators, by_number);
    node->sources = ns_arena_copy(plan->arena, c->sources, (size_t)node->source_count * sizeof(int));
    node->operators = ns_arena_copy(plan->arena, c->operators, (size_t)node->operator_count * sizeof(int));
    if (!node->sources || !node->operators)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a stage");
    name_stage(plan, node);
    find_final(plan, node);
    node->work = work_of(plan, node);
    return NS_OK;
}

static void add_node(ns_dg_plan *plan, int tensor)
{
    const ns_tensor *t = ns_dg_tensor(plan, tensor);
    const int index = plan->node_count++;
    plan->node_of[tensor] = index;
    plan->nodes[index] = (ns_dg_node){.tensor = tensor,
                                      .count = ns_tensor_count(t),
                                      .final = -1,
                                      .named = -1,
                                      .table = -1,
                                      .last_user = -1,
                                      .output = -1,
                                      .low = t->dtype == NS_DTYPE_BOOL ? 0 : (double)ns_dtype_min(t->dtype),
                                      .high = t->dtype == NS_DTYPE_BOOL ? 1 : (double)ns_dtype_max(t->dtype)};
}

/* Nothing is to be said about an output that is an input or depends on constants alone. */
static void find_outputs(const ns_dg_plan *plan, bool *is_output)
{
    const ns_block *block = plan->block;
    for (int i = 0; i < block->output_count; i++)
        is_output[block->outputs[i]] = !plan->constant[block->outputs[i]];
}

static ns_code find_users(ns_dg_plan *plan, ns_error *error)
{
    for (int i = 0; i < plan->node_count; i++)
        for (int k = 0; k < plan->nodes[i].source_count; k++)
            plan->nodes[plan->nodes[i].sources[k]].user_count++;
    for (int i = 0; i < plan->node_count; i++) {
        ns_dg_node *node = &plan->nodes[i];
        node->users = NS_ARENA_ARRAY(plan->arena, (size_t)node->user_count, int);
        if (!node->users)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stages");
        node->user_count = 0;
    }
    for (int i = 0; i < plan->node_count; i++)
        for (int k = 0; k < plan->nodes[i].source_count; k++) {
            ns_dg_node *source = &plan->nodes[plan->nodes[i].sources[k]];
            source->users[source->user_count++] = i;
            source->last_user = i;
        }
    return NS_OK;
}

/* An input's zero point is the one that its first RESCALE or convolution takes off. */
static void find_input_zeros(ns_dg_plan *plan)
{
    const ns_block *block = plan->block;
    for (int i = block->operator_count; i-- > 0;) {
        const ns_operator *op = &block->operators[i];
        if (op->input_count < 4 || plan->node_of[op->inputs[0]] < 0 ||
            (op->op != NS_OP_RESCALE && op->op != NS_OP_CONV2D && op->op != NS_OP_DEPTHWISE_CONV2D) ||
            !ns_dg_tensor(plan, op->inputs[3])->data)
            continue;
        plan->nodes[plan->node_of[op->inputs[0]]].zero = ns_dg_constant(plan, op->inputs[3], 0);
    }
}

static ns_code begin_collecting(ns_dg_plan *plan, collecting *c, ns_error *error)
{
    const ns_block *block = plan->block;
    const size_t operators = (size_t)block->operator_count, inputs = (size_t)block->input_count;
    size_t operands = 1, results = 0;
    for (size_t i = 0; i < operators; i++) {
        operands += (size_t)block->operators[i].input_count;
        results += (size_t)block->operators[i].output_count;
    }
    plan->nodes = NS_ARENA_ARRAY(plan->arena, results + inputs, ns_dg_node);
    plan->outputs = NS_ARENA_ARRAY(plan->arena, results, int);
    c->stack = NS_ARENA_ARRAY(plan->arena, operands, int);
    c->operators = NS_ARENA_ARRAY(plan->arena, operators, int);
    c->inside = NS_ARENA_ARRAY(plan->arena, operators, int);
    c->sources = NS_ARENA_ARRAY(plan->arena, results + inputs, int);
    c->read = NS_ARENA_ARRAY(plan->arena, results + inputs, int);
    if (!plan->nodes || !plan->outputs || !c->stack || !c->operators || !c->inside || !c->sources || !c->read)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stages");
    memset(c->inside, -1, operators * sizeof *c->inside);
    memset(c->read, -1, (results + inputs) * sizeof *c->read);
    return NS_OK;
}

static ns_code add_stages(ns_dg_plan *plan, const bool *is_output, collecting *c, ns_error *error)
{
    const ns_block *block = plan->block;
    for (int i = 0; i < block->operator_count; i++) {
        for (int k = 0; k < block->operators[i].output_count; k++) {
            const int out = block->operators[i].outputs[k];
            if (plan->producers[out] != i || !((k == 0 && is_cut(plan, i)) || is_output[out]))
                continue;
            add_node(plan, out);
            NS_TRY(fill_stage(plan, plan->node_count - 1, c, error));
            if (is_output[out]) {
                plan->nodes[plan->node_count - 1].output = plan->output_count;
                plan->outputs[plan->output_count++] = plan->node_count - 1;
            }
        }
    }
    return NS_OK;
}

ns_code ns_dg_find_stages(ns_dg_plan *plan, ns_error *error)
{
    const ns_block *block = plan->block;
    collecting c;
    NS_TRY(begin_collecting(plan, &c, error));
    bool *is_output = NS_ARENA_ARRAY(plan->arena, (size_t)block->tensor_count, bool);
    if (!is_output)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stages");
    find_outputs(plan, is_output);
    for (int i = 0; i < block->input_count; i++)
        add_node(plan, block->inputs[i]);
    plan->input_count = plan->node_count;
    find_input_zeros(plan);
    NS_TRY(add_stages(plan, is_output, &c, error));
    if (!plan->output_count)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "no output of the graph depends on an input");
    return find_users(plan, error);
}
