/* Order: the same operators around a stored tensor, in another order: a chain of two (order_chain.c), or a
 * factor in front of a matrix product, which may push what it gives to the scale's floor, where behind the
 * product it does not. Each order is written into a graph whose middle tensor gets the range that it then
 * needs, as an observer would choose it, and is run. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/findings.h"

static ns_block *block_of(const ns_dg_rescaling *r)
{
    return &r->graph->regions[0].blocks[0];
}

/* ---- a factor in front of a matrix product ---- */

/* t = a * factor, stored; moves; u = t matrix-multiplied, stored. */
typedef struct scaling {
    int widen, multiply, store; /* of t */
    int factor;                 /* its place in `multiply` */
    int reader, place;          /* of t, and where in it */
    int linear, keep;           /* the product, and the RESCALE that stores it */
} scaling;

/* A constant of one element, as an operand gives it. */
static bool is_factor(const ns_dg_plan *plan, int tensor)
{
    return plan->constant[tensor] && ns_tensor_count(ns_dg_tensor(plan, tensor)) == 1;
}

static bool is_linear(const ns_dg_plan *plan, const ns_operator *op)
{
    if (op->op == NS_OP_MATMUL)
        return true;
    const double *bias =
        op->op == NS_OP_CONV2D || op->op == NS_OP_DEPTHWISE_CONV2D ? plan->values[op->inputs[2]] : NULL;
    return bias && ns_dg_largest(bias, ns_tensor_count(ns_dg_tensor(plan, op->inputs[2]))) == 0;
}

static int place_in(const ns_operator *op, int tensor)
{
    int k = 0;
    while (op->inputs[k] != tensor)
        k++;
    return k;
}

static bool find_product(const ns_dg_plan *plan, const ns_dg_node *node, scaling *out)
{
    out->store = node->final;
    if (out->store < 0 || ns_dg_operator(plan, out->store)->op != NS_OP_RESCALE ||
        ns_dg_operator(plan, out->store)->outputs[0] != node->tensor)
        return false;
    const int wide = ns_dg_operator(plan, out->store)->inputs[0];
    out->multiply = plan->producers[wide];
    if (out->multiply < 0 || ns_dg_operator(plan, out->multiply)->op != NS_OP_MUL ||
        ns_dg_only_reader(plan, wide) < 0)
        return false;
    const ns_operator *multiply = ns_dg_operator(plan, out->multiply);
    out->factor = is_factor(plan, multiply->inputs[1]) ? 1 : 0;
    out->widen = ns_dg_rescale_before(plan, multiply->inputs[1 - out->factor]);
    return is_factor(plan, multiply->inputs[out->factor]) && out->widen >= 0 &&
           ns_dg_operator(plan, out->widen)->outputs[0] == multiply->inputs[1 - out->factor];
}

static bool find_scaling(const ns_dg_plan *plan, const ns_dg_node *node, scaling *out)
{
    int tensor = node->tensor;
    if (!find_product(plan, node, out))
        return false;
    out->reader = out->linear = ns_dg_only_reader(plan, tensor);
    while (out->linear >= 0 && ns_dg_moves(ns_dg_operator(plan, out->linear)->op)) {
        tensor = ns_dg_operator(plan, out->linear)->outputs[0];
        out->linear = ns_dg_only_reader(plan, tensor);
    }
    if (out->linear < 0 || !is_linear(plan, ns_dg_operator(plan, out->linear)))
        return false;
    out->place = place_in(ns_dg_operator(plan, out->reader), node->tensor);
    out->keep = ns_dg_only_reader(plan, ns_dg_operator(plan, out->linear)->outputs[0]);
    const int at = place_in(ns_dg_operator(plan, out->linear), tensor);
    return out->keep >= 0 && ns_dg_operator(plan, out->keep)->op == NS_OP_RESCALE &&
           (at == 0 || (at == 1 && ns_dg_operator(plan, out->linear)->op == NS_OP_MATMUL));
}

