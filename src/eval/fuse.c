#include "eval/internal.h"

typedef struct fusing {
    const ns_block *block;
    ns_chain *chain;
    const int *readers;
    int *makers;   /* the link that makes a tensor, -1: none */
    int *replaced; /* for each link: how many of its readers do without it; -1: it is part of another */
} fusing;

/* A RESCALE by one constant scale with zero points 0, signed. */
typedef struct scale {
    int32_t multiplier;
    int shift;
} scale;

static bool one_value(const fusing *f, int tensor, int64_t *value)
{
    const ns_graph_tensor *t = &f->block->tensors[tensor];
    if (!t->tensor.data || t->is_variable || ns_tensor_count(&t->tensor) != 1)
        return false;
    *value = ns_tensor_get(&t->tensor, 0);
    return true;
}

static bool read_scale(const fusing *f, const ns_operator *op, ns_dtype from, ns_dtype to, scale *s)
{
    const ns_attributes *a = &op->attributes;
    int64_t multiplier, shift, zero[2];
    if (op->op != NS_OP_RESCALE || op->input_count != 5 || !a->scale32 || a->per_channel ||
        a->input_unsigned || a->output_unsigned || a->rounding_mode != NS_SINGLE_ROUND ||
        f->block->tensors[op->inputs[0]].tensor.dtype != from ||
        f->block->tensors[op->outputs[0]].tensor.dtype != to || !one_value(f, op->inputs[1], &multiplier) ||
        !one_value(f, op->inputs[2], &shift) || !one_value(f, op->inputs[3], &zero[0]) ||
        !one_value(f, op->inputs[4], &zero[1]) || zero[0] || zero[1] || multiplier < 1 || shift < 2 ||
        shift > 62)
        return false;
    *s = (scale){(int32_t)multiplier, (int)shift};
    return true;
}

/* log2 of a power of two, else -1. */
static int exponent(int32_t multiplier)
{
    return multiplier & (multiplier - 1) ? -1 : __builtin_ctz((unsigned)multiplier);
}

/* The operator that makes a tensor: a link, or one that runs ahead of the chain. */
static const ns_operator *maker(const fusing *f, int tensor)
{
    if (f->makers[tensor] >= 0)
        return &f->block->operators[f->chain->links[f->makers[tensor]].index];
    for (int i = 0; i < f->chain->before_count; i++)
        if (f->block->operators[f->chain->before[i]].outputs[0] == tensor)
            return &f->block->operators[f->chain->before[i]];
    return NULL;
}

/* Whether an int32 tensor is an int16 one times 2^left, left <= most. Its values have 16 bits, so that a
 * shift from 17 on takes all of them. */
static bool is_shifted(const fusing *f, int tensor, int most, int *from, int *left)
{
    const ns_operator *op = maker(f, tensor);
    scale s;
    if (!op || !read_scale(f, op, NS_DTYPE_INT16, NS_DTYPE_INT32, &s) || s.shift < 17 ||
        exponent(s.multiplier) < s.shift || exponent(s.multiplier) - s.shift > most)
        return false;
    *from = op->inputs[0];
    *left = exponent(s.multiplier) - s.shift;
    return true;
}

/* Whether an int32 tensor is an int16 one by any scale that kernels/rows.h takes of a pair's operand. */
static bool is_scaled(const fusing *f, int tensor, int *from, int32_t *multiplier, int *shift)
{
    const ns_operator *op = maker(f, tensor);
    scale s;
    if (!op || !read_scale(f, op, NS_DTYPE_INT16, NS_DTYPE_INT32, &s) || s.shift < 17 || s.shift > 46)
        return false;
    *from = op->inputs[0];
    *multiplier = s.multiplier;
    *shift = s.shift;
    return true;
}

/* How a pair's operands are made of int16: by shifts, or both by scales. */
static bool read_operands(const fusing *f, const ns_operator *op, ns_fused_pair *pair, int from[2])
{
    const int most = pair->op == NS_FUSED_MUL ? 0 : 14;
    if (is_shifted(f, op->inputs[0], most, &from[0], &pair->left[0]) &&
        is_shifted(f, op->inputs[1], most, &from[1], &pair->left[1]))
        return true;
    pair->is_scaled = pair->op != NS_FUSED_MUL;
    for (int k = 0; k < 2 && pair->is_scaled; k++)
        pair->is_scaled = is_scaled(f, op->inputs[k], &from[k], &pair->in_multiplier[k], &pair->in_shift[k]);
    return pair->is_scaled;
}

