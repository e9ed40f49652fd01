/* Two products or two sums in a row, in another order: the one in the middle is stored in 16 bits, and which
 * two operands meet first decides what range it has. x * y * z with x of very different sizes and z their
 * inverse leaves little of most of x * y; a + b - a leaves little of a small b. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose/findings.h"
#include "npuscope/eval.h"

static ns_block *block_of(const ns_dg_rescaling *r)
{
    return &r->graph->regions[0].blocks[0];
}

/* ---- readers and writers ---- */

int ns_dg_only_reader(const ns_dg_plan *plan, int tensor)
{
    int found = -1, times = 0;
    for (int i = 0; i < plan->block->output_count; i++)
        times += plan->block->outputs[i] == tensor;
    for (int i = 0; i < plan->block->operator_count; i++)
        for (int k = 0; k < ns_dg_operator(plan, i)->input_count; k++)
            if (ns_dg_operator(plan, i)->inputs[k] == tensor) {
                found = i;
                times++;
            }
    return times == 1 ? found : -1;
}

int ns_dg_rescale_before(const ns_dg_plan *plan, int tensor)
{
    int index = plan->producers[tensor];
    while (index >= 0 && ns_dg_only_reader(plan, ns_dg_operator(plan, index)->outputs[0]) >= 0 &&
           ns_dg_moves(ns_dg_operator(plan, index)->op))
        index = plan->producers[ns_dg_operator(plan, index)->inputs[0]];
    const ns_operator *op = index >= 0 ? ns_dg_operator(plan, index) : NULL;
    return op && op->op == NS_OP_RESCALE && ns_dg_only_reader(plan, op->outputs[0]) >= 0 ? index : -1;
}

/* A RESCALE's multiplier / 2^shift as it stands in the graph now. */
static double ratio_of(const ns_dg_plan *plan, int index)
{
    const ns_operator *op = ns_dg_operator(plan, index);
    const ns_tensor *multiplier = ns_dg_tensor(plan, op->inputs[1]),
                    *shift = ns_dg_tensor(plan, op->inputs[2]);
    return multiplier->data && shift->data
               ? ldexp((double)ns_tensor_get(multiplier, 0), -(int)ns_tensor_get(shift, 0))
               : 0;
}

const char *ns_dg_source_of(const ns_dg_plan *plan, int tensor)
{
    while (plan->node_of[tensor] < 0 && plan->producers[tensor] >= 0)
        tensor = ns_dg_operator(plan, plan->producers[tensor])->inputs[0];
    return ns_dg_name(plan, tensor);
}

static bool is_sum(ns_op op)
{
    return op == NS_OP_ADD || op == NS_OP_SUB;
}

/* ---- ranges ---- */

typedef struct range {
    int op; /* the operator whose result is looked at */
    double largest;
} range;

static ns_code look(void *context, const ns_eval_tap *tap, ns_error *error)
{
    range *r = context;
    (void)error;
    for (size_t i = 0; tap->operator_index == r->op && i < ns_tensor_count(tap->data); i++)
        r->largest = fmax(r->largest, fabs((double)ns_tensor_get(tap->data, i)));
    return NS_OK;
}

static ns_code run(const ns_graph *graph, const ns_diagnose_options *options, int sample, range *seen,
                   ns_arena *arena, ns_tensor *outputs, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    const ns_eval_options eval = {.cpu_mask = options->cpu_mask, .tap = seen ? look : NULL, .context = seen};
    ns_tensor *inputs = NS_ARENA_ARRAY(arena, (size_t)block->input_count + 1, ns_tensor);
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for eval");
    for (int i = 0; i < block->input_count; i++)
        inputs[i] = ns_dg_sample(options, i, sample);
    return ns_eval(graph, &eval, inputs, block->input_count, arena, outputs, error);
}

ns_code ns_dg_run_graph(const ns_graph *graph, const ns_diagnose_options *options, int sample,
                        ns_arena *arena, ns_tensor *outputs, ns_error *error)
{
    return run(graph, options, sample, NULL, arena, outputs, error);
}

/* The largest value that the operator gives on any sample; 0: TOSA has no result on one. */
static ns_code largest_result(const ns_graph *graph, const ns_diagnose_options *options, int op,
                              double *largest, ns_error *error)
{
    const size_t count = (size_t)graph->regions[0].blocks[0].output_count;
    ns_arena *arena = ns_arena_new_like(graph->arena);
    range seen = {op, 0};
    ns_error why = {0};
    ns_code code = arena ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for eval");
    for (int s = 0; s < options->samples && code == NS_OK; s++) {
        ns_tensor *outputs = NS_ARENA_ARRAY(arena, count, ns_tensor);
        code = outputs ? run(graph, options, s, &seen, arena, outputs, &why)
                       : ns_fail(&why, NS_ERROR_MEMORY, "no memory for eval");
        ns_arena_reset(arena);
    }
    ns_arena_free(arena);
    *largest = code == NS_OK ? seen.largest : 0;
    return code == NS_ERROR_MEMORY ? ns_fail(error, code, "%s", why.message) : NS_OK;
}

