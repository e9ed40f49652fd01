/* The functions of a graph's tables, with the zero points of the tensors beside them. */
#include <math.h>

#include "diagnose/findings.h"

/* The zero point of a stored tensor: what its producer puts in, or else what a reader takes off; NAN: nobody
 * does. */
static double zero_of(const ns_dg_plan *plan, int tensor)
{
    const ns_block *block = plan->block;
    for (int t = tensor; plan->producers[t] >= 0;) {
        const ns_operator *op = ns_dg_operator(plan, plan->producers[t]);
        if (op->op == NS_OP_RESCALE)
            return plan->values[op->inputs[4]] ? plan->values[op->inputs[4]][0] : 0;
        if (!ns_dg_moves(op->op))
            break;
        t = op->inputs[0];
    }
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *op = &block->operators[i];
        const int zero = op->op == NS_OP_RESCALE || op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D
                             ? 3
                         : op->op == NS_OP_NEGATE || op->op == NS_OP_AVG_POOL2D ? 1
                                                                                : -1;
        if (zero > 0 && op->input_count > zero && op->inputs[0] == tensor && plan->values[op->inputs[zero]])
            return plan->values[op->inputs[zero]][0];
    }
    return NAN;
}

/* Behind a table come moves, then who takes the zero point off. */
static double zero_behind(const ns_dg_plan *plan, int tensor)
{
    const ns_block *block = plan->block;
    enum { STEPS = 16 };
    for (int step = 0; step < STEPS; step++) {
        const double zero = zero_of(plan, tensor);
        if (!isnan(zero))
            return zero;
        int next = -1;
        for (int i = 0; i < block->operator_count && next < 0; i++)
            if (ns_dg_moves(block->operators[i].op) && block->operators[i].inputs[0] == tensor)
                next = block->operators[i].outputs[0];
        if (next < 0)
            return NAN;
        tensor = next;
    }
    return NAN;
}

/* The TABLE whose result a node stores, looking through what only moves it; NULL: none. */
static const ns_dg_table *table_behind(const ns_dg_plan *plan, const ns_dg_node *node)
{
    for (int t = node->tensor; plan->producers[t] >= 0;
         t = ns_dg_operator(plan, plan->producers[t])->inputs[0]) {
        const ns_operator *op = ns_dg_operator(plan, plan->producers[t]);
        if (op->op == NS_OP_TABLE)
            return plan->tables[op->inputs[1]];
        if (!ns_dg_moves(op->op))
            break;
    }
    return NULL;
}

/* What a table stores has the zero point that its knots were made with. */
static void take_zero_points(ns_dg_plan *plan)
{
    for (int i = plan->input_count; i < plan->node_count; i++) {
        const ns_dg_table *table = table_behind(plan, &plan->nodes[i]);
        if (!table || table->knots == NS_DG_KNOTS)
            continue;
        plan->nodes[i].zero = table->zero_out;
        plan->nodes[i].zero_unknown = !table->zero_known;
    }
}

typedef struct identify {
    ns_dg_plan *plan;
    int *operators;
    ns_arena **arenas;
} identify;

static ns_code fit_table(ns_dg_session *session, ns_dg_worker *worker, int index, void *context,
                         ns_error *error)
{
    (void)session;
    (void)worker;
    identify *job = context;
    ns_dg_plan *plan = job->plan;
    const ns_operator *op = ns_dg_operator(plan, job->operators[index]);
    const bool wide = ns_dg_tensor(plan, op->inputs[1])->dtype == NS_DTYPE_INT16;
    const double zero_in = wide ? 0 : zero_of(plan, op->inputs[0]);
    return ns_dg_table_new(ns_dg_tensor(plan, op->inputs[1]), ns_dg_name(plan, op->inputs[1]),
                           isnan(zero_in) ? 0 : zero_in, wide ? 0 : zero_behind(plan, op->outputs[0]),
                           job->arenas[index], &plan->tables[op->inputs[1]], error);
}

ns_code ns_dg_identify(ns_dg_session *session, ns_dg_plan *plan, ns_error *error)
{
    const size_t operators = (size_t)plan->block->operator_count;
    identify job = {plan, NS_ARENA_ARRAY(plan->arena, operators, int),
                    NS_ARENA_ARRAY(plan->arena, operators, ns_arena *)};
    bool *seen = NS_ARENA_ARRAY(plan->arena, (size_t)plan->block->tensor_count, bool);
    int count = 0;
    if (!job.operators || !job.arenas || !seen)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the tables");
    for (int i = 0; i < plan->block->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(plan, i);
        if (op->op != NS_OP_TABLE || seen[op->inputs[1]] || !ns_dg_tensor(plan, op->inputs[1])->data)
            continue;
        seen[op->inputs[1]] = true;
        /* Each thread allocates: an arena is not shared. The plan's own keeps room for all of them. */
        job.arenas[count] = ns_arena_new_like(plan->arena);
        job.operators[count++] = i;
        if (!job.arenas[count - 1])
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the tables");
    }
    plan->table_arenas = job.arenas;
    plan->table_arena_count = count;
    NS_TRY(ns_dg_parallel(session, count, fit_table, &job, error));
    take_zero_points(plan);
    return NS_OK;
}
