#include "eval/internal.h"

#include "eval/interface.h"

/* An operator of at most so many elements, on operands from outside, runs ahead of the chain it stands in. */
#define SMALL 1024
/* Longer rows are no gain: a row of each member is to stay in the caches. */
#define MOST_COLUMNS 16384

/* What the chain being built knows of a tensor. */
typedef struct member {
    bool is_made; /* by a link */
    ns_span span;
} member;

typedef struct builder {
    const ns_block *block;
    const ns_kernels *kernels;
    ns_arena *arena;
    ns_chain chain; /* the one being built; no links: none */
    bool has_rows;  /* its columns are settled */
    size_t count;   /* rows * columns */
    member *members;
    bool *is_written; /* tensors that have a value before the operator runs */
    bool *is_output;  /* of the block */
    int *readers;     /* operators and outputs that read each tensor */
    int *groups;      /* for ns_chain_place */
} builder;

static bool count_elements(const builder *b, int tensor, size_t *count)
{
    const ns_graph_tensor *t = &b->block->tensors[tensor];
    return !t->is_variable && !t->is_unranked &&
           ns_shape_count(t->tensor.rank, t->tensor.shape, count, NULL) == NS_OK && *count > 0;
}

/* Settles the columns; false where they are settled otherwise. */
static bool settle(builder *b, size_t columns)
{
    ns_chain *chain = &b->chain;
    if (b->has_rows)
        return chain->columns == columns;
    if (columns > MOST_COLUMNS || b->count % columns)
        return false;
    b->has_rows = true;
    chain->columns = columns;
    chain->rows = b->count / columns;
    return true;
}

/* Elements of `shape` behind its first `dims`. */
static size_t behind(const ns_tensor *shape, int dims)
{
    size_t count = 1;
    for (int d = dims; d < shape->rank; d++)
        count *= (size_t)shape->shape[d];
    return count;
}

/* How an operand lies in a result that has an element for each row and column; false: in no way we know. */
static bool find_span(builder *b, int tensor, const ns_tensor *out, ns_span *span)
{
    const ns_tensor *in = &b->block->tensors[tensor].tensor;
    const member *m = &b->members[tensor];
    int same = 0, ones = 0; /* leading dims that are the result's, that are 1 */
    if (in->rank != out->rank)
        return false;
    while (same < in->rank && in->shape[same] == out->shape[same])
        same++;
    while (ones < in->rank && in->shape[ones] == 1)
        ones++;
    *span = NS_SPAN_FULL;
    if (same == in->rank)
        return !m->is_made || m->span == NS_SPAN_FULL;
    *span = NS_SPAN_ONE;
    if (ones == in->rank && !m->is_made)
        return true;
    *span = NS_SPAN_ROW;
    if (behind(in, same) == 1)
        return (!m->is_made || m->span == NS_SPAN_ROW) && settle(b, behind(out, same));
    *span = NS_SPAN_COLUMN;
    for (int d = ones; d < in->rank; d++)
        if (in->shape[d] != out->shape[d])
            return false;
    return !m->is_made && settle(b, behind(out, ones));
}

/* The same for a result with an element for each row. */
static bool find_row_span(const builder *b, int tensor, const ns_tensor *out, ns_span *span)
{
    const ns_tensor *in = &b->block->tensors[tensor].tensor;
    const member *m = &b->members[tensor];
    *span = NS_SPAN_FULL;
    if (ns_shape_equal(in, out))
        return !m->is_made || m->span == NS_SPAN_ROW;
    *span = NS_SPAN_ONE;
    return in->rank == out->rank && behind(in, 0) == 1 && !m->is_made;
}

static bool join_each(builder *b, const ns_operator *op, ns_chain_link *link, ns_span *made)
{
    const ns_tensor *out = &b->block->tensors[op->outputs[0]].tensor;
    const size_t count = ns_tensor_count(out);
    const bool is_full = count == b->count;
    if (!is_full && !(b->has_rows && count == b->chain.rows))
        return false;
    if (op->attributes.per_channel &&
        (!is_full || out->rank < 1 || !settle(b, (size_t)out->shape[out->rank - 1])))
        return false;
    for (int k = 0; k < link->operands; k++)
        if (is_full ? !find_span(b, op->inputs[k], out, &link->spans[k])
                    : !find_row_span(b, op->inputs[k], out, &link->spans[k]))
            return false;
    *made = is_full ? NS_SPAN_FULL : NS_SPAN_ROW;
    link->columns = is_full ? 0 : 1; /* 0: the chain's, which may be settled later */
    return true;
}

