#include "diagnose/internal.h"

#include <stdlib.h>
#include <string.h>

#include "diagnose/call.h"
#include "eval/interface.h"

static const struct {
    ns_dg_function function;
    bool jumps;
} functions[NS_OP_COUNT] = {
#define NS_DG_OPERATOR(op, function, jumps) [NS_OP_##op] = {ns_dg_op_##function, jumps},
#include "diagnose/operators.def"
#undef NS_DG_OPERATOR
};

bool ns_dg_can_evaluate(ns_op op)
{
    return functions[op].function != NULL;
}

bool ns_dg_jumps(ns_op op)
{
    return functions[op].jumps;
}

ns_code ns_dg_worker_open(ns_dg_worker *worker, const ns_dg_plan *plan, ns_error *error)
{
    *worker = (ns_dg_worker){.plan = plan, .scratch = ns_arena_new_like(plan->arena), .fine_step = 128};
    worker->pool.budget = ns_arena_budget(plan->arena);
    const size_t tensors = (size_t)plan->block->tensor_count;
    ns_arena *arena = worker->scratch;
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a thread's work");
    worker->locals = calloc(tensors + 1, sizeof *worker->locals);
    worker->uses = calloc(tensors + 1, sizeof *worker->uses);
    if (!worker->locals || !worker->uses)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a thread's work");
    return NS_OK;
}

void ns_dg_worker_close(ns_dg_worker *worker)
{
    ns_dg_pool_free(&worker->pool);
    ns_arena_free(worker->scratch);
    free(worker->locals);
    free(worker->uses);
}

/* A constant of the file, or what stands for it. */
static ns_dg_value constant_value(const ns_dg_worker *worker, int tensor, unsigned mode)
{
    const ns_dg_plan *plan = worker->plan;
    if (worker->overrides && worker->overrides->values[tensor])
        return (ns_dg_value){.data = worker->overrides->values[tensor], .scale = 1};
    if (plan->mean_of[tensor] >= 0 && !(mode & NS_DG_CONSTANT))
        return (ns_dg_value){.data = &plan->means[plan->mean_of[tensor]].ideal, .scale = 1};
    return (ns_dg_value){.data = plan->values[tensor], .scale = 1, .integer = true};
}

static void forget(ns_dg_worker *worker, int tensor)
{
    ns_dg_give(&worker->pool, worker->locals[tensor].array);
    worker->locals[tensor] = (ns_dg_value){0};
}

/* The operand is a source of the stage, a result within it, or a constant. */
static void prepare_operand(ns_dg_worker *worker, int node, int tensor, unsigned mode, ns_dg_read read,
                            void *context)
{
    const ns_dg_plan *plan = worker->plan;
    if (worker->locals[tensor].data)
        return;
    if (plan->node_of[tensor] >= 0 && plan->node_of[tensor] != node)
        worker->locals[tensor] = read(context, plan->node_of[tensor]);
    else if (plan->values[tensor])
        worker->locals[tensor] = constant_value(worker, tensor, mode);
}

static ns_code run_operator(ns_dg_worker *worker, int node, int index, unsigned mode, ns_dg_read read,
                            void *context, ns_error *error)
{
    const ns_dg_plan *plan = worker->plan;
    const ns_operator *op = ns_dg_operator(plan, index);
    if (op->op == NS_OP_CONST || op->op == NS_OP_CONST_SHAPE)
        return NS_OK;
    ns_dg_call call = {
        .worker = worker,
        .plan = plan,
        .op = op,
        .index = index,
        .mode = worker->only_inner && worker->only_inner != index + 1 ? mode & ~(unsigned)NS_DG_INNER : mode,
        .final = index == plan->nodes[node].final,
        .shape = ns_dg_tensor(plan, op->outputs[0]),
        .out = &worker->locals[op->outputs[0]]};
    call.count = ns_tensor_count(call.shape);
    if (ns_budget_spend(worker->pool.budget, ns_eval_work(plan->block, op), error) != NS_OK)
        return ns_add_context(error, "operator %d (%s)", index, ns_op_text(op->op));
    for (int k = 0; k < op->input_count; k++) {
        prepare_operand(worker, node, op->inputs[k], mode, read, context);
        if (k < 8) {
            call.inputs[k] = &worker->locals[op->inputs[k]];
            call.shapes[k] = ns_dg_tensor(plan, op->inputs[k]);
        }
    }
    ns_arena_reset(worker->scratch);
    const ns_code code = functions[op->op].function(&call, error);
    ns_dg_give_all(&worker->pool, &worker->lent);
    if (code != NS_OK && error)
        ns_add_context(error, "operator %d (%s)", index, ns_op_text(op->op));
    for (int k = 0; k < op->input_count; k++)
        if (--worker->uses[op->inputs[k]] == 0)
            forget(worker, op->inputs[k]);
    return code;
}

static void count_uses(ns_dg_worker *worker, const ns_dg_node *node, int kept)
{
    for (int i = 0; i < node->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(worker->plan, node->operators[i]);
        for (int k = 0; k < op->input_count; k++)
            worker->uses[op->inputs[k]]++;
    }
    worker->uses[kept]++;
}

/* After an error, and for what an inner look left behind. */
static void clear(ns_dg_worker *worker, const ns_dg_node *node)
{
    for (int i = 0; i < node->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(worker->plan, node->operators[i]);
        for (int k = 0; k < op->input_count; k++) {
            forget(worker, op->inputs[k]);
            worker->uses[op->inputs[k]] = 0;
        }
        for (int k = 0; k < op->output_count; k++) {
            forget(worker, op->outputs[k]);
            worker->uses[op->outputs[k]] = 0;
        }
    }
}

/* The result leaves with an array of its own. */
static ns_code hand_over(ns_dg_worker *worker, ns_dg_value *value, size_t count, ns_dg_value *out,
                         ns_error *error)
{
    *out = *value;
    if (value->array && value->array->references == 1) {
        *value = (ns_dg_value){0};
    } else {
        out->array = ns_dg_take(&worker->pool, count);
        if (!out->array)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", count);
        memcpy(out->array->data, value->data, count * sizeof(double));
        out->data = out->array->data;
    }
    return NS_OK;
}

ns_code ns_dg_evaluate_inside(ns_dg_worker *worker, int index, int tensor, unsigned mode, ns_dg_read read,
                              void *context, ns_dg_value *out, ns_error *error)
{
    const ns_dg_node *node = &worker->plan->nodes[index];
    ns_code code = NS_OK;
    count_uses(worker, node, tensor);
    for (int i = 0; i < node->operator_count && code == NS_OK; i++)
        code = run_operator(worker, index, node->operators[i], mode, read, context, error);
    prepare_operand(worker, index, tensor, mode, read, context);
    if (code == NS_OK)
        code = worker->locals[tensor].data
                   ? hand_over(worker, &worker->locals[tensor],
                               ns_tensor_count(ns_dg_tensor(worker->plan, tensor)), out, error)
                   : ns_fail(error, NS_ERROR_INTERNAL, "tensor '%s' has no value in its stage",
                             ns_dg_name(worker->plan, tensor));
    clear(worker, node);
    return code;
}

ns_code ns_dg_evaluate_stage(ns_dg_worker *worker, int index, unsigned mode, ns_dg_read read, void *context,
                             ns_dg_value *out, ns_error *error)
{
    return ns_dg_evaluate_inside(worker, index, worker->plan->nodes[index].tensor, mode, read, context, out,
                                 error);
}