/* ---- a chain of two ---- */

/* t = a . b in the stage, stored by `store`; u = t' . c or c . t', with t' = t as `widen` gives it. */
typedef struct chain {
    int first, store, widen, second; /* operators */
    int a, b, t, c;                  /* operands: places in first, first, second, second */
} chain;

static bool find_chain(const ns_dg_plan *plan, const ns_dg_node *node, chain *out)
{
    const int stored = node->tensor;
    *out = (chain){.store = node->final, .widen = ns_dg_only_reader(plan, stored)};
    if (out->store < 0 || out->widen < 0 || ns_dg_operator(plan, out->store)->op != NS_OP_RESCALE ||
        ns_dg_operator(plan, out->store)->outputs[0] != stored ||
        ns_dg_operator(plan, out->widen)->op != NS_OP_RESCALE)
        return false;
    const int wide = ns_dg_operator(plan, out->store)->inputs[0],
              again = ns_dg_operator(plan, out->widen)->outputs[0];
    out->first = plan->producers[wide];
    out->second = ns_dg_only_reader(plan, again);
    if (out->first < 0 || out->second < 0 || ns_dg_only_reader(plan, wide) < 0)
        return false;
    const ns_operator *first = ns_dg_operator(plan, out->first), *second = ns_dg_operator(plan, out->second);
    out->t = second->inputs[0] == again ? 0 : 1;
    out->c = 1 - out->t;
    return (first->op == NS_OP_MUL && second->op == NS_OP_MUL) || (is_sum(first->op) && is_sum(second->op));
}

/* The shape of two operands that broadcast; false: they do not. */
static bool join_shapes(const ns_tensor *a, const ns_tensor *b, ns_tensor *out)
{
    *out = *a;
    for (int d = 0; d < a->rank; d++) {
        out->shape[d] = a->shape[d] > b->shape[d] ? a->shape[d] : b->shape[d];
        if (a->rank != b->rank || (a->shape[d] != out->shape[d] && a->shape[d] != 1) ||
            (b->shape[d] != out->shape[d] && b->shape[d] != 1))
            return false;
    }
    return true;
}

void ns_dg_set_shape(const ns_dg_rescaling *r, int tensor, const ns_tensor *shape)
{
    ns_tensor *to = &block_of(r)->tensors[tensor].tensor;
    to->rank = shape->rank;
    memcpy(to->shape, shape->shape, sizeof to->shape);
}

/* A sum of two operands with signs, as ADD or SUB; *negative: it is the opposite, for both are taken off. */
static void write_sum(ns_operator *op, int x, bool x_off, int y, bool y_off, bool *negative)
{
    const bool swap = x_off && !y_off;
    *negative = x_off && y_off;
    op->op = x_off != y_off ? NS_OP_SUB : NS_OP_ADD;
    op->inputs[0] = swap ? y : x;
    op->inputs[1] = swap ? x : y;
}

/* Which of the three addends are taken off: `kept` of the first operator, the other, and c. */
typedef struct signs {
    bool x_off, y_off, c_off;
} signs;

static signs signs_of(const ns_operator *first, const ns_operator *second, const chain *ch, int kept)
{
    const bool takes_off = second->op == NS_OP_SUB, t_off = ch->t == 1 && takes_off,
               b_off = first->op == NS_OP_SUB;
    return (signs){t_off != (kept == 1 && b_off), t_off != (kept == 0 && b_off), ch->c == 1 && takes_off};
}

/* The operands meet in another order: `kept` of the first operator and c first, then the other. */
static void swap_operands(const ns_dg_rescaling *r, const chain *ch, int kept)
{
    ns_operator *first = &block_of(r)->operators[ch->first], *second = &block_of(r)->operators[ch->second];
    const int x = first->inputs[kept], y = first->inputs[1 - kept], c = second->inputs[ch->c],
              t = second->inputs[ch->t];
    if (first->op == NS_OP_MUL) {
        first->inputs[1 - kept] = c;
        second->inputs[ch->c] = y;
        return;
    }
    const signs s = signs_of(first, second, ch, kept);
    bool negative = false, never = false;
    write_sum(first, x, s.x_off, c, s.c_off, &negative);
    write_sum(second, t, negative, y, s.y_off, &never);
}

ns_code ns_dg_choose_range(const ns_dg_rescaling *r, const ns_diagnose_options *options, int op, int store,
                           int back, double *finer, bool *can, ns_error *error)
{
    double largest = 0;
    NS_TRY(largest_result(r->graph, options, op, &largest, error));
    const double factor = 32766 / (largest * ratio_of(r->plan, store));
    *can = largest > 0 && isfinite(factor) && factor > 0;
    *finer = factor;
    if (*can)
        NS_TRY(ns_dg_rescale_writer(r, store, factor, can, error));
    if (*can)
        NS_TRY(ns_dg_rescale_writer(r, back, 1 / factor, can, error));
    return NS_OK;
}

int ns_dg_place_of(const ns_block *block, int output)
{
    int i = 0;
    while (block->operators[i].output_count < 1 || block->operators[i].outputs[0] != output)
        i++;
    return i;
}

