/* Blocks of conditions and loops, which Ethos-U85 has, and of logic. The bodies are drafts of their own. */
#include <string.h>

#include "fuzzvela/blocks.h"

/* What a body is made of: steps that keep shape and type. */
static int step(ns_generator *g, int x)
{
    switch (ns_gen_range(g, 0, 4)) {
    case 0:
        return ns_gen_block_table(g, x);
    case 1:
        return ns_gen_block_rescales(g, x);
    case 2:
        return ns_gen_block_unary(g, x);
    case 3:
        return ns_gen_clamp(g, x);
    default:
        return ns_gen_block_binary(g, x);
    }
}

static bool alike(const ns_tensor *a, const ns_tensor *b)
{
    return a->dtype == b->dtype && ns_shape_equal(a, b);
}

/* A region of its own for the draft; its name, NULL where it did not come about: for want of memory, says the
 * draft. */
static const char *add_region(ns_generator *g, ns_generator *body, int y)
{
    ns_region *region = NULL;
    ns_draft *d = g->draft, *inner = body->draft, clean;
    const char *name = ns_arena_format(d->arena, "body%d", d->region_count);
    d->no_memory |= inner->no_memory;
    for (int i = 1; i < inner->count; i++) /* what the steps took as inputs */
        if (inner->nodes[i].kind == NS_DRAFT_INPUT)
            inner->nodes[i].kind = NS_DRAFT_CONST;
    inner->outputs[0] = y;
    inner->output_count = 1;
    if (body->bad || y == 0 || !name || d->region_count == NS_DRAFT_REGIONS ||
        ns_draft_clean(inner, d->arena, &clean, NULL) != NS_OK || clean.nodes[0].kind != NS_DRAFT_INPUT ||
        ns_draft_to_region(&clean, name, &region, NULL) != NS_OK)
        return NULL;
    d->regions[d->region_count++] = region;
    return name;
}

/* A generator for a body that takes a tensor like `x`, node 0. */
static bool begin(ns_generator *g, int x, ns_draft *draft, ns_generator *body)
{
    *draft = (ns_draft){.arena = g->draft->arena};
    *body = *g;
    body->draft = draft;
    body->pool_count = 0;
    const ns_draft_node node = {.kind = NS_DRAFT_INPUT, .value = *ns_gen_value(g, x)};
    return !g->bad && ns_draft_add(draft, &node) == 0;
}

static const char *branch(ns_generator *g, int x)
{
    ns_draft draft;
    ns_generator body;
    if (!begin(g, x, &draft, &body))
        return NULL;
    int y = 0;
    for (int i = NS_GEN_PICK(g, 1, 1, 2); i > 0; i--)
        y = step(&body, y);
    g->random = body.random;
    g->draft->no_memory |= draft.no_memory;
    return alike(ns_gen_value(&body, y), ns_gen_value(&body, 0)) ? add_region(g, &body, y) : NULL;
}

/* All elements' largest, of shape [1]. */
static int largest(ns_generator *g, int x)
{
    const int64_t count = (int64_t)ns_tensor_count(ns_gen_value(g, x));
    const int flat = ns_gen_reshape(g, x, 1, &count);
    return ns_gen_reduce(g, NS_OP_REDUCE_MAX, flat, 0);
}

/* An input of one bool, or a comparison of the values. */
static int condition(ns_generator *g, int x)
{
    if (ns_gen_chance(g, 0.4)) {
        const int flag = ns_gen_values(g, NS_DTYPE_BOOL, 1, (int64_t[]){1}, 0, 1);
        if (!g->bad)
            g->draft->nodes[flag].kind = NS_DRAFT_INPUT;
        return flag;
    }
    const int most = ns_gen_to32(g, largest(g, x), 1);
    const int limit = ns_gen_values(g, NS_DTYPE_INT32, 1, (int64_t[]){1}, 0, ns_dtype_max(g->type));
    return ns_gen_binary_op(g, NS_OP_GREATER, most, limit);
}

