/* Source: torch/fx/passes/infra/partitioner.py (CapabilityBasedPartitioner, propose_partitions): from the
 * last node to the first each begins a partition, which is merged with every other where no cycle comes of
 * it; ExecuTorch 1.5.1, backends/arm/tosa/partitioner.py, rejects partitions of nothing but views. */
#include "lower/interface.h"

#include <string.h>

enum { OUTSIDE = -1 };

typedef struct partition {
    const ns_aten_program *program;
    int *owner; /* by node: the partition, named by its first node; OUTSIDE: inputs, parameters, the CPU's */
    bool *merged; /* by node: of either of two partitions */
    bool *marked; /* by node: what follows from them */
    ns_lower_delegates *split;
} partition;

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the parts of a program");
}

static ns_code keep_off(ns_lower_delegates *split, const char *reason, ns_arena *arena, ns_error *error)
{
    const char **place = &split->off[split->off_count++];
    *place = ns_arena_string(arena, reason);
    return *place ? NS_OK : no_memory(error);
}

static ns_code begin(partition *p, const ns_aten_program *program, ns_target target,
                     ns_lower_delegates *split, ns_arena *arena, ns_error *error)
{
    const size_t count = (size_t)program->node_count;
    *split = (ns_lower_delegates){.parts = NS_ARENA_ARRAY(arena, count, ns_lower_part),
                                  .owner = NS_ARENA_ARRAY(arena, count, int),
                                  .off = NS_ARENA_ARRAY(arena, count, const char *)};
    *p = (partition){program, NS_ARENA_ARRAY(arena, count, int), NS_ARENA_ARRAY(arena, count, bool),
                     NS_ARENA_ARRAY(arena, count, bool), split};
    if (!split->parts || !split->owner || !split->off || !p->owner || !p->merged || !p->marked)
        return no_memory(error);
    for (int n = 0; n < program->node_count; n++) {
        ns_error reason = {0};
        p->owner[n] = OUTSIDE;
        if (program->nodes[n].kind != NS_ATEN_CALL)
            continue;
        const ns_code code = ns_lower_takes(program, n, target, &reason);
        if (code == NS_OK)
            p->owner[n] = n;
        else if (code != NS_ERROR_UNSUPPORTED)
            return ns_fail(error, code, "%s", reason.message);
        else
            NS_TRY(keep_off(split, reason.message, arena, error));
    }
    return NS_OK;
}

static bool reads_marked(const partition *p, int n)
{
    const ns_aten_node *node = &p->program->nodes[n];
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && (p->marked[node->inputs[i]] || p->merged[node->inputs[i]]))
            return true;
    return false;
}

/* Marks what follows from the merged nodes outside of them, whole partitions at once; true: they do
 * themselves. */
static bool makes_cycle(const partition *p)
{
    const int count = p->program->node_count;
    memset(p->marked, 0, (size_t)count * sizeof *p->marked);
    for (bool changed = true; changed;) {
        changed = false;
        for (int n = 0; n < count; n++) {
            const bool from_outside = p->marked[n];
            if (p->program->nodes[n].kind != NS_ATEN_CALL || from_outside || !reads_marked(p, n))
                continue;
            if (!p->merged[n]) {
                changed = p->marked[n] = true;
                for (int m = 0; p->owner[n] != OUTSIDE && m < count; m++)
                    p->marked[m] = p->marked[m] || p->owner[m] == p->owner[n];
                continue;
            }
            for (int i = 0; i < p->program->nodes[n].input_count; i++)
                if (p->program->nodes[n].inputs[i] >= 0 && p->marked[p->program->nodes[n].inputs[i]])
                    return true;
        }
    }
    return false;
}

/* Tries to put partitions `a` and `b` together; a < b, and both are their first nodes. */
static void try_merge(partition *p, int a, int b)
{
    const int count = p->program->node_count;
    for (int m = 0; m < count; m++)
        p->merged[m] = p->owner[m] == a || p->owner[m] == b;
    if (makes_cycle(p))
        return;
    for (int m = 0; m < count; m++)
        p->owner[m] = p->merged[m] ? a : p->owner[m];
}

static void merge(partition *p)
{
    for (int n = p->program->node_count - 1; n >= 0; n--)
        for (int other = p->program->node_count - 1; p->owner[n] == n && other > n; other--)
            if (p->owner[other] == other)
                try_merge(p, n, other);
}

/* Whether `part` does something. */
static bool computes(const partition *p, int part)
{
    for (int n = 0; n < p->program->node_count; n++)
        if (p->owner[n] == part && !ns_lower_is_view(p->program, n))
            return true;
    return false;
}

/* ---- the parts as programs ---- */

