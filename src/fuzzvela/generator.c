/* Chooses blocks, takes back those that fail, and chooses outputs. */
#include "fuzzvela/internal.h"

#include <string.h>

#include "fuzzvela/blocks.h"

typedef int (*block_function)(ns_generator *g, int x);

static const struct {
    block_function function;
    int weight;
} blocks[] = {
#define NS_FUZZ_BLOCK(name, weight) {ns_gen_block_##name, weight},
#include "fuzzvela/blocks.def"
#undef NS_FUZZ_BLOCK
};

enum { BLOCK_COUNT = sizeof blocks / sizeof *blocks, TRIES = 40 };

/* Each graph emphasises its own blocks: weights times 1, 2, 4 or 1/8 ("swarm testing"; Groce and others,
 * ISSTA 2012). */
static void choose_weights(ns_generator *g, int weights[BLOCK_COUNT])
{
    for (int i = 0; i < BLOCK_COUNT; i++)
        weights[i] = blocks[i].weight * NS_GEN_PICK(g, 1, 4, 8, 16, 32);
}

static int choose_block(ns_generator *g, const int weights[BLOCK_COUNT])
{
    int64_t total = 0;
    for (int i = 0; i < BLOCK_COUNT; i++)
        total += weights[i];
    int64_t at = ns_gen_range(g, 0, total - 1);
    int i = 0;
    while (at >= weights[i])
        at -= weights[i++];
    return i;
}

static bool is_feature_map(ns_dtype dtype)
{
    return dtype == NS_DTYPE_INT8 || dtype == NS_DTYPE_INT16;
}

/* A tensor to go on from: mostly the newest, -1 where there is none. */
static int choose_source(ns_generator *g)
{
    int usable[NS_FUZZ_POOL], count = 0;
    for (int i = 0; i < g->pool_count; i++)
        if (is_feature_map(ns_gen_value(g, g->pool[i])->dtype))
            usable[count++] = g->pool[i];
    if (!count)
        return -1;
    return ns_gen_chance(g, 0.65) ? usable[count - 1] : usable[ns_gen_range(g, 0, count - 1)];
}

/* Where the graph stands, to go back to. */
typedef struct mark {
    int nodes, regions, pool;
} mark;

static mark where(const ns_generator *g)
{
    return (mark){g->draft->count, g->draft->region_count, g->pool_count};
}

/* Keeps a block's result, or takes back what it added since `begun`. */
static bool keep(ns_generator *g, mark begun, int y)
{
    const ns_tensor *value = ns_gen_value(g, y);
    const bool typed = is_feature_map(value->dtype) || value->dtype == NS_DTYPE_INT32;
    if (g->bad || y < begun.nodes || !typed || !ns_gen_informative(value)) {
        g->draft->count = begun.nodes;
        g->draft->region_count = begun.regions;
        g->pool_count = begun.pool;
        g->bad = false;
        return false;
    }
    g->pool[g->pool_count++] = y;
    return true;
}

static bool add_block(ns_generator *g, const int weights[BLOCK_COUNT])
{
    const mark begun = where(g);
    const int x = choose_source(g);
    if (x < 0 || g->pool_count >= NS_FUZZ_POOL - 8)
        return false;
    return keep(g, begun, blocks[choose_block(g, weights)].function(g, x));
}

/* Now and then a convolution twice, by random numbers of its own, so that other graphs stay what they are. */
static void add_twin(ns_generator *g, ns_random random)
{
    random.state ^= 0x7477696e;
    const ns_random others = g->random;
    g->random = random;
    if (ns_gen_chance(g, 0.06) && g->pool_count < NS_FUZZ_POOL)
        (void)keep(g, where(g), ns_gen_twin(g));
    g->random = others;
}

static void choose_outputs(ns_generator *g)
{
    ns_draft *d = g->draft;
    bool used[4096] = {false};
    int ends[4096], count = 0;
    for (int i = 0; i < d->count && i < 4096; i++)
        for (int k = 0; k < d->nodes[i].input_count; k++)
            used[d->nodes[i].inputs[k]] = true;
    for (int i = 0; i < d->count && i < 4096; i++)
        if (d->nodes[i].kind == NS_DRAFT_OPERATOR && !used[i] && ns_gen_informative(&d->nodes[i].value))
            ends[count++] = i;
    /* A result that others read too. */
    if (count && ns_gen_chance(g, 0.25)) {
        const int extra = g->pool[ns_gen_range(g, 0, g->pool_count - 1)];
        if (d->nodes[extra].kind == NS_DRAFT_OPERATOR && used[extra])
            ends[count++] = extra;
    }
    const int first = count > 4 ? count - 4 : 0;
    d->output_count = count - first;
    memcpy(d->outputs, ends + first, (size_t)d->output_count * sizeof *ends);
}

/* What a graph emphasises: drawn before all else. */
static void choose_emphasis(ns_generator *g, int weights[BLOCK_COUNT])
{
    g->type = ns_gen_chance(g, 0.55) ? NS_DTYPE_INT8 : NS_DTYPE_INT16;
    g->u85 = ns_gen_chance(g, 0.45);
    g->per_channel = ns_gen_chance(g, 0.7);
    g->double_round = ns_gen_chance(g, 0.15);
    choose_weights(g, weights);
}

