/* Edits of structure: which outputs, which tensors become inputs, which operators and which dims of 1 are
 * left out. */
#include <string.h>

#include "draft/edit.h"

static bool is_feature(const ns_tensor *t)
{
    return t->dtype == NS_DTYPE_INT8 || t->dtype == NS_DTYPE_INT16 || t->dtype == NS_DTYPE_INT32;
}

static bool is_output(const ns_draft *d, int node)
{
    for (int i = 0; i < d->output_count; i++)
        if (d->outputs[i] == node)
            return true;
    return false;
}

static bool keep_output(ns_edit *e, int index)
{
    e->to->outputs[0] = e->from->outputs[index];
    e->to->output_count = 1;
    return e->from->output_count > 1;
}

static bool drop_output(ns_edit *e, int index)
{
    e->to->output_count--;
    memmove(&e->to->outputs[index], &e->to->outputs[index + 1],
            (size_t)(e->to->output_count - index) * sizeof(int));
    return e->from->output_count > 2;
}

static bool end_at(ns_edit *e, int node)
{
    e->to->outputs[0] = node;
    e->to->output_count = 1;
    return e->from->nodes[node].kind == NS_DRAFT_OPERATOR && is_feature(ns_draft_value(e->from, node)) &&
           !is_output(e->from, node);
}

static bool cut(ns_edit *e, int node)
{
    ns_draft_node *n = &e->to->nodes[node];
    if (n->kind != NS_DRAFT_OPERATOR || !is_feature(&n->value) || is_output(e->from, node))
        return false;
    n->kind = NS_DRAFT_INPUT;
    n->input_count = 0;
    n->attributes = (ns_attributes){0};
    return true;
}

/* Whoever reads `node` reads its operand `index` instead. */
static bool bypass(ns_edit *e, int node, int index)
{
    const ns_draft_node *n = &e->from->nodes[node];
    if (n->kind != NS_DRAFT_OPERATOR || index >= n->input_count)
        return false;
    const int by = n->inputs[index];
    const ns_draft_node *source = &e->from->nodes[by];
    if (source->value.dtype != n->value.dtype || (source->kind == NS_DRAFT_CONST && index > 0))
        return false;
    for (int i = node + 1; i < e->to->count; i++)
        for (int k = 0; k < e->to->nodes[i].input_count; k++)
            if (e->to->nodes[i].inputs[k] == node)
                e->to->nodes[i].inputs[k] = by;
    for (int i = 0; i < e->to->output_count; i++)
        if (e->to->outputs[i] == node) {
            if (source->kind != NS_DRAFT_OPERATOR || is_output(e->to, by))
                return false;
            e->to->outputs[i] = by;
        }
    return true;
}

bool ns_edit_structure(ns_edit *e, int number, bool *made)
{
    const int outputs = e->from->output_count, nodes = e->from->count;
    if (number < outputs)
        *made = keep_output(e, number);
    else if ((number -= outputs) < outputs)
        *made = drop_output(e, number);
    else if ((number -= outputs) < nodes)
        *made = end_at(e, number); /* the earliest first: most is left out */
    else if ((number -= nodes) < nodes)
        *made = cut(e, nodes - 1 - number); /* the last first */
    else if ((number -= nodes) < 3 * nodes)
        *made = bypass(e, nodes - 1 - number / 3, number % 3);
    else
        return false;
    return true;
}

/* ---- ranks ---- */

/* The list of a shape operand without its elements from `at` on, `count` of them. */
static bool shorten(ns_draft *d, int node, int at, int count)
{
    ns_tensor *list = &d->nodes[node].value, shorter;
    const int64_t left = list->shape[0] - count, *from = list->data;
    if (left < 1 || ns_tensor_new(d->arena, list->dtype, 1, &left, &shorter, NULL) != NS_OK)
        return false;
    int64_t *to = shorter.data;
    memcpy(to, from, (size_t)at * sizeof *to);
    memcpy(to + at, from + at + count, (size_t)(left - at) * sizeof *to);
    *list = shorter;
    return true;
}

/* A TRANSPOSE that leaves the dim where it is. */
static bool shorten_perms(ns_draft *d, ns_int_list *perms, int axis)
{
    int32_t *values = ns_arena_copy(d->arena, perms->values, (size_t)perms->count * sizeof *values);
    if (!values || values[axis] != axis)
        return false;
    int count = 0;
    for (int i = 0; i < perms->count; i++)
        if (i != axis)
            values[count++] = values[i] - (values[i] > axis);
    *perms = (ns_int_list){count, values};
    return true;
}

/* What an operator says of the dim: its lists and its axis. */
static bool forget_axis(ns_draft *d, ns_draft_node *n, int axis, bool result)
{
    const bool has_axis = n->op == NS_OP_CONCAT || n->op == NS_OP_REVERSE || n->op == NS_OP_ARGMAX ||
                          (n->op >= NS_OP_REDUCE_ALL && n->op <= NS_OP_REDUCE_SUM);
    if (has_axis && n->attributes.axis == axis)
        return false;
    n->attributes.axis -= has_axis && n->attributes.axis > axis;
    switch (n->op) {
    case NS_OP_TRANSPOSE:
        return shorten_perms(d, &n->attributes.perms, axis);
    case NS_OP_SLICE:
        return shorten(d, n->inputs[1], axis, 1) &&
               (n->inputs[2] == n->inputs[1] || shorten(d, n->inputs[2], axis, 1));
    case NS_OP_TILE:
        return shorten(d, n->inputs[1], axis, 1);
    case NS_OP_PAD:
        return shorten(d, n->inputs[1], 2 * axis, 2);
    case NS_OP_RESHAPE:
        return !result || shorten(d, n->inputs[1], axis, 1);
    default:
        return true;
    }
}

static bool has_dim(const ns_tensor *t, int rank)
{
    return t->rank == rank && t->dtype != NS_DTYPE_SHAPE;
}

/* Every tensor of this rank loses a dim that is 1 in all of them. */
static bool drop_dim(ns_draft *d, int rank, int axis)
{
    bool any = false;
    for (int i = 0; i < d->count; i++)
        if (has_dim(&d->nodes[i].value, rank)) {
            any = true;
            if (d->nodes[i].value.shape[axis] != 1)
                return false;
        }
    for (int i = 0; any && i < d->count; i++) {
        ns_draft_node *n = &d->nodes[i];
        if (n->kind != NS_DRAFT_OPERATOR || !n->input_count)
            continue;
        const bool result = has_dim(&n->value, rank);
        const bool concerns = n->op == NS_OP_RESHAPE ? result : has_dim(&d->nodes[n->inputs[0]].value, rank);
        if (concerns && !forget_axis(d, n, axis, result))
            return false;
    }
    for (int i = 0; any && i < d->count; i++) {
        ns_tensor *t = &d->nodes[i].value;
        if (!has_dim(t, rank))
            continue;
        memmove(&t->shape[axis], &t->shape[axis + 1], (size_t)(rank - axis - 1) * sizeof *t->shape);
        t->rank--;
    }
    return any;
}

bool ns_edit_rank(ns_edit *e, int number, bool *made)
{
    const int rank = NS_MAX_RANK - number / NS_MAX_RANK, axis = number % NS_MAX_RANK;
    if (rank < 2)
        return false;
    *made = axis < rank && drop_dim(e->to, rank, axis);
    return true;
}