static int cond_if(ns_generator *g, int x)
{
    const char *then_graph = branch(g, x), *else_graph = branch(g, x);
    if (!then_graph || !else_graph)
        return ns_gen_fail(g);
    const ns_attributes attributes = {.then_graph = then_graph, .else_graph = else_graph};
    const int inputs[] = {condition(g, x), x};
    return ns_gen_op(g, NS_OP_COND_IF, &attributes, 2, inputs);
}

/* x + steps, as long as no element is beyond a limit. */
static int while_loop(ns_generator *g, int x)
{
    ns_draft inner, test;
    ns_generator body, until;
    x = ns_gen_to32(g, x, 1);
    if (!begin(g, x, &inner, &body))
        return ns_gen_fail(g);
    const ns_tensor *t = ns_gen_value(g, x);
    int64_t shape[NS_MAX_RANK];
    for (int i = 0; i < t->rank; i++)
        shape[i] = ns_gen_chance(g, 0.5) ? 1 : t->shape[i];
    const int64_t most = ns_gen_quantile(g, t, 100);
    int y = ns_gen_binary_op(&body, NS_OP_ADD, 0, ns_gen_values(&body, NS_DTYPE_INT32, t->rank, shape, 1, 9));
    const char *body_graph = add_region(g, &body, y);
    if (!body_graph || !begin(g, x, &test, &until))
        return ns_gen_fail(g);
    const int limit = ns_gen_scalar(&until, NS_DTYPE_INT32, most + ns_gen_range(g, 0, 30));
    y = ns_gen_binary_op(&until, NS_OP_GREATER, limit, largest(&until, 0));
    const char *cond_graph = add_region(g, &until, y);
    if (!cond_graph)
        return ns_gen_fail(g);
    const ns_attributes attributes = {.cond_graph = cond_graph, .body_graph = body_graph};
    return ns_gen_quantised(g, ns_gen_op(g, NS_OP_WHILE_LOOP, &attributes, 1, &x), g->type);
}

int ns_gen_block_control(ns_generator *g, int x)
{
    x = ns_gen_same_type(g, x);
    if (!g->u85 || g->bad || !ns_gen_value(g, x)->rank)
        return ns_gen_fail(g);
    const int regions = g->draft->region_count;
    const int y = ns_gen_chance(g, 0.6) ? cond_if(g, x) : while_loop(g, x);
    if (g->bad)
        g->draft->region_count = regions;
    return y;
}

/* Two comparisons joined, and what they choose. */
int ns_gen_block_logic(ns_generator *g, int x)
{
    x = ns_gen_same_type(g, x);
    if (!g->u85 || g->bad || !ns_gen_value(g, x)->rank)
        return ns_gen_fail(g);
    const int y = ns_gen_partner(g, x);
    const int left = ns_gen_to32(g, x, 1), right = ns_gen_to32(g, y, 1);
    const int a =
        ns_gen_binary_op(g, NS_GEN_PICK(g, NS_OP_GREATER, NS_OP_GREATER_EQUAL, NS_OP_EQUAL), left, right);
    const int b = ns_gen_binary_op(g, NS_OP_GREATER, ns_gen_to32(g, ns_gen_partner(g, x), 1), left);
    int c = ns_gen_binary_op(g, NS_GEN_PICK(g, NS_OP_LOGICAL_AND, NS_OP_LOGICAL_OR, NS_OP_LOGICAL_XOR), a, b);
    if (ns_gen_chance(g, 0.3))
        c = ns_gen_op(g, NS_OP_LOGICAL_NOT, NULL, 1, &c);
    if (!g->bad && ns_gen_chance(g, 0.3))
        c = ns_gen_reduce(g, NS_GEN_PICK(g, NS_OP_REDUCE_ALL, NS_OP_REDUCE_ANY), c,
                          (int)ns_gen_range(g, 0, ns_gen_value(g, c)->rank - 1));
    const int inputs[] = {c, x, y};
    return ns_gen_op(g, NS_OP_SELECT, NULL, 3, inputs);
}
