#include "diagnose/plan.h"

#include <math.h>
#include <string.h>

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

/* ---- constants that are the 1/N of a mean, or an epsilon ---- */

/* Behind a REDUCE_SUM over N elements ExecuTorch multiplies by 1/N, a constant of its own scale. Where the
 * scale lies at its floor 2^-k, the code is round(2^k / N); the real factor is 2^k / N. */

/* Elements that the REDUCE_SUMs summed behind which `tensor` stands. */
static int64_t summed(const ns_dg_plan *plan, int tensor)
{
    enum { STEPS = 40 };
    int64_t count = 1;
    for (int step = 0; step < STEPS && plan->producers[tensor] >= 0; step++) {
        const ns_operator *op = ns_dg_operator(plan, plan->producers[tensor]);
        if (op->op == NS_OP_REDUCE_SUM)
            count *= ns_dg_tensor(plan, op->inputs[0])->shape[op->attributes.axis];
        else if (op->op != NS_OP_RESCALE && op->op != NS_OP_RESHAPE && op->op != NS_OP_TRANSPOSE)
            break;
        tensor = op->inputs[0];
    }
    return count;
}

/* The constant behind RESCALE and RESHAPE. */
static int root_of(const ns_dg_plan *plan, int tensor)
{
    while (plan->producers[tensor] >= 0 && plan->on_constants[plan->producers[tensor]]) {
        const ns_operator *op = ns_dg_operator(plan, plan->producers[tensor]);
        if (op->op != NS_OP_RESCALE && op->op != NS_OP_RESHAPE)
            break;
        tensor = op->inputs[0];
    }
    return tensor;
}

static bool recognise(double code, int64_t count, ns_dg_mean *mean)
{
    for (int k = 6; k < 32; k++)
        if (rint(ldexp(1, k) / (double)count) == code) {
            mean->exponent = k;
            mean->count = count;
            mean->ideal = ldexp(1, k) / (double)count;
            return true;
        }
    return false;
}

static void find(ns_dg_plan *plan, const ns_operator *op, int side)
{
    const int root = root_of(plan, op->inputs[side]);
    const ns_tensor *t = ns_dg_tensor(plan, root);
    if (!t->data || t->dtype != NS_DTYPE_INT16 || ns_tensor_count(t) != 1 || plan->mean_of[root] >= 0)
        return;
    const double code = ns_dg_constant(plan, root, 0);
    const int64_t count = summed(plan, op->inputs[1 - side]);
    ns_dg_mean mean = {.tensor = root};
    if (count > 1 && code > 0 && code < 32767 && recognise(code, count, &mean)) {
        plan->mean_of[root] = plan->mean_count;
        plan->means[plan->mean_count++] = mean;
    }
}

/* Epsilons that norms and logarithms add. Where the code is below the top its scale lies at the floor, one
 * power of two for the whole model: that of the means, where there are any, or else one that the quantiser is
 * given (ExecuTorch's default, and finer ones). */
static const double epsilons[] = {1e-5, 1e-6, 1e-3, 1e-4, 1e-8, 1e-12};
static const int floors[] = {12, 16, 24};

/* The only epsilon at a floor that has this code; false: none, or several. */
static bool recognise_epsilon(const ns_dg_plan *plan, double code, ns_dg_mean *mean)
{
    const int known = plan->mean_count ? 1 : 0;
    int found = 0;
    for (size_t k = 0; k < (known ? 1 : sizeof floors / sizeof *floors); k++)
        for (size_t i = 0; i < sizeof epsilons / sizeof *epsilons; i++) {
            const int exponent = known ? plan->means[0].exponent : floors[k];
            if (rint(ldexp(epsilons[i], exponent)) != code)
                continue;
            mean->exponent = exponent;
            mean->ideal = ldexp(epsilons[i], exponent);
            found++;
        }
    return found == 1;
}

/* Does a TABLE read the sum, behind what only moves or rescales it? */
static bool feeds_table(const ns_dg_plan *plan, int tensor)
{
    for (int i = 0; i < plan->block->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(plan, i);
        if (!op->input_count || op->inputs[0] != tensor)
            continue;
        if (op->op == NS_OP_TABLE)
            return true;
        if ((op->op == NS_OP_RESCALE || op->op == NS_OP_RESHAPE || op->op == NS_OP_TRANSPOSE) &&
            feeds_table(plan, op->outputs[0]))
            return true;
    }
    return false;
}

static void find_epsilon(ns_dg_plan *plan, const ns_operator *op, int side)
{
    const int root = root_of(plan, op->inputs[side]);
    const ns_tensor *t = ns_dg_tensor(plan, root);
    if (!t->data || t->dtype != NS_DTYPE_INT16 || ns_tensor_count(t) != 1 || plan->mean_of[root] >= 0 ||
        !feeds_table(plan, op->outputs[0]))
        return;
    const double code = ns_dg_constant(plan, root, 0);
    ns_dg_mean mean = {.tensor = root};
    if (code > 0 && code < 32767 && recognise_epsilon(plan, code, &mean)) {
        plan->mean_of[root] = plan->mean_count;
        plan->means[plan->mean_count++] = mean;
    }
}

ns_code ns_dg_find_means(ns_dg_plan *plan, ns_error *error)
{
    plan->means = NS_ARENA_ARRAY(plan->arena, (size_t)plan->block->tensor_count, ns_dg_mean);
    if (!plan->means)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the constants");
    for (int i = 0; i < plan->block->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(plan, i);
        if (op->op != NS_OP_MUL || plan->on_constants[i])
            continue;
        find(plan, op, 0);
        find(plan, op, 1);
    }
    for (int i = 0; i < plan->block->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(plan, i);
        if (op->op != NS_OP_ADD || plan->on_constants[i])
            continue;
        find_epsilon(plan, op, 0);
        find_epsilon(plan, op, 1);
    }
    return NS_OK;
}

int ns_dg_mean_in(const ns_dg_plan *plan, const ns_dg_node *node)
{
    for (int i = 0; i < node->operator_count; i++) {
        const ns_operator *op = ns_dg_operator(plan, node->operators[i]);
        for (int k = 0; k < op->input_count; k++)
            if (plan->mean_of[op->inputs[k]] >= 0)
                return plan->mean_of[op->inputs[k]];
    }
    return -1;
}

/* ---- the plan ---- */

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

int ns_dg_node_called(const ns_dg_plan *plan, const char *name)
{
    for (int i = plan->input_count; i < plan->node_count; i++)
        if (strcmp(ns_dg_name(plan, plan->nodes[i].tensor), name) == 0)
            return i;
    return -1;
}

void ns_dg_plan_close(ns_dg_plan *plan)
{
    for (int i = 0; plan && i < plan->table_arena_count; i++)
        ns_arena_free(plan->table_arenas[i]);
}
