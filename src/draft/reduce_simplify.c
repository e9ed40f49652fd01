/* Edits of attributes and constants: towards stride 1, no padding, zero point 0, one scale, plain data. */
#include <string.h>

#include "draft/edit.h"

static bool set_list(ns_draft *d, ns_int_list *list, int index, int32_t value)
{
    if (index >= list->count || list->values[index] == value)
        return false;
    list->values = ns_arena_copy(d->arena, list->values, (size_t)list->count * sizeof *list->values);
    if (!list->values)
        return false;
    list->values[index] = value;
    return true;
}

/* All elements of a constant operand made `value`. */
static bool fill(ns_draft *d, int node, int64_t value)
{
    ns_draft_node *n = &d->nodes[node];
    bool differs = false;
    if (n->kind == NS_DRAFT_OPERATOR || !ns_edit_own(d, node))
        return false;
    for (size_t i = 0; i < ns_tensor_count(&n->value); i++) {
        differs |= ns_tensor_get(&n->value, i) != value;
        ns_tensor_set(&n->value, i, value);
    }
    return differs;
}

static bool one_scale(ns_draft *d, ns_draft_node *n)
{
    if (n->op != NS_OP_RESCALE || !n->attributes.per_channel)
        return false;
    n->attributes.per_channel = false;
    return ns_edit_cut_axis(d, n->inputs[1], 0, 1) && ns_edit_cut_axis(d, n->inputs[2], 0, 1);
}

static bool power_of_two(ns_draft *d, const ns_draft_node *n)
{
    if (n->op != NS_OP_RESCALE)
        return false;
    return fill(d, n->inputs[1], n->attributes.scale32 ? 1 << 30 : 1 << 14);
}

static bool identity_table(ns_draft *d, const ns_draft_node *n)
{
    if (n->op != NS_OP_TABLE || !ns_edit_own(d, n->inputs[1]))
        return false;
    ns_tensor *t = &d->nodes[n->inputs[1]].value;
    const bool is8 = t->dtype == NS_DTYPE_INT8;
    bool differs = false;
    for (size_t i = 0; i < ns_tensor_count(t); i++) {
        int64_t value = is8 ? (int64_t)i - 128 : ((int64_t)i - 256) * 128;
        value = value > 32767 ? 32767 : value;
        differs |= ns_tensor_get(t, i) != value;
        ns_tensor_set(t, i, value);
    }
    return differs;
}

/* The zero points and the pad value of each operator, by operand. */
static const struct {
    ns_op op;
    int operand;
} zeros[] = {{NS_OP_CONV2D, 3},     {NS_OP_DEPTHWISE_CONV2D, 3}, {NS_OP_TRANSPOSE_CONV2D, 3},
             {NS_OP_CONV2D, 2},     {NS_OP_DEPTHWISE_CONV2D, 2}, {NS_OP_TRANSPOSE_CONV2D, 2},
             {NS_OP_RESCALE, 3},    {NS_OP_RESCALE, 4},          {NS_OP_MATMUL, 2},
             {NS_OP_MATMUL, 3},     {NS_OP_NEGATE, 1},           {NS_OP_NEGATE, 2},
             {NS_OP_AVG_POOL2D, 1}, {NS_OP_AVG_POOL2D, 2},       {NS_OP_PAD, 2}};
enum { ZEROS = sizeof zeros / sizeof *zeros, LISTS = 14, OTHERS = 8, EDITS = LISTS + OTHERS + ZEROS };

static bool simplify_list(ns_draft *d, ns_draft_node *n, int which)
{
    ns_attributes *a = &n->attributes;
    if (which < 2)
        return set_list(d, &a->dilation, which, 1);
    if (which < 4)
        return set_list(d, &a->stride, which - 2, 1);
    if (which < 8)
        return set_list(d, &a->pad, which - 4, 0);
    if (which < 12)
        return set_list(d, &a->out_pad, which - 8, 0);
    return set_list(d, &a->kernel, which - 12, 1);
}

/* A shape operand's values, all at once, where that leaves an operator that does nothing along them. */
static bool simplify_shape(ns_draft *d, const ns_draft_node *n)
{
    return n->op == NS_OP_TILE ? fill(d, n->inputs[1], 1) : n->op == NS_OP_PAD && fill(d, n->inputs[1], 0);
}

static bool simplify_other(ns_draft *d, int node, int which)
{
    ns_draft_node *n = &d->nodes[node];
    switch (which) {
    case 0:
        return one_scale(d, n);
    case 1:
        return power_of_two(d, n);
    case 2:
        return identity_table(d, n);
    case 3:
        if (n->attributes.rounding_mode != NS_DOUBLE_ROUND)
            return false;
        n->attributes.rounding_mode = NS_SINGLE_ROUND;
        return true;
    case 4:
        return simplify_shape(d, n);
    case 5: /* an input that need not be one */
        if (n->kind != NS_DRAFT_INPUT)
            return false;
        n->kind = NS_DRAFT_CONST;
        n->op = NS_OP_CONST;
        return true;
    case 6:
        return n->kind == NS_DRAFT_CONST && n->value.dtype != NS_DTYPE_SHAPE && fill(d, node, 0);
    default:
        return n->kind == NS_DRAFT_CONST && n->value.dtype != NS_DTYPE_SHAPE && fill(d, node, 1);
    }
}

bool ns_edit_simplify(ns_edit *e, int number, bool *made)
{
    const int node = number / EDITS, which = number % EDITS;
    if (node >= e->to->count)
        return false;
    ns_draft_node *n = &e->to->nodes[node];
    if (which < LISTS)
        *made = n->kind == NS_DRAFT_OPERATOR && simplify_list(e->to, n, which);
    else if (which < LISTS + OTHERS)
        *made =
            (n->kind == NS_DRAFT_OPERATOR || which - LISTS > 4) && simplify_other(e->to, node, which - LISTS);
    else
        *made = n->kind == NS_DRAFT_OPERATOR && n->op == zeros[which - LISTS - OTHERS].op &&
                fill(e->to, n->inputs[zeros[which - LISTS - OTHERS].operand], 0);
    return true;
}
