/* Edits of structure: which outputs, which tensors become inputs, which operators are left out. */
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
