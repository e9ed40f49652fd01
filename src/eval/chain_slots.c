#include "eval/internal.h"

/* What the slots of a chain may take together: half of a first-level cache of 32 KiB, the other half being
 * for tables and for what comes from outside. */
#define CACHE 16384
/* Where a matrix product or a convolution begins: of a second-level cache, so that packed weights serve many
 * rows; and bands of as many rows as eval/product.h takes, in whole tiles of kernels/gemm_template.h. */
#define SECOND_CACHE 262144
#define BAND 96
#define TILE 12
/* Of slots, which have as much room behind them: kernels may read whole vectors. */
#define ALIGNMENT 64

/* A link's result and its aliases. */
typedef struct group {
    int tensor;
    size_t row_bytes;
    int readers; /* of all of them, aliases' own reading included */
    int inside;  /* that are operators of the chain */
    int last;    /* the last link that reads it */
    int slot;
    int next; /* the next whose last reader is the same; -1: none */
} group;

typedef struct placing {
    const ns_block *block;
    ns_chain *chain;
    const int *readers;
    int *groups;
    group *list;   /* one for each link */
    int *ended;    /* of each link: the first group that nobody reads after it; -1: none */
    size_t *slots; /* bytes of a row */
    bool *is_taken;
} placing;

static size_t bytes_of(const placing *p, int tensor)
{
    return (size_t)ns_dtype_bytes(p->block->tensors[tensor].tensor.dtype);
}

static void find_groups(placing *p)
{
    ns_chain *chain = p->chain;
    for (int i = 0; i < chain->link_count; i++) {
        ns_chain_link *link = &chain->links[i];
        const int tensor = p->block->operators[link->index].outputs[0];
        const bool is_reduction =
            ns_step_kind_of(p->block->operators[link->index].op)->form == NS_STEP_REDUCE;
        if (!link->columns)
            link->columns = chain->columns;
        p->list[i] = (group){.tensor = tensor,
                             .row_bytes = (is_reduction ? 1 : link->columns) * bytes_of(p, tensor),
                             .readers = p->readers[tensor],
                             .last = i};
        p->groups[tensor] = i;
    }
    for (int i = 0; i < chain->alias_count; i++) {
        const ns_chain_alias *a = &chain->aliases[i]; /* behind the alias that it may be one of */
        group *g = &p->list[p->groups[a->from]];
        p->groups[a->to] = p->groups[a->from];
        g->readers += p->readers[a->to];
    }
}

static void count_readers(placing *p)
{
    const ns_chain *chain = p->chain;
    for (int i = chain->first; i < chain->end; i++) {
        const ns_operator *op = &p->block->operators[i];
        for (int k = 0; k < op->input_count; k++)
            if (p->groups[op->inputs[k]] >= 0)
                p->list[p->groups[op->inputs[k]]].inside++;
    }
    for (int i = 0; i < chain->link_count; i++)
        for (int k = 0; k < chain->links[i].operands; k++) {
            const int of = p->groups[chain->links[i].in[k].tensor];
            if (of >= 0)
                p->list[of].last = i;
        }
}

/* So that placing a long chain takes as long as the chain is. */
static void sort_by_last(placing *p)
{
    for (int i = 0; i < p->chain->link_count; i++)
        p->ended[i] = -1;
    for (int i = 0; i < p->chain->link_count; i++) {
        p->list[i].next = p->ended[p->list[i].last];
        p->ended[p->list[i].last] = i;
    }
}

/* The free slot that wastes least, or a new one. */
static int take_slot(placing *p, size_t row_bytes)
{
    int best = -1;
    for (int s = 0; s < p->chain->slot_count; s++)
        if (!p->is_taken[s] && p->slots[s] >= row_bytes && (best < 0 || p->slots[s] < p->slots[best]))
            best = s;
    if (best < 0 || p->slots[best] > 2 * row_bytes + 8) {
        best = p->chain->slot_count++;
        p->slots[best] = row_bytes;
    }
    p->is_taken[best] = true;
    return best;
}

static void place_members(placing *p)
{
    ns_chain *chain = p->chain;
    for (int i = 0; i < chain->link_count; i++) {
        group *g = &p->list[i];
        ns_chain_link *link = &chain->links[i];
        g->slot = -1;
        if (g->inside < g->readers)
            chain->whole[chain->whole_count++] = g->tensor;
        else
            g->slot = take_slot(p, g->row_bytes);
        link->out = (ns_chain_operand){g->tensor, g->slot, g->row_bytes};
        for (int k = 0; k < link->operands; k++) {
            const int tensor = link->in[k].tensor, of = p->groups[tensor];
            const size_t elements = link->spans[k] == NS_SPAN_FULL  ? link->columns
                                    : link->spans[k] == NS_SPAN_ROW ? 1
                                                                    : 0;
            link->in[k] = (ns_chain_operand){of < 0 ? tensor : p->list[of].tensor,
                                             of < 0 ? -1 : p->list[of].slot, elements * bytes_of(p, tensor)};
        }
        for (int j = p->ended[i]; j >= 0; j = p->list[j].next)
            if (p->list[j].slot >= 0)
                p->is_taken[p->list[j].slot] = false;
    }
}

static void settle_rows(placing *p)
{
    ns_chain *chain = p->chain;
    size_t row = 0;
    for (int s = 0; s < chain->slot_count; s++)
        row += p->slots[s];
    size_t rows = (chain->is_produced ? SECOND_CACHE : CACHE) / (row ? row : 1);
    if (chain->is_produced)
        rows = rows > BAND ? BAND : rows < TILE ? TILE : rows / TILE * TILE;
    if (chain->columns == 1 && rows > ALIGNMENT)
        rows = rows / ALIGNMENT * ALIGNMENT; /* whole vectors */
    rows = rows < 1 ? 1 : rows;
    chain->slab_rows = rows < chain->rows ? rows : chain->rows;
    for (int s = 0; s < chain->slot_count; s++) {
        chain->slot_offsets[s] = chain->room;
        chain->room += (p->slots[s] * chain->slab_rows + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}

ns_code ns_chain_place(const ns_block *block, ns_chain *chain, const int *readers, int *groups,
                       ns_arena *arena, ns_error *error)
{
    const size_t links = (size_t)chain->link_count;
    placing p = {.block = block, .chain = chain, .readers = readers, .groups = groups};
    p.list = NS_ARENA_ARRAY(arena, links, group);
    p.ended = NS_ARENA_ARRAY(arena, links, int);
    p.slots = NS_ARENA_ARRAY(arena, links, size_t);
    p.is_taken = NS_ARENA_ARRAY(arena, links, bool);
    chain->whole = NS_ARENA_ARRAY(arena, links, int);
    chain->slot_offsets = NS_ARENA_ARRAY(arena, links, size_t);
    if (!p.list || !p.ended || !p.slots || !p.is_taken || !chain->whole || !chain->slot_offsets)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to plan a run");
    find_groups(&p);
    count_readers(&p);
    sort_by_last(&p);
    place_members(&p);
    settle_rows(&p);
    for (int i = 0; i < chain->link_count; i++)
        groups[p.list[i].tensor] = -1;
    for (int i = 0; i < chain->alias_count; i++)
        groups[chain->aliases[i].to] = -1;
    return NS_OK;
}
