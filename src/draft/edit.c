#include "draft/edit.h"

#include "draft/interface.h"

#include <string.h>

bool ns_edit_own(ns_draft *d, int node)
{
    ns_tensor *t = &d->nodes[node].value;
    t->data = ns_arena_copy(d->arena, t->data, ns_tensor_count(t) * (size_t)ns_dtype_bytes(t->dtype));
    return t->data != NULL;
}

bool ns_edit_cut_axis(ns_draft *d, int node, int axis, int64_t size)
{
    ns_draft_node *n = &d->nodes[node];
    const ns_tensor old = n->value;
    if (n->kind == NS_DRAFT_OPERATOR || axis < 0 || axis >= old.rank || size < 1 || size > old.shape[axis])
        return false;
    int64_t inner = ns_dtype_bytes(old.dtype), outer = 1;
    for (int i = 0; i < axis; i++)
        outer *= old.shape[i];
    for (int i = axis + 1; i < old.rank; i++)
        inner *= old.shape[i];
    ns_tensor shape = old, cut;
    shape.shape[axis] = size;
    if (ns_tensor_new(d->arena, old.dtype, old.rank, shape.shape, &cut, NULL) != NS_OK)
        return false;
    for (int64_t o = 0; o < outer; o++)
        memcpy((char *)cut.data + o * size * inner, (const char *)old.data + o * old.shape[axis] * inner,
               (size_t)(size * inner));
    n->value = cut;
    return true;
}

/* ---- another order of two operators ---- */

static bool is_mover(ns_op op)
{
    return op == NS_OP_SLICE || op == NS_OP_TRANSPOSE || op == NS_OP_RESHAPE || op == NS_OP_REVERSE ||
           op == NS_OP_TILE;
}

/* Maps each element by itself, whatever its place. */
static bool is_pointwise(const ns_draft_node *n)
{
    return (n->op == NS_OP_RESCALE && !n->attributes.per_channel) || n->op == NS_OP_CLAMP ||
           n->op == NS_OP_TABLE || n->op == NS_OP_ABS || n->op == NS_OP_NEGATE || n->op == NS_OP_CAST ||
           n->op == NS_OP_CLZ || n->op == NS_OP_BITWISE_NOT || n->op == NS_OP_LOGICAL_NOT;
}

static bool has_one_reader(const ns_draft *d, int node)
{
    int readers = 0;
    for (int i = 0; i < d->count; i++)
        for (int k = 0; k < d->nodes[i].input_count; k++)
            readers += d->nodes[i].inputs[k] == node;
    for (int i = 0; i < d->output_count; i++)
        readers += d->outputs[i] == node;
    return readers == 1;
}

/* `n` on node `operand` of `out` instead of its first operand; the others are mapped by `place`. */
static int apply_to(ns_draft *out, const ns_draft_node *n, int operand, const int *place)
{
    int inputs[NS_DRAFT_OPERANDS] = {operand};
    for (int k = 1; k < n->input_count; k++)
        inputs[k] = place[n->inputs[k]];
    return operand < 0 ? -1 : ns_draft_apply(out, n->op, &n->attributes, n->input_count, inputs, NULL);
}

/* The elementwise operator `map` on each part of a CONCAT, or on a PAD's operand and constant, then `mover`.
 */
static int add_behind(ns_draft *out, const ns_draft_node *map, const ns_draft_node *mover, const int *place)
{
    int inputs[NS_DRAFT_OPERANDS];
    for (int k = 0; k < mover->input_count; k++) {
        const bool data = mover->op == NS_OP_CONCAT || k == 0 || (mover->op == NS_OP_PAD && k == 2);
        inputs[k] = place[mover->inputs[k]];
        if (data && (inputs[k] = apply_to(out, map, inputs[k], place)) < 0)
            return -1;
        if (mover->op == NS_OP_PAD && k == 2) {
            out->nodes[inputs[k]].kind = NS_DRAFT_CONST;
            out->nodes[inputs[k]].input_count = 0;
        }
    }
    return ns_draft_apply(out, mover->op, &mover->attributes, mover->input_count, inputs, NULL);
}

/* The pair in the other order; the index of its result, -1 where there is none. */
static int add_pair(ns_draft *out, const ns_draft_node *first, const ns_draft_node *second, const int *place)
{
    if (is_pointwise(second) && (is_mover(first->op) || first->op == NS_OP_CONCAT || first->op == NS_OP_PAD))
        return add_behind(out, second, first, place);
    if (is_mover(second->op) && is_pointwise(first))
        return apply_to(out, first, apply_to(out, second, place[first->inputs[0]], place), place);
    return -1;
}

static bool is_same(const ns_tensor *a, const ns_tensor *b)
{
    return a->dtype == b->dtype && ns_shape_equal(a, b) &&
           memcmp(a->data, b->data, ns_tensor_count(a) * (size_t)ns_dtype_bytes(a->dtype)) == 0;
}

bool ns_draft_swap(const ns_draft *draft, int second, ns_arena *arena, ns_draft *out)
{
    const ns_draft_node *b = &draft->nodes[second];
    const int first = b->kind == NS_DRAFT_OPERATOR && b->input_count ? b->inputs[0] : -1;
    int *place = NS_ARENA_ARRAY(arena, (size_t)draft->count, int);
    if (!place || first < 0 || draft->nodes[first].kind != NS_DRAFT_OPERATOR || !has_one_reader(draft, first))
        return false;
    *out =
        (ns_draft){.arena = arena, .output_count = draft->output_count, .region_count = draft->region_count};
    memcpy(out->regions, draft->regions, sizeof out->regions);
    for (int i = 0; i < draft->count; i++) {
        ns_draft_node node = draft->nodes[i];
        for (int k = 0; k < node.input_count; k++)
            node.inputs[k] = place[node.inputs[k]];
        place[i] = i == first    ? -1
                   : i == second ? add_pair(out, &draft->nodes[first], b, place)
                                 : ns_draft_add(out, &node);
        if (i != first && place[i] < 0)
            return false;
    }
    for (int i = 0; i < draft->output_count; i++)
        out->outputs[i] = place[draft->outputs[i]];
    return is_same(ns_draft_value(out, place[second]), ns_draft_value(draft, second));
}