static bool join_reduce(builder *b, const ns_operator *op, ns_chain_link *link, ns_span *made)
{
    const ns_tensor *in = &b->block->tensors[op->inputs[0]].tensor;
    const member *m = &b->members[op->inputs[0]];
    const int axis = op->attributes.axis;
    if (op->op == NS_OP_REDUCE_SUM && in->dtype != NS_DTYPE_INT32)
        return false; /* is checked step by step */
    if (axis < 0 || axis >= in->rank || behind(in, axis + 1) != 1 || ns_tensor_count(in) != b->count ||
        (m->is_made && m->span != NS_SPAN_FULL) || !settle(b, (size_t)in->shape[axis]))
        return false;
    link->spans[0] = NS_SPAN_FULL;
    *made = NS_SPAN_ROW;
    return true;
}

/* What makes its rows from whole tensors begins a chain; its rows are the last dim's. */
static bool join_produce(builder *b, const ns_operator *op, ns_chain_link *link)
{
    const ns_tensor *out = &b->block->tensors[op->outputs[0]].tensor;
    if (b->chain.link_count || out->rank < 1)
        return false;
    b->count = b->chain.rows = ns_tensor_count(out);
    for (int k = 0; k < link->operands; k++)
        link->spans[k] = NS_SPAN_COLUMN; /* the same for all rows */
    b->chain.is_produced = true;
    return settle(b, (size_t)out->shape[out->rank - 1]);
}

/* An output of a member in another shape. */
static bool join_same(builder *b, const ns_operator *op)
{
    const ns_tensor *in = &b->block->tensors[op->inputs[0]].tensor;
    const ns_tensor *out = &b->block->tensors[op->outputs[0]].tensor;
    if (b->is_output[op->outputs[0]] || in->dtype != out->dtype ||
        ns_tensor_count(in) != ns_tensor_count(out))
        return false;
    b->members[op->outputs[0]] = b->members[op->inputs[0]];
    b->chain.aliases[b->chain.alias_count++] = (ns_chain_alias){op->inputs[0], op->outputs[0]};
    return true;
}

/* Whether the operator's tensors are such as a chain may have. */
static bool is_plain(const builder *b, const ns_operator *op, const ns_step_kind *kind)
{
    size_t count;
    if (op->output_count != 1 || op->input_count < kind->operands || b->is_written[op->outputs[0]] ||
        !count_elements(b, op->outputs[0], &count))
        return false;
    for (int k = 0; k < op->input_count; k++)
        if (!count_elements(b, op->inputs[k], &count) ||
            (k >= kind->operands && b->members[op->inputs[k]].is_made))
            return false;
    return true;
}

static bool is_small(const builder *b, const ns_operator *op, const ns_step_kind *kind)
{
    for (int k = 0; k < kind->operands; k++)
        if (ns_tensor_count(&b->block->tensors[op->inputs[k]].tensor) > SMALL)
            return false;
    return ns_tensor_count(&b->block->tensors[op->outputs[0]].tensor) <= SMALL;
}

static void begin(builder *b, const ns_operator *op, int index)
{
    b->chain.first = index;
    b->has_rows = false;
    b->chain.columns = 1;
    b->count = 1;
    const int operands = ns_step_kind_of(op->op)->operands;
    for (int k = 0; k <= operands; k++) {
        const int tensor = k < operands ? op->inputs[k] : op->outputs[0];
        const size_t count = ns_tensor_count(&b->block->tensors[tensor].tensor);
        b->count = count > b->count ? count : b->count;
    }
    b->chain.rows = b->count;
}

/* Adds operator `index` to the chain, or begins one with it; false: it can be in none, or not in this one. */
static bool join(builder *b, int index)
{
    const ns_operator *op = &b->block->operators[index];
    const ns_step_kind *kind = ns_step_kind_of(op->op);
    ns_chain *chain = &b->chain;
    if (kind->form == NS_STEP_NONE || !is_plain(b, op, kind))
        return false;
    bool depends = false;
    for (int k = 0; k < kind->operands; k++)
        depends |= b->members[op->inputs[k]].is_made;
    if (kind->form == NS_STEP_SAME && depends)
        return join_same(b, op);
    if (kind->form == NS_STEP_SAME && !chain->link_count)
        return false;
    if (!chain->link_count)
        begin(b, op, index);
    const builder before = *b;
    ns_chain_link *link = &chain->links[chain->link_count];
    *link = (ns_chain_link){.index = index, .operands = kind->operands};
    for (int k = 0; k < kind->operands; k++)
        link->in[k].tensor = op->inputs[k];
    ns_span made = NS_SPAN_FULL;
    if (kind->form == NS_STEP_EACH && join_each(b, op, link, &made)) {
    } else if (kind->form == NS_STEP_REDUCE && join_reduce(b, op, link, &made)) {
    } else if (kind->form == NS_STEP_PRODUCE && join_produce(b, op, link)) {
    } else {
        *b = before;
        if (depends || !chain->link_count || kind->form == NS_STEP_PRODUCE ||
            (kind->form != NS_STEP_SAME && !is_small(b, op, kind)))
            return false;
        chain->before[chain->before_count++] = index;
        return true;
    }
    b->members[op->outputs[0]] = (member){true, made};
    chain->link_count++;
    return true;
}