static void make(ns_generator *g, const int weights[BLOCK_COUNT])
{
    const ns_random begun = g->random;
    int64_t shape[NS_MAX_RANK];
    int rank = ns_gen_new_shape(g, shape);
    ns_gen_input(g, g->type, rank, shape);
    if (ns_gen_chance(g, 0.35)) {
        rank = ns_gen_chance(g, 0.5) ? rank : ns_gen_new_shape(g, shape);
        ns_gen_input(g, g->type, rank, shape);
    }
    int want = NS_GEN_PICK(g, 1, 2, 2, 3, 3, 4, 4, 5, 6, 8, 11);
    for (int tries = 0; want && tries < TRIES; tries++)
        want -= add_block(g, weights);
    add_twin(g, begun);
    choose_outputs(g);
}

/* ---- dependence ---- */

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory to see what a random graph's inputs do");
}

/* Marks what is computed from input `node`. */
static void mark_reach(const ns_draft *d, int node, bool *reached)
{
    for (int i = 0; i < d->count; i++) {
        reached[i] = i == node;
        for (int k = 0; k < d->nodes[i].input_count; k++)
            reached[i] |= reached[d->nodes[i].inputs[k]];
    }
}

/* The input's elements in another order; indices stay what they are. */
static bool reverse_values(ns_draft *d, int node)
{
    ns_tensor *t = &d->nodes[node].value;
    const size_t count = ns_tensor_count(t);
    if (count < 2 || t->dtype == NS_DTYPE_INT32 || t->dtype == NS_DTYPE_BOOL ||
        ns_tensor_new(d->arena, t->dtype, t->rank, t->shape, t, NULL) != NS_OK)
        return false;
    return true;
}

/* Whether each output that is computed from an input changes with it: the input's elements come in reverse
 * order. What cannot be computed so is taken to depend; want of memory is a failure. */
static ns_code depends(const ns_draft *d, int node, ns_arena *arena, bool *out, ns_error *error)
{
    bool reached[4096];
    ns_draft other;
    *out = true;
    if (d->count > 4096)
        return NS_OK;
    NS_TRY(ns_draft_copy(d, arena, &other, error));
    if (!reverse_values(&other, node))
        return ns_arena_was_short(arena) ? no_memory(error) : NS_OK;
    const ns_tensor *from = ns_draft_value(d, node);
    const size_t count = ns_tensor_count(from);
    for (size_t i = 0; i < count; i++)
        ns_tensor_set(&other.nodes[node].value, i, ns_tensor_get(from, count - 1 - i));
    mark_reach(d, node, reached);
    for (int i = node + 1; i < d->count; i++)
        if (reached[i] && ns_draft_compute(&other, &other.nodes[i], NULL) != NS_OK)
            return other.no_memory || ns_arena_was_short(arena) ? no_memory(error) : NS_OK;
    for (int i = 0; i < d->output_count; i++) {
        const ns_tensor *a = ns_draft_value(d, d->outputs[i]), *b = ns_draft_value(&other, d->outputs[i]);
        if (reached[d->outputs[i]] && ns_tensor_count(a) > 1 &&
            memcmp(a->data, b->data, ns_tensor_count(a) * (size_t)ns_dtype_bytes(a->dtype)) == 0)
            *out = false;
    }
    return NS_OK;
}

static ns_code each_input_matters(const ns_draft *d, bool *all, ns_error *error)
{
    ns_arena *arena = ns_arena_new_like(d->arena);
    ns_code code = arena ? NS_OK : no_memory(error);
    *all = true;
    for (int i = 0; code == NS_OK && *all && i < d->count; i++) {
        if (d->nodes[i].kind != NS_DRAFT_INPUT)
            continue;
        code = depends(d, i, arena, all, error);
        ns_arena_reset(arena);
    }
    ns_arena_free(arena);
    return code;
}

/* The graph with the emphasis of `like`, the random numbers from which another graph was made; NULL: its own.
 * `used` gets the random numbers from which this one was made. */
static ns_code generate(uint64_t seed, uint64_t number, const ns_random *like, ns_draft *draft,
                        ns_random *used, ns_error *error)
{
    ns_arena *arena = draft->arena;
    bool matters;
    ns_random mix = {.state = seed};
    mix.state = ns_random_u64(&mix) ^ number;
    for (int attempt = 0; attempt < 64; attempt++) {
        int weights[BLOCK_COUNT];
        ns_draft scratch = {.arena = arena};
        *used = (ns_random){ns_random_u64(&mix)};
        ns_generator g = {.draft = &scratch, .random = like ? *like : *used};
        choose_emphasis(&g, weights);
        g.random = like ? *used : g.random;
        make(&g, weights);
        if (scratch.no_memory || ns_arena_was_short(arena))
            return ns_fail(error, NS_ERROR_MEMORY, "seed %llu, graph %llu: no memory for it",
                           (unsigned long long)seed, (unsigned long long)number);
        if (!scratch.output_count)
            continue;
        NS_TRY(ns_draft_clean(&scratch, arena, draft, error));
        NS_TRY(each_input_matters(draft, &matters, error));
        if (matters)
            return NS_OK;
    }
    return ns_fail(error, NS_ERROR_INTERNAL, "seed %llu, graph %llu: no graph came about",
                   (unsigned long long)seed, (unsigned long long)number);
}

ns_code ns_fuzz_generate(uint64_t seed, uint64_t number, ns_draft *draft, ns_error *error)
{
    ns_random used, like;
    const uint64_t parent = number >> 32;
    if (!parent)
        return generate(seed, number, NULL, draft, &used, error);
    ns_arena *scratch = ns_arena_new_like(draft->arena);
    ns_draft other = {.arena = scratch};
    ns_code code = scratch ? generate(seed, parent - 1, NULL, &other, &like, error)
                           : ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph");
    ns_arena_free(scratch);
    return code == NS_OK ? generate(seed, number, &like, draft, &used, error) : code;
}