/* The factor with as many dims of 1 as what it meets now; false: others read it as it is. */
static bool give_dims(const ns_dg_rescaling *r, int tensor, int rank)
{
    const ns_dg_plan *plan = r->plan;
    ns_tensor ones = {.rank = rank};
    for (int d = 0; d < rank; d++)
        ones.shape[d] = 1;
    for (; ns_dg_tensor(plan, tensor)->rank != rank;
         tensor = ns_dg_operator(plan, plan->producers[tensor])->inputs[0]) {
        if (ns_dg_only_reader(plan, tensor) < 0)
            return false;
        ns_dg_set_shape(r, tensor, &ones);
        if (plan->producers[tensor] < 0 || ns_dg_operator(plan, plan->producers[tensor])->input_count < 1)
            break;
    }
    return true;
}

/* The product takes a, and what it stores is multiplied: both RESCALEs change their results. */
static ns_code move_factor(const ns_dg_rescaling *r, const scaling *s, const ns_diagnose_options *options,
                           bool *can, ns_error *error)
{
    ns_block *block = block_of(r);
    ns_operator *widen = &block->operators[s->widen], *multiply = &block->operators[s->multiply],
                *store = &block->operators[s->store], *keep = &block->operators[s->keep];
    const int a = widen->inputs[0], t = store->outputs[0], u = keep->outputs[0],
              product = block->operators[s->linear].outputs[0];
    const ns_tensor shape = block->tensors[u].tensor;
    *can = give_dims(r, multiply->inputs[s->factor], shape.rank);
    if (!*can)
        return NS_OK;
    block->operators[s->reader].inputs[s->place] = a;
    keep->outputs[0] = t;
    widen->inputs[0] = t;
    store->outputs[0] = u;
    const int middle[] = {t, widen->outputs[0], multiply->outputs[0]};
    for (int i = 0; i < 3; i++)
        ns_dg_set_shape(r, middle[i], &shape);
    double unused = 0;
    NS_TRY(ns_dg_sort_operators(block, can, error));
    if (*can)
        NS_TRY(ns_dg_choose_range(r, options, ns_dg_place_of(block, product), ns_dg_place_of(block, t),
                                  ns_dg_place_of(block, u), &unused, can, error));
    return NS_OK;
}

static const char *scaling_text(const ns_dg_plan *plan, const scaling *s, ns_arena *arena)
{
    const ns_operator *linear = ns_dg_operator(plan, s->linear);
    return ns_arena_format(
        arena, "another order: the factor '%s' behind %s '%s', not in front of it ('%s' goes in as it is)",
        ns_dg_source_of(plan, ns_dg_operator(plan, s->multiply)->inputs[s->factor]), ns_op_text(linear->op),
        ns_dg_name(plan, ns_dg_operator(plan, s->keep)->outputs[0]),
        ns_dg_source_of(plan, ns_dg_operator(plan, s->widen)->inputs[0]));
}

/* ---- what is given to others ---- */

enum { CHAINS = 2 }; /* the orders of a chain come first */

/* A factor in front of a matrix product. */
static ns_code reorder_scaling(const ns_dg_rescaling *r, const ns_dg_node *node,
                               const ns_diagnose_options *options, ns_arena *arena, ns_dg_order *out,
                               ns_error *error)
{
    scaling s;
    bool can = find_scaling(r->plan, node, &s);
    if (!can)
        return NS_OK;
    const char *text = scaling_text(r->plan, &s, arena);
    if (!text)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    NS_TRY(move_factor(r, &s, options, &can, error));
    out->text = can ? text : NULL;
    return NS_OK;
}

ns_code ns_dg_reorder(const ns_dg_rescaling *r, const ns_dg_node *node, int variant,
                      const ns_diagnose_options *options, ns_arena *arena, ns_dg_order *out, ns_error *error)
{
    bool can = true;
    *out = (ns_dg_order){.energy = INFINITY};
    NS_TRY(variant < CHAINS ? ns_dg_reorder_chain(r, node, variant, options, arena, out, error)
                            : reorder_scaling(r, node, options, arena, out, error));
    if (out->text) /* new constants stand behind all */
        NS_TRY(ns_dg_sort_operators(block_of(r), &can, error));
    out->text = can ? out->text : NULL;
    return NS_OK;
}