/* Of sums, operands come in the scales of the sums that they go to now. */
static ns_code change_scales(const ns_dg_rescaling *r, const chain *ch, int kept, bool *can, ns_error *error)
{
    const ns_dg_plan *plan = r->plan;
    const double through = ratio_of(plan, ch->store) * ratio_of(plan, ch->widen);
    const int c = ns_dg_rescale_before(plan, ns_dg_operator(plan, ch->second)->inputs[ch->c]),
              y = ns_dg_rescale_before(plan, ns_dg_operator(plan, ch->first)->inputs[1 - kept]);
    *can = c >= 0 && y >= 0 && through > 0;
    if (*can)
        NS_TRY(ns_dg_rescale_writer(r, c, 1 / through, can, error));
    if (*can)
        NS_TRY(ns_dg_rescale_writer(r, y, through, can, error));
    return NS_OK;
}

static ns_code reorder_chain(const ns_dg_rescaling *r, const chain *ch, int kept,
                             const ns_diagnose_options *options, double *finer, bool *can, ns_error *error)
{
    const ns_dg_plan *plan = r->plan;
    const ns_operator first = *ns_dg_operator(plan, ch->first), store = *ns_dg_operator(plan, ch->store),
                      widen = *ns_dg_operator(plan, ch->widen), second = *ns_dg_operator(plan, ch->second);
    const bool sum = is_sum(first.op);
    const int wide = first.outputs[0], result = second.outputs[0];
    const int back =
        sum ? widen.outputs[0] : ns_dg_operator(plan, ns_dg_only_reader(plan, result))->outputs[0];
    ns_tensor shape;
    *can =
        join_shapes(ns_dg_tensor(plan, first.inputs[kept]), ns_dg_tensor(plan, second.inputs[ch->c]), &shape);
    if (*can && sum)
        NS_TRY(change_scales(r, ch, kept, can, error));
    if (!*can)
        return NS_OK;
    swap_operands(r, ch, kept);
    const int middle[] = {wide, store.outputs[0], widen.outputs[0]};
    for (int i = 0; i < 3; i++)
        ns_dg_set_shape(r, middle[i], &shape);
    NS_TRY(ns_dg_sort_operators(block_of(r), can, error));
    if (!*can)
        return NS_OK;
    const ns_block *block = block_of(r);
    return ns_dg_choose_range(r, options, ns_dg_place_of(block, wide),
                              ns_dg_place_of(block, store.outputs[0]), ns_dg_place_of(block, back), finer,
                              can, error);
}

/* The RESCALE behind the second product, which stores it; a sum has `widen` for that. */
static bool can_take_back(const ns_dg_plan *plan, const chain *ch)
{
    const int result = ns_dg_operator(plan, ch->second)->outputs[0], reader = ns_dg_only_reader(plan, result);
    return is_sum(ns_dg_operator(plan, ch->second)->op) ||
           (reader >= 0 && ns_dg_operator(plan, reader)->op == NS_OP_RESCALE);
}

/* "('a' * 'c') * 'b' in place of ('a' * 'b') * 'c'": as many operands as there are, with their signs. */
static const char *chain_text(const ns_dg_plan *plan, const chain *ch, int kept, ns_arena *arena)
{
    const ns_operator *first = ns_dg_operator(plan, ch->first), *second = ns_dg_operator(plan, ch->second);
    const char *x = ns_dg_source_of(plan, first->inputs[kept]),
               *y = ns_dg_source_of(plan, first->inputs[1 - kept]),
               *c = ns_dg_source_of(plan, second->inputs[ch->c]);
    if (first->op == NS_OP_MUL)
        return ns_arena_format(arena, "another order: ('%s' * '%s') * '%s', not '%s' * '%s' first", x, c, y,
                               x, y);
    const signs s = signs_of(first, second, ch, kept);
    return ns_arena_format(arena, "another order: (%s'%s' %c '%s') %c '%s', not '%s' and '%s' first",
                           s.x_off ? "-" : "", x, s.c_off ? '-' : '+', c, s.y_off ? '-' : '+', y, x, y);
}

bool ns_dg_has_chain(const ns_dg_plan *plan, const ns_dg_node *node)
{
    chain ch;
    return find_chain(plan, node, &ch) && can_take_back(plan, &ch);
}

ns_code ns_dg_reorder_chain(const ns_dg_rescaling *r, const ns_dg_node *node, int kept,
                            const ns_diagnose_options *options, ns_arena *arena, ns_dg_order *out,
                            ns_error *error)
{
    chain ch;
    bool can = ns_dg_has_chain(r->plan, node) && find_chain(r->plan, node, &ch);
    double finer = 0;
    if (!can)
        return NS_OK;
    const bool sum = is_sum(ns_dg_operator(r->plan, ch.first)->op);
    const char *text = chain_text(r->plan, &ch, kept, arena);
    if (!text)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a mend");
    NS_TRY(reorder_chain(r, &ch, kept, options, &finer, &can, error));
    out->text = can ? text : NULL;
    out->finer = sum ? finer : 0;
    return NS_OK;
}