/* The link whose only reader this one is. */
static ns_chain_link *only_source(const fusing *f, int tensor)
{
    const int at = f->makers[tensor];
    return at >= 0 && f->readers[tensor] == 1 && !f->replaced[at] ? &f->chain->links[at] : NULL;
}

/* `link` reads past what made `tensor`. */
static void pass(fusing *f, int tensor)
{
    if (f->makers[tensor] >= 0)
        f->replaced[f->makers[tensor]]++;
}

static bool fuse_pair(fusing *f, ns_chain_link *link, const ns_chain_link *source, const scale *s)
{
    const ns_operator *op = &f->block->operators[source->index];
    ns_fused_pair pair = {.multiplier = s->multiplier, .shift = s->shift};
    int from[2];
    int64_t shift = 0;
    if (op->op == NS_OP_ADD || op->op == NS_OP_SUB)
        pair.op = op->op == NS_OP_ADD ? NS_FUSED_ADD : NS_FUSED_SUB;
    else if (op->op == NS_OP_MUL && op->input_count == 3 && one_value(f, op->inputs[2], &shift) && !shift)
        pair.op = NS_FUSED_MUL;
    else
        return false;
    if (!read_operands(f, op, &pair, from))
        return false;
    link->form = NS_LINK_PAIR;
    link->pair = pair;
    link->operands = 2;
    for (int k = 0; k < 2; k++) {
        link->spans[k] = source->spans[k];
        link->in[k].tensor = from[k];
        pass(f, op->inputs[k]);
    }
    return true;
}

/* |128 * entry| <= 2^22, which a shift from 24 on takes. */
static bool fuse_table(fusing *f, ns_chain_link *link, const ns_chain_link *source, const scale *s)
{
    const ns_operator *op = &f->block->operators[source->index];
    if (op->op != NS_OP_TABLE || f->block->tensors[op->inputs[0]].tensor.dtype != NS_DTYPE_INT16 ||
        exponent(s->multiplier) < 0 || s->shift < 24 || s->shift != exponent(s->multiplier) + 7)
        return false;
    link->form = NS_LINK_TABLE;
    link->source = source->index;
    link->in[0].tensor = op->inputs[0];
    return true;
}

static void fuse_sum(fusing *f, ns_chain_link *link)
{
    const ns_operator *op = &f->block->operators[link->index];
    int from, left;
    if (f->chain->columns > 32768 || !is_shifted(f, op->inputs[0], 15, &from, &left))
        return;
    link->form = NS_LINK_SUM;
    link->left = left;
    link->in[0].tensor = from;
    pass(f, op->inputs[0]);
}

/* Whatever the scales: what the product does not take over runs behind it (ns_fused_join). */
static bool fuse_product(fusing *f, ns_chain_link *link)
{
    const ns_operator *op = &f->block->operators[link->index];
    const ns_chain_link *source = only_source(f, op->inputs[0]);
    if (op->op != NS_OP_RESCALE || op->attributes.output_unsigned || !source ||
        source->form != NS_LINK_OPERATOR ||
        ns_step_kind_of(f->block->operators[source->index].op)->form != NS_STEP_PRODUCE ||
        f->block->tensors[op->inputs[0]].tensor.dtype != NS_DTYPE_INT48 ||
        f->block->tensors[op->outputs[0]].tensor.dtype != NS_DTYPE_INT16)
        return false;
    link->form = NS_LINK_PRODUCT;
    link->source = source->index;
    link->operands = source->operands;
    for (int k = 0; k < source->operands; k++) {
        link->spans[k] = source->spans[k];
        link->in[k] = source->in[k];
    }
    f->replaced[source - f->chain->links] = -1;
    return true;
}

static void fuse_link(fusing *f, ns_chain_link *link)
{
    const ns_operator *op = &f->block->operators[link->index];
    if (op->op == NS_OP_REDUCE_SUM) {
        fuse_sum(f, link);
        return;
    }
    scale s;
    if (fuse_product(f, link) || !read_scale(f, op, NS_DTYPE_INT32, NS_DTYPE_INT16, &s))
        return;
    ns_chain_link *source = only_source(f, op->inputs[0]);
    if (source && ((s.shift >= 33 && fuse_pair(f, link, source, &s)) || fuse_table(f, link, source, &s)))
        f->replaced[source - f->chain->links] = -1;
}