/* Its outputs on all samples, against what the findings hold for right. */
static ns_code measure(const ns_dg_findings *f, const ns_graph *graph, double *energy, ns_error *error)
{
    const ns_dg_plan *plan = f->plan;
    const ns_dg_session *session = f->session;
    ns_arena *arena = ns_arena_new_like(graph->arena);
    ns_code code = arena ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for eval");
    *energy = f->measured ? 0 : f->hidden;
    for (int s = 0; s < session->samples && code == NS_OK; s++) {
        ns_tensor *outputs = NS_ARENA_ARRAY(arena, (size_t)plan->block->output_count, ns_tensor);
        code = outputs ? ns_dg_run_graph(graph, session->options, s, arena, outputs, error)
                       : ns_fail(error, NS_ERROR_MEMORY, "no memory for eval");
        for (int o = 0; code == NS_OK && o < plan->block->output_count; o++) {
            const int node = plan->node_of[plan->block->outputs[o]];
            const int at = node >= 0 ? plan->nodes[node].output : -1;
            for (size_t i = 0; at >= 0 && i < plan->nodes[node].count; i++) {
                const double wanted = session->reference[at]
                                          ? session->reference[at][(size_t)s * plan->nodes[node].count + i]
                                          : ns_dg_stored_at(&session->r[s][node], i);
                const double off = (double)ns_tensor_get(&outputs[o], i) - wanted;
                *energy += off * off / session->signal[at] / plan->output_count;
            }
        }
        ns_arena_reset(arena);
    }
    ns_arena_free(arena);
    return code;
}

static ns_code try_order(const ns_dg_findings *f, ns_graph *graph, int node, int variant, ns_dg_order *out,
                         ns_error *error)
{
    ns_arena *arena = ns_arena_new_like(graph->arena);
    ns_dg_plan *plan = NULL;
    ns_code code = arena ? ns_dg_plan_new(graph, f->session->options->cpu_mask, arena, &plan, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    const int found =
        code == NS_OK ? ns_dg_node_called(plan, ns_dg_name(f->plan, f->plan->nodes[node].tensor)) : -1;
    const ns_dg_rescaling change = {graph, plan};
    if (found >= 0)
        code =
            ns_dg_reorder(&change, &plan->nodes[found], variant, f->session->options, f->arena, out, error);
    if (code == NS_OK && out->text)
        code = ns_graph_validate(graph, error);
    if (code == NS_OK && out->text)
        code = measure(f, graph, &out->energy, error);
    ns_dg_plan_close(plan);
    ns_arena_free(arena);
    return code;
}

static bool has_order(const ns_dg_plan *plan, const ns_dg_node *node, int variant)
{
    scaling s;
    return variant < CHAINS ? ns_dg_has_chain(plan, node) : find_scaling(plan, node, &s);
}

ns_code ns_dg_find_order(const ns_dg_findings *f, int node, ns_dg_order *best, ns_error *error)
{
    *best = (ns_dg_order){.energy = INFINITY};
    for (int variant = 0; variant < NS_DG_ORDERS; variant++) {
        if (!has_order(f->plan, &f->plan->nodes[node], variant))
            continue;
        ns_graph *graph = NULL;
        ns_dg_order one = {.energy = INFINITY};
        ns_error why = {0};
        NS_TRY(ns_dg_copy_graph(f->plan->graph, &graph, error));
        const ns_code code = try_order(f, graph, node, variant, &one, &why);
        ns_graph_free(graph);
        if (code == NS_ERROR_MEMORY)
            return ns_fail(error, code, "%s", why.message);
        if (code == NS_OK && one.text && one.energy < best->energy)
            *best = one;
    }
    return NS_OK;
}
