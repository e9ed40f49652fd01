#include "draft/draft.h"

#include <string.h>

int ns_draft_find(const ns_draft *draft, const char *name)
{
    for (int i = 0; name && i < draft->count; i++)
        if (draft->nodes[i].name && strcmp(draft->nodes[i].name, name) == 0)
            return i;
    return -1;
}

/* What a window is told by: of each node. */
typedef struct marks {
    bool *inside;   /* an operator of the window */
    bool *constant; /* it depends on constants alone */
} marks;

static void find_constants(const ns_draft *d, marks *m)
{
    for (int i = 0; i < d->count; i++) {
        m->constant[i] = d->nodes[i].kind != NS_DRAFT_INPUT;
        for (int k = 0; k < d->nodes[i].input_count; k++)
            m->constant[i] = m->constant[i] && m->constant[d->nodes[i].inputs[k]];
    }
}

static bool is_step(const ns_draft *d, const marks *m, int node)
{
    return d->nodes[node].kind == NS_DRAFT_OPERATOR && !m->constant[node];
}

/* One step: what reads or makes a result that is inside already. */
static void step(const ns_draft *d, marks *m, bool *next, bool down)
{
    for (int i = 0; i < d->count; i++)
        for (int k = 0; is_step(d, m, i) && k < d->nodes[i].input_count; k++) {
            const int operand = d->nodes[i].inputs[k];
            if (down && m->inside[operand])
                next[i] = true;
            if (!down && m->inside[i] && is_step(d, m, operand))
                next[operand] = true;
        }
    for (int i = 0; i < d->count; i++)
        m->inside[i] = m->inside[i] || next[i];
}

static bool is_output(const ns_draft *d, int node)
{
    for (int i = 0; i < d->output_count; i++)
        if (d->outputs[i] == node)
            return true;
    return false;
}

/* Outputs at the edge; false: too many. */
static bool set_outputs(const ns_draft *d, const marks *m, ns_draft *out)
{
    out->output_count = 0;
    for (int i = 0; i < d->count; i++) {
        bool read = false;
        for (int u = i + 1; m->inside[i] && u < d->count; u++)
            for (int k = 0; m->inside[u] && k < d->nodes[u].input_count; k++)
                read = read || d->nodes[u].inputs[k] == i;
        if (!m->inside[i] || (read && !is_output(d, i)))
            continue;
        if (out->output_count == NS_DRAFT_OUTPUTS)
            return false;
        out->outputs[out->output_count++] = i;
    }
    return out->output_count > 0;
}

static void cut_operands(const marks *m, ns_draft *out)
{
    for (int i = 0; i < out->count; i++) {
        ns_draft_node *node = &out->nodes[i];
        if (node->kind != NS_DRAFT_OPERATOR || m->inside[i] || m->constant[i])
            continue;
        node->kind = NS_DRAFT_INPUT;
        node->input_count = 0;
        node->attributes = (ns_attributes){0};
    }
}

ns_code ns_draft_window(const ns_draft *d, int centre, int up, int down, ns_arena *arena, ns_draft *out,
                        bool *whole, ns_error *error)
{
    const size_t count = (size_t)d->count;
    marks m = {NS_ARENA_ARRAY(arena, count, bool), NS_ARENA_ARRAY(arena, count, bool)};
    bool *next = NS_ARENA_ARRAY(arena, count, bool);
    ns_draft edited;
    if (!m.inside || !m.constant || !next)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a window");
    find_constants(d, &m);
    m.inside[centre] = true;
    for (int i = 0; i < down; i++)
        step(d, &m, next, true);
    for (int i = 0; i < up; i++)
        step(d, &m, next, false);
    NS_TRY(ns_draft_copy(d, arena, &edited, error));
    if (!set_outputs(d, &m, &edited))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "a window with %d outputs or more", NS_DRAFT_OUTPUTS);
    *whole = true;
    for (int i = 0; i < d->count; i++)
        *whole = *whole && (m.inside[i] || !is_step(d, &m, i));
    cut_operands(&m, &edited);
    return ns_draft_clean(&edited, arena, out, error);
}
