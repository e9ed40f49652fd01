/* What ExecuTorch 1.5.0 does to a program before its quantiser annotates it (backends/arm/_passes:
 * arm_pass_manager.py, transform_for_annotation_pipeline). The target makes no difference. */
#include "ir/interface.h"

#include <string.h>

#include "ir/operator.h"

typedef struct results {
    int nodes[4]; /* as many as an operator has at most */
} results;

typedef struct decomposing {
    const ns_aten_program *from;
    ns_aten_program *program;
    int *map;         /* old node -> new node */
    results *results; /* of calls with several */
} decomposing;

static bool same_attribute(const ns_aten_attribute *a, const ns_aten_attribute *b)
{
    const size_t count = (size_t)a->count;
    return a->none == b->none && a->integer == b->integer && a->real == b->real && a->count == b->count &&
           (!a->list || memcmp(a->list, b->list, count * sizeof *a->list) == 0) &&
           (!a->reals || memcmp(a->reals, b->reals, count * sizeof *a->reals) == 0);
}

/* Whether two nodes are one call of an operator of several results. */
static bool same_call(const ns_aten_node *a, const ns_aten_node *b)
{
    bool same = a->op == b->op && a->input_count == b->input_count &&
                memcmp(a->inputs, b->inputs, (size_t)a->input_count * sizeof *a->inputs) == 0;
    for (int p = 0; same && p < a->op->parameter_count - 1; p++)
        same = same_attribute(&a->attributes[p], &b->attributes[p]);
    return same;
}

/* A call of several results is decomposed where its first result is asked for. */
static ns_code decompose_results(const decomposing *d, int index, const int *inputs, ns_error *error)
{
    const ns_aten_node *node = &d->from->nodes[index];
    const int64_t result = node->attributes[node->op->parameter_count - 1].integer;
    int first = 0;
    while (!same_call(node, &d->from->nodes[first]))
        first++;
    if (first == index)
        NS_TRY(node->op->decompose(d->program, node, inputs, d->results[index].nodes, error));
    d->map[index] = d->results[first].nodes[result];
    return NS_OK;
}

/* By node: whether a result of the program follows from it. Inputs stay in any case. */
static bool *find_needed(const ns_aten_program *program, ns_arena *arena)
{
    bool *needed = NS_ARENA_ARRAY(arena, (size_t)program->node_count, bool);
    for (int i = 0; needed && i < program->output_count; i++)
        needed[program->outputs[i]] = true;
    for (int n = program->node_count - 1; needed && n >= 0; n--) {
        const ns_aten_node *node = &program->nodes[n];
        for (int i = 0; needed[n] && i < node->input_count; i++)
            if (node->inputs[i] >= 0)
                needed[node->inputs[i]] = true;
        needed[n] = needed[n] || node->kind == NS_ATEN_INPUT;
    }
    return needed;
}

/* Adds node `index` of `from` to `program`. */
static ns_code decompose_node(const decomposing *d, int index, ns_error *error)
{
    const ns_aten_program *from = d->from;
    ns_aten_program *program = d->program;
    const ns_aten_node *node = &from->nodes[index];
    int *map = d->map, *out = &map[index];
    if (node->kind == NS_ATEN_INPUT)
        return ns_aten_add_typed_input(program, node->name, node->dtype, node->rank, node->shape, out, error);
    if (node->kind == NS_ATEN_PARAMETER)
        return ns_aten_add_constant(program, node, out, error);
    int *inputs = NS_ARENA_ARRAY(program->arena, (size_t)node->input_count, int);
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for %s", node->name);
    for (int i = 0; i < node->input_count; i++)
        inputs[i] = node->inputs[i] < 0 ? -1 : map[node->inputs[i]];
    if (ns_aten_decomposes(from, node) && node->op->results > 0)
        return decompose_results(d, index, inputs, error);
    if (ns_aten_decomposes(from, node))
        return node->op->decompose(program, node, inputs, out, error);
    return ns_aten_add_copy(program, node, inputs, out, error);
}

static ns_code decompose_once(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out,
                              ns_error *error)
{
    decomposing d = {.from = program,
                     .map = NS_ARENA_ARRAY(arena, (size_t)program->node_count, int),
                     .results = NS_ARENA_ARRAY(arena, (size_t)program->node_count, results)};
    const bool *needed = find_needed(program, arena);
    if (!d.map || !d.results || !needed)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for %d nodes", program->node_count);
    NS_TRY(ns_aten_program_new(arena, &d.program, error));
    for (int i = 0; i < program->node_count; i++)
        if (needed[i])
            NS_TRY(decompose_node(&d, i, error));
    for (int i = 0; i < program->output_count; i++)
        NS_TRY(ns_aten_add_output(d.program, d.map[program->outputs[i]], error));
    *out = d.program;
    return NS_OK;
}

/* Whether a pass would leave the program as it is. */
static bool is_decomposed(const ns_aten_program *program, ns_arena *arena)
{
    const bool *needed = find_needed(program, arena);
    for (int i = 0; i < program->node_count; i++)
        if (!needed || !needed[i] ||
            (program->nodes[i].kind == NS_ATEN_CALL && ns_aten_decomposes(program, &program->nodes[i])))
            return false;
    return true;
}

ns_code ns_aten_decompose(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out,
                          ns_error *error)
{
    /* What an operator becomes may be decomposed in its turn; what nobody reads goes. */
    NS_TRY(decompose_once(program, arena, out, error));
    while (!is_decomposed(*out, arena))
        NS_TRY(decompose_once(*out, arena, out, error));
    return NS_OK;
}