static bool is_read_by(const partition *p, int n, int part, bool inside)
{
    for (int m = n + 1; m < p->program->node_count; m++)
        for (int i = 0; i < p->program->nodes[m].input_count; i++)
            if (p->program->nodes[m].inputs[i] == n && (p->owner[m] == part) == inside)
                return true;
    for (int i = 0; !inside && i < p->program->output_count; i++)
        if (p->program->outputs[i] == n)
            return true;
    return false;
}

/* Node `n` as `part` has it; false: it has it not. */
static bool take(const partition *p, int n, int part, ns_aten_node *node)
{
    *node = p->program->nodes[n];
    if (p->owner[n] == part)
        return true;
    if (!is_read_by(p, n, part, true))
        return false;
    if (node->kind == NS_ATEN_CALL)
        *node = (ns_aten_node){.name = node->name,
                               .kind = NS_ATEN_INPUT,
                               .dtype = node->dtype,
                               .rank = node->rank,
                               .quantisation = node->quantisation};
    memcpy(node->shape, p->program->nodes[n].shape, sizeof node->shape);
    return true;
}

/* How many values are quantised before node `n`: inputs, results and what calls of full make. */
static int number_of(const ns_aten_program *program, int n)
{
    int number = 0;
    for (int m = 0; m < n; m++)
        number += program->nodes[m].quantisation.present && program->nodes[m].dtype == NS_DTYPE_FP32 &&
                  (program->nodes[m].kind != NS_ATEN_PARAMETER || program->nodes[m].filled);
    return number;
}

static ns_code build(const partition *p, int part, ns_arena *arena, ns_lower_part *out, ns_error *error)
{
    const size_t count = (size_t)p->program->node_count;
    ns_aten_program *made = NS_ARENA_NEW(arena, ns_aten_program);
    int *map = NS_ARENA_ARRAY(arena, count, int);
    if (!made || !map)
        return no_memory(error);
    *made = (ns_aten_program){.arena = arena,
                              .nodes = NS_ARENA_ARRAY(arena, count, ns_aten_node),
                              .inputs = NS_ARENA_ARRAY(arena, count, int),
                              .outputs = NS_ARENA_ARRAY(arena, count, int)};
    int *numbers = NS_ARENA_ARRAY(arena, count, int);
    made->input_numbers = numbers;
    *out = (ns_lower_part){made, NS_ARENA_ARRAY(arena, count, int), NS_ARENA_ARRAY(arena, count, int)};
    if (!made->nodes || !made->inputs || !numbers || !made->outputs || !out->inputs || !out->outputs)
        return no_memory(error);
    for (int n = 0; n < p->program->node_count; n++) {
        ns_aten_node *node = &made->nodes[made->node_count];
        if (!take(p, n, part, node))
            continue;
        map[n] = made->node_count++;
        node->inputs = ns_arena_copy(arena, node->inputs, (size_t)node->input_count * sizeof *node->inputs);
        for (int i = 0; i < node->input_count; i++)
            node->inputs[i] = node->inputs[i] < 0 ? -1 : map[node->inputs[i]];
        if (node->kind == NS_ATEN_INPUT) {
            numbers[made->input_count] = number_of(p->program, n);
            out->inputs[made->input_count] = n;
            made->inputs[made->input_count++] = map[n];
        }
        if (p->owner[n] == part && is_read_by(p, n, part, false)) {
            out->outputs[made->output_count] = n;
            made->outputs[made->output_count++] = map[n];
        }
    }
    return NS_OK;
}

/* A partition as a part, or why it is none. */
static ns_code add_part(const partition *p, int part, ns_target target, ns_arena *arena, ns_error *error)
{
    ns_lower_delegates *split = p->split;
    if (!computes(p, part)) {
        const char *reason = ns_arena_format(
            arena, "%s: ExecuTorch keeps it off %s: what can be delegated does nothing but change shapes",
            p->program->nodes[part].name, ns_target_accelerator(target));
        return reason ? keep_off(split, reason, arena, error) : no_memory(error);
    }
    for (int n = 0; n < p->program->node_count; n++)
        if (p->owner[n] == part)
            split->owner[n] = split->count;
    return build(p, part, arena, &split->parts[split->count++], error);
}

ns_code ns_lower_parts(const ns_aten_program *program, ns_target target, ns_arena *arena,
                       ns_lower_delegates *split, ns_error *error)
{
    partition p;
    NS_TRY(begin(&p, program, target, split, arena, error));
    merge(&p);
    for (int n = 0; n < program->node_count; n++)
        split->owner[n] = OUTSIDE;
    for (int n = 0; n < program->node_count; n++)
        if (p.owner[n] == n)
            NS_TRY(add_part(&p, n, target, arena, error));
    return NS_OK;
}