/* Drops the links that are part of others, and those whose readers all do without them. */
static void drop_replaced(fusing *f)
{
    ns_chain *chain = f->chain;
    int kept = 0;
    for (int i = 0; i < chain->link_count; i++) {
        const int out = f->block->operators[chain->links[i].index].outputs[0];
        if (f->replaced[i] < 0 || (f->replaced[i] > 0 && f->replaced[i] == f->readers[out]))
            continue;
        chain->links[kept++] = chain->links[i];
    }
    chain->link_count = kept;
}

ns_code ns_chain_fuse(const ns_block *block, ns_chain *chain, const int *readers, int *makers,
                      ns_arena *arena, ns_error *error)
{
    fusing f = {.block = block, .chain = chain, .readers = readers, .makers = makers};
    f.replaced = NS_ARENA_ARRAY(arena, (size_t)chain->link_count, int);
    if (!f.replaced)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to plan a run");
    for (int i = 0; i < chain->link_count; i++)
        makers[block->operators[chain->links[i].index].outputs[0]] = i;
    for (int i = 0; i < chain->link_count; i++)
        fuse_link(&f, &chain->links[i]);
    for (int i = 0; i < chain->link_count; i++)
        makers[block->operators[chain->links[i].index].outputs[0]] = -1;
    drop_replaced(&f);
    return NS_OK;
}

static bool run_pair(const ns_step *step, const ns_slab *slab)
{
    const ns_chain_link *link = step->data;
    const bool flat = ns_step_is_flat(step->spans[0]) && ns_step_is_flat(step->spans[1]);
    const size_t rows = flat ? 1 : slab->rows, columns = flat ? slab->rows * slab->columns : slab->columns;
    size_t within[2], between[2];
    for (int k = 0; k < 2; k++)
        ns_step_steps(step->spans[k], columns, &within[k], &between[k]);
    for (size_t r = 0; r < rows; r++)
        step->kernels->fused->pair(&link->pair, (const int16_t *)slab->in[0] + r * between[0], (int)within[0],
                                   (const int16_t *)slab->in[1] + r * between[1], (int)within[1],
                                   (int16_t *)slab->out + r * columns, columns);
    return false;
}

/* The sum step by step; false where one leaves int32. */
static bool careful_sum(const int16_t *in, size_t count, int left, int32_t *sum)
{
    int64_t result = 0;
    for (size_t i = 0; i < count; i++) {
        result += (int64_t)in[i] * (1 << left);
        if (result != (int32_t)result)
            return false;
    }
    *sum = (int32_t)result;
    return true;
}

static bool run_sum(const ns_step *step, const ns_slab *slab)
{
    const ns_chain_link *link = step->data;
    int32_t *out = slab->out;
    for (size_t r = 0; r < slab->rows; r++) {
        const int16_t *in = (const int16_t *)slab->in[0] + r * slab->columns;
        if (!step->kernels->fused->sum(in, slab->columns, link->left, &out[r]) &&
            !careful_sum(in, slab->columns, link->left, &out[r]))
            return true;
    }
    return false;
}

void ns_fused_prepare(const ns_chain_link *link, ns_step *step)
{
    step->run = link->form == NS_LINK_PAIR ? run_pair : run_sum;
    step->data = link;
}

typedef struct joined {
    ns_step product, rescale;
    size_t sums; /* bytes of room for those of a band, in front of what the steps need */
} joined;

static bool run_joined(const ns_step *step, const ns_slab *slab)
{
    const joined *j = step->data;
    for (size_t done = 0; done < slab->rows; done += NS_PRODUCT_BAND) {
        const size_t left = slab->rows - done;
        ns_slab part = *slab;
        part.first += done;
        part.is_new &= done == 0;
        part.rows = left < NS_PRODUCT_BAND ? left : NS_PRODUCT_BAND;
        part.out = slab->room;
        part.room = (char *)slab->room + j->sums;
        if (j->product.run(&j->product, &part))
            return true;
        part.in[0] = slab->room;
        part.out = (int16_t *)slab->out + done * slab->columns;
        if (j->rescale.run(&j->rescale, &part))
            return true;
    }
    return false;
}

ns_code ns_fused_join(const ns_step *product, const ns_step *rescale, size_t columns, ns_arena *arena,
                      ns_step *step)
{
    joined *j = NS_ARENA_NEW(arena, joined);
    if (!j)
        return NS_ERROR_MEMORY;
    *j = (joined){*product, *rescale, NS_PRODUCT_BAND * columns * sizeof(int64_t) + NS_STORE_SLACK};
    step->room_size =
        j->sums + (product->room_size > rescale->room_size ? product->room_size : rescale->room_size);
    step->run = run_joined;
    step->data = j;
    return NS_OK;
}
