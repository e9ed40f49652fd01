#include "draft/edit.h"

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