static bool is_constant(const ns_operator *op)
{
    return op->op == NS_OP_CONST || op->op == NS_OP_CONST_SHAPE;
}

static bool has_constant_parameters(const builder *b)
{
    for (int i = 0; i < b->chain.link_count; i++) {
        const ns_operator *op = &b->block->operators[b->chain.links[i].index];
        for (int k = b->chain.links[i].operands; k < op->input_count; k++)
            if (!b->block->tensors[op->inputs[k]].tensor.data)
                return false;
    }
    return true;
}

/* Ends the chain before operator `end`. One link alone is left to its operator. */
static ns_code close_chain(builder *b, int end, ns_plan *plan, ns_error *error)
{
    ns_chain *chain = &b->chain;
    chain->end = end;
    if (chain->link_count > 1) {
        for (int i = chain->first; i < end; i++)
            chain->work += ns_eval_work(b->block, &b->block->operators[i]) + NS_EVAL_OPERATOR_WORK;
        for (int i = 0; i < chain->before_count; i++)
            chain->work -=
                ns_eval_work(b->block, &b->block->operators[chain->before[i]]) + NS_EVAL_OPERATOR_WORK;
        chain->is_constant = has_constant_parameters(b);
        const int links = chain->link_count;
        if (b->kernels->fused)
            NS_TRY(ns_chain_fuse(b->block, chain, b->readers, b->groups, b->arena, error));
        ns_chain *kept = ns_arena_copy(b->arena, chain, sizeof *chain);
        if (!kept)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory to plan a run");
        NS_TRY(ns_chain_place(b->block, kept, b->readers, b->groups, b->arena, error));
        plan->at[chain->first] = kept;
        chain->links += links;
        chain->before += chain->before_count;
        chain->aliases += chain->alias_count;
    }
    for (int i = chain->first; i < end; i++)
        for (int k = 0; k < b->block->operators[i].output_count; k++)
            b->members[b->block->operators[i].outputs[k]].is_made = false;
    *chain =
        (ns_chain){.first = end, .links = chain->links, .before = chain->before, .aliases = chain->aliases};
    return NS_OK;
}

static bool begin_plan(builder *b, const ns_block *block, ns_arena *arena, ns_plan *plan)
{
    const size_t operators = (size_t)block->operator_count, tensors = (size_t)block->tensor_count;
    *b = (builder){.block = block, .arena = arena};
    b->chain.links = NS_ARENA_ARRAY(arena, operators + 1, ns_chain_link);
    b->chain.before = NS_ARENA_ARRAY(arena, operators, int);
    b->chain.aliases = NS_ARENA_ARRAY(arena, operators, ns_chain_alias);
    b->members = NS_ARENA_ARRAY(arena, tensors, member);
    b->is_written = NS_ARENA_ARRAY(arena, tensors, bool);
    b->is_output = NS_ARENA_ARRAY(arena, tensors, bool);
    b->readers = NS_ARENA_ARRAY(arena, tensors, int);
    b->groups = NS_ARENA_ARRAY(arena, tensors, int);
    plan->at = NS_ARENA_ARRAY(arena, operators, const ns_chain *);
    if (!b->chain.links || !b->chain.before || !b->chain.aliases || !b->members || !b->is_written ||
        !b->is_output || !b->readers || !b->groups || !plan->at)
        return false;
    for (int i = 0; i < block->tensor_count; i++) {
        b->is_written[i] = block->tensors[i].tensor.data != NULL;
        b->groups[i] = -1;
    }
    for (int i = 0; i < block->operator_count; i++)
        for (int k = 0; k < block->operators[i].input_count; k++)
            b->readers[block->operators[i].inputs[k]]++;
    for (int i = 0; i < block->input_count; i++)
        b->is_written[block->inputs[i]] = true;
    for (int i = 0; i < block->output_count; i++) {
        b->readers[block->outputs[i]]++;
        b->is_output[block->outputs[i]] = true;
    }
    return true;
}

ns_code ns_plan_make(const ns_block *block, const ns_kernels *kernels, ns_arena *arena, ns_plan *plan,
                     ns_error *error)
{
    builder b;
    if (!begin_plan(&b, block, arena, plan))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to plan a run");
    b.kernels = kernels;
    for (int i = 0; i < block->operator_count; i++) {
        const ns_operator *op = &block->operators[i];
        const bool is_given = is_constant(op) && op->output_count == 1 && b.is_written[op->outputs[0]];
        if (!is_given && !join(&b, i)) {
            NS_TRY(close_chain(&b, i, plan, error));
            if (!join(&b, i))
                b.chain.first = i + 1;
        }
        for (int k = 0; k < op->output_count; k++)
            b.is_written[op->outputs[k]] = true;
    }
    return close_chain(&b, block->operator_count, plan, error);
}
