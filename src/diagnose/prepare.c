#include "diagnose/plan.h"

#include "base/interface.h"
#include "diagnose/internal.h"

static ns_code check_operator(const ns_dg_plan *plan, int index, ns_error *error)
{
    const ns_operator *op = ns_dg_operator(plan, index);
    if (op->op == NS_OP_CONST || op->op == NS_OP_CONST_SHAPE)
        return NS_OK;
    if (!ns_dg_can_evaluate(op->op) || op->output_count < 1)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "operator %d (%s): diagnose has no evaluation of it",
                       index, ns_op_text(op->op));
    const ns_tensor *out = ns_dg_tensor(plan, op->outputs[0]);
    if (!ns_dtype_is_integer(out->dtype) && out->dtype != NS_DTYPE_BOOL)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "operator %d (%s): results of type %s are not diagnosed",
                       index, ns_op_text(op->op), ns_dtype_text(out->dtype));
    return NS_OK;
}

/* Which tensors depend on constants alone, and who makes each. */
static ns_code find_constants(ns_dg_plan *plan, ns_error *error)
{
    const ns_block *block = plan->block;
    for (int i = 0; i < block->tensor_count; i++) {
        plan->producers[i] = plan->node_of[i] = plan->mean_of[i] = -1;
        plan->constant[i] = block->tensors[i].tensor.data != NULL && !block->tensors[i].is_variable;
    }
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *op = &block->operators[i];
        NS_TRY(check_operator(plan, i, error));
        bool all = true;
        for (int k = 0; k < op->input_count; k++)
            all = all && plan->constant[op->inputs[k]];
        plan->on_constants[i] = all;
        const int out = op->outputs[0];
        if (op->op == NS_OP_CONST || op->op == NS_OP_CONST_SHAPE)
            continue;
        plan->producers[out] = i;
        plan->constant[out] = all;
        for (int k = 1; k < op->output_count; k++) {
            plan->producers[op->outputs[k]] = i;
            plan->constant[op->outputs[k]] = all;
        }
    }
    return NS_OK;
}

/* Does a double copy of this constant serve anyone? Shapes, tables and packed weights are read otherwise. */
static bool wants_values(const ns_dg_plan *plan, int tensor)
{
    const ns_tensor *t = ns_dg_tensor(plan, tensor);
    return t->data && (ns_dtype_is_integer(t->dtype) || t->dtype == NS_DTYPE_BOOL);
}

static ns_code copy_values(ns_dg_plan *plan, ns_error *error)
{
    for (int i = 0; i < plan->block->tensor_count; i++) {
        if (!wants_values(plan, i))
            continue;
        const ns_tensor *t = ns_dg_tensor(plan, i);
        const size_t count = ns_tensor_count(t);
        plan->values[i] = NS_ARENA_ARRAY(plan->arena, count + 8, double);
        if (!plan->values[i])
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for constant '%s'", ns_dg_name(plan, i));
        for (size_t k = 0; k < count; k++)
            plan->values[i][k] = (double)ns_tensor_get(t, k);
    }
    return NS_OK;
}

ns_code ns_dg_plan_new(const ns_graph *graph, unsigned cpu_mask, ns_arena *arena, ns_dg_plan **out,
                       ns_error *error)
{
    ns_dg_plan *plan = NS_ARENA_NEW(arena, ns_dg_plan);
    if (!plan)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the diagnosis");
    const ns_block *block = &graph->regions[0].blocks[0];
    const size_t tensors = (size_t)block->tensor_count, operators = (size_t)block->operator_count;
    *plan = (ns_dg_plan){
        .graph = graph,
        .block = block,
        .arena = arena,
        .kernels = ns_kernels_get(cpu_mask),
        .names = NS_ARENA_ARRAY(arena, tensors, const char *),
        .producers = NS_ARENA_ARRAY(arena, tensors, int),
        .constant = NS_ARENA_ARRAY(arena, tensors, bool),
        .on_constants = NS_ARENA_ARRAY(arena, operators, bool),
        .node_of = NS_ARENA_ARRAY(arena, tensors, int),
        .values = NS_ARENA_ARRAY(arena, tensors, double *),
        .tables = NS_ARENA_ARRAY(arena, tensors, struct ns_dg_table *),
        .mean_of = NS_ARENA_ARRAY(arena, tensors, int),
    };
    for (int i = 0; plan->names && i < block->tensor_count; i++)
        plan->names[i] = ns_printable_copy(arena, block->tensors[i].name);
    if (!plan->names || !plan->producers || !plan->constant || !plan->on_constants || !plan->node_of ||
        !plan->values || !plan->tables || !plan->mean_of || ns_arena_was_short(arena))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the diagnosis");
    NS_TRY(find_constants(plan, error));
    NS_TRY(copy_values(plan, error));
    NS_TRY(ns_dg_find_stages(plan, error));
    NS_TRY(ns_dg_find_means(plan, error));
    *out = plan;
    return NS_OK;
}

void ns_dg_plan_close(ns_dg_plan *plan)
{
    for (int i = 0; plan && i < plan->table_arena_count; i++)
        ns_arena_free(plan->table_arenas[i]);
}
