#include <math.h>
#include <string.h>

#include "ir/interface.h"
#include "npuscope/eval.h"
#include "quant/interface.h"
#include "stage/interface.h"

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the parts of a program");
}

/* ---- the program, a part or a call of the CPU at a time ---- */

typedef ns_code (*run_part)(ns_ladder *ladder, int part, const ns_tensor *integers, ns_tensor *results,
                            ns_error *error);

typedef struct walk {
    ns_ladder *ladder;
    run_part run;
    double **values; /* by node */
    bool *done;      /* by node: its value is there, or nobody outside its part asks for it */
} walk;

static bool has_operands(const walk *w, const ns_aten_node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && !w->done[node->inputs[i]])
            return false;
    return true;
}

static bool has_inputs(const walk *w, const ns_lower_part *part)
{
    for (int i = 0; i < part->program->input_count; i++)
        if (!w->done[part->inputs[i]])
            return false;
    return true;
}

/* Values after fake-quantise are integer * scale; what is no real stands for itself. */
static double scale_of(const ns_aten_node *node)
{
    return node->quantisation.present ? (double)node->quantisation.scales[0] : 1;
}

static ns_code to_integers(const walk *w, int n, ns_tensor *out, ns_error *error)
{
    const ns_aten_node *node = &w->ladder->decomposed->nodes[n];
    const ns_dtype dtype = node->quantisation.present ? node->quantisation.dtype : node->dtype;
    NS_TRY(ns_tensor_new(w->ladder->arena, dtype, node->rank, node->shape, out, error));
    for (size_t i = 0; i < ns_aten_count(node); i++)
        ns_tensor_set(out, i, (int64_t)nearbyint(w->values[n][i] / scale_of(node)));
    return NS_OK;
}

static ns_code to_reals(walk *w, int n, const ns_tensor *integers, ns_error *error)
{
    const ns_aten_node *node = &w->ladder->decomposed->nodes[n];
    w->values[n] = NS_ARENA_ARRAY(w->ladder->arena, ns_aten_count(node), double);
    if (!w->values[n])
        return no_memory(error);
    if (ns_tensor_count(integers) != ns_aten_count(node))
        return ns_fail(error, NS_ERROR_INPUT, "%s: %zu elements, expected are %zu", node->name,
                       ns_tensor_count(integers), ns_aten_count(node));
    for (size_t i = 0; i < ns_aten_count(node); i++)
        w->values[n][i] = (double)ns_tensor_get(integers, i) * scale_of(node);
    return NS_OK;
}

static ns_code do_part(walk *w, int index, ns_error *error)
{
    ns_arena *arena = w->ladder->arena;
    const ns_lower_delegates *split = &w->ladder->parts->split;
    const ns_lower_part *part = &split->parts[index];
    ns_tensor *integers = NS_ARENA_ARRAY(arena, (size_t)part->program->input_count, ns_tensor);
    ns_tensor *results = NS_ARENA_ARRAY(arena, (size_t)part->program->output_count, ns_tensor);
    if (!integers || !results)
        return no_memory(error);
    for (int i = 0; i < part->program->input_count; i++)
        NS_TRY(to_integers(w, part->inputs[i], &integers[i], error));
    NS_TRY(w->run(w->ladder, index, integers, results, error));
    for (int o = 0; o < part->program->output_count; o++)
        NS_TRY(to_reals(w, part->outputs[o], &results[o], error));
    for (int n = 0; n < w->ladder->decomposed->node_count; n++)
        w->done[n] = w->done[n] || split->owner[n] == index;
    return NS_OK;
}

/* No part needs its own result, so that each round comes further. */
static ns_code do_round(walk *w, bool *all, ns_error *error)
{
    const ns_aten_program *program = w->ladder->decomposed;
    const ns_lower_delegates *split = &w->ladder->parts->split;
    int next_input = 0;
    *all = true;
    for (int n = 0; n < program->node_count; n++) {
        const ns_aten_node *node = &program->nodes[n];
        const ns_tensor *input = node->kind == NS_ATEN_INPUT ? &w->ladder->inputs[next_input++] : NULL;
        const int owner = split->owner[n];
        if (w->done[n])
            continue;
        if (owner >= 0 && has_inputs(w, &split->parts[owner])) {
            NS_TRY(do_part(w, owner, error));
        } else if (owner < 0 && has_operands(w, node)) {
            NS_TRY(ns_aten_evaluate_node(program, n, NS_ATEN_QUANTISED, input, w->ladder->arena, w->values,
                                         error));
            w->done[n] = true;
        }
        *all = *all && w->done[n];
    }
    return NS_OK;
}

static ns_code run_all(ns_ladder *ladder, run_part run, double **out, ns_error *error)
{
    const size_t count = (size_t)ladder->decomposed->node_count;
    walk w = {ladder, run, NS_ARENA_ARRAY(ladder->arena, count, double *),
              NS_ARENA_ARRAY(ladder->arena, count, bool)};
    if (!w.values || !w.done)
        return no_memory(error);
    bool all = false;
    for (size_t round = 0; !all && round <= count; round++)
        NS_TRY(do_round(&w, &all, error));
    return ns_outputs_collect(ladder, ladder->decomposed, w.values, out, error);
}

/* ---- eval ---- */

static ns_code evaluate(const ns_ladder *ladder, int index, const ns_tensor *integers, ns_tensor *results,
                        ns_error *error)
{
    const ns_eval_options options = {.cpu_mask = ladder->cpu_mask};
    const ns_stage_part *part = &ladder->parts->parts[index];
    ns_graph *graph = NULL;
    NS_TRY(ns_lower(part->part->program, ladder->row->target->target, &graph, error));
    const ns_code code =
        ns_eval(graph, &options, integers, part->part->program->input_count, ladder->arena, results, error);
    ns_graph_free(graph);
    return code;
}

static ns_code eval_part(ns_ladder *ladder, int index, const ns_tensor *integers, ns_tensor *results,
                         ns_error *error)
{
    ns_stage_part *part = &ladder->parts->parts[index];
    NS_TRY(evaluate(ladder, index, integers, results, error));
    part->integers =
        ns_arena_copy(ladder->arena, integers, (size_t)part->part->program->input_count * sizeof *integers);
    part->evaluated =
        ns_arena_copy(ladder->arena, results, (size_t)part->part->program->output_count * sizeof *results);
    return part->integers && part->evaluated ? NS_OK : no_memory(error);
}

/* Shows a part's graph to who watches, and writes it for Vela. */
static ns_code prepare(ns_ladder *ladder, int index, ns_error *error)
{
    ns_stage_part *part = &ladder->parts->parts[index];
    ns_graph *graph = NULL;
    *part = (ns_stage_part){.part = &ladder->parts->split.parts[index], .request = ladder->request};
    NS_TRY(ns_lower(part->part->program, ladder->row->target->target, &graph, error));
    ns_code code = ns_graph_validate(graph, error);
    if (code == NS_OK && ladder->watch)
        code = ladder->watch(ladder->watch_context, graph, error);
    if (code == NS_OK && ladder->compile)
        code = ns_graph_write(graph, ladder->arena, &part->request.graph, &part->request.graph_size, error);
    ns_graph_free(graph);
    return code;
}

/* ---- what was recorded of a part: delegate<k>_in<i>.npy, delegate<k>_out<o>.npy ---- */

static ns_code read_recorded(const ns_ladder *ladder, int index, bool is_input, ns_tensor *out,
                             bool *complete, ns_error *error)
{
    const ns_aten_program *program = ladder->parts->parts[index].part->program;
    const char *kind = is_input ? "in" : "out";
    const int *nodes = is_input ? program->inputs : program->outputs;
    const int count = is_input ? program->input_count : program->output_count;
    for (int i = 0; *complete && i < count; i++) {
        const ns_aten_node *node = &program->nodes[nodes[i]];
        const char *name = ns_arena_format(ladder->arena, "delegate%d_%s%d.npy", index, kind, i);
        if (!name)
            return no_memory(error);
        *complete = ns_case_has(ladder->row->files, name);
        if (!*complete)
            break;
        const ns_dtype dtype = node->quantisation.present ? node->quantisation.dtype : node->dtype;
        NS_TRY(ns_case_whole(ladder->row->files, name, dtype, ladder->arena, &out[i], error));
        *complete = ns_tensor_count(&out[i]) == ns_aten_count(node);
        out[i].rank = node->rank;
        memcpy(out[i].shape, node->shape, sizeof node->shape);
    }
    return NS_OK;
}

/* The CPU's float products may differ from PyTorch's by a rounding, so each part is judged on the integers
 * that it was given there. */
static ns_code compare_recorded(ns_ladder *ladder, int index, ns_error *error)
{
    const ns_aten_program *program = ladder->parts->parts[index].part->program;
    ns_tensor *given = NS_ARENA_ARRAY(ladder->arena, (size_t)program->input_count, ns_tensor);
    ns_tensor *expected = NS_ARENA_ARRAY(ladder->arena, (size_t)program->output_count, ns_tensor);
    ns_tensor *results = NS_ARENA_ARRAY(ladder->arena, (size_t)program->output_count, ns_tensor);
    bool complete = true;
    if (!given || !expected || !results)
        return no_memory(error);
    NS_TRY(read_recorded(ladder, index, true, given, &complete, error));
    NS_TRY(read_recorded(ladder, index, false, expected, &complete, error));
    if (!complete)
        return NS_OK;
    NS_TRY(evaluate(ladder, index, given, results, error));
    for (int o = 0; o < program->output_count; o++) {
        const size_t count = ns_tensor_count(&expected[o]);
        ladder->parts->recorded += count;
        for (size_t i = 0; i < count; i++)
            ladder->parts->departing += ns_tensor_get(&results[o], i) != ns_tensor_get(&expected[o], i);
    }
    return NS_OK;
}

static ns_code split(ns_ladder *ladder, ns_error *error)
{
    ns_stage_parts *parts = NS_ARENA_NEW(ladder->arena, ns_stage_parts);
    if (!parts)
        return no_memory(error);
    NS_TRY(
        ns_lower_parts(ladder->decomposed, ladder->row->target->target, ladder->arena, &parts->split, error));
    parts->parts = NS_ARENA_ARRAY(ladder->arena, (size_t)parts->split.count, ns_stage_part);
    if (!parts->parts)
        return no_memory(error);
    ladder->parts = parts;
    for (int i = 0; i < parts->split.count; i++)
        NS_TRY(prepare(ladder, i, error));
    return NS_OK;
}

ns_code ns_parts_check(const ns_ladder *ladder, int count, ns_error *error)
{
    return ladder->delegates < 0 || ladder->delegates == count
               ? NS_OK
               : ns_fail(error, NS_ERROR_INPUT, "%d part%s for the target, recorded %s %d", count,
                         count == 1 ? "" : "s", ladder->delegates == 1 ? "is" : "are", ladder->delegates);
}

ns_code ns_parts_eval(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    ns_error problem = {0};
    const ns_code code = split(ladder, &problem);
    if (code != NS_OK)
        return ns_fail(error, code, "%s", problem.message);
    NS_TRY(ns_parts_check(ladder, ladder->parts->split.count, error));
    if (ladder->parts->split.count == 0) {
        ladder->parts = NULL;
        output->rejected = true;
        return NS_ERROR_UNSUPPORTED;
    }
    /* A part's integers are not the program's. */
    for (int o = 0; ladder->references.integers && o < ladder->output_count; o++)
        ladder->references.integers[o].data = NULL;
    NS_TRY(run_all(ladder, eval_part, &output->values, error));
    for (int i = 0; ladder->references.integers && i < ladder->parts->split.count; i++)
        NS_TRY(compare_recorded(ladder, i, error));
    return NS_OK;
}

/* ---- npu ---- */

static ns_code npu_part(ns_ladder *ladder, int index, const ns_tensor *integers, ns_tensor *results,
                        ns_error *error)
{
    const ns_stage_part *part = &ladder->parts->parts[index];
    const ns_aten_program *program = part->part->program;
    const ns_stage_execution execution = {.request = &part->request,
                                          .cpu_mask = ladder->cpu_mask,
                                          .input_count = program->input_count,
                                          .output_count = program->output_count,
                                          .inputs = integers};
    ns_npu_statistics statistics = {0};
    size_t count = 0, differing = 0;
    NS_TRY(ns_stage_execute(&execution, ladder->arena, results, &statistics, error));
    if (statistics.chip_rule && !ladder->chip_rule)
        ladder->chip_rule = statistics.chip_rule;
    for (int o = 0; o < program->output_count; o++) {
        const size_t wanted = ns_tensor_count(&part->evaluated[o]);
        if (ns_tensor_count(&results[o]) != wanted)
            return ns_fail(error, NS_ERROR_INPUT, "part %d: the stream gives %zu elements, the graph %zu",
                           index, ns_tensor_count(&results[o]), wanted);
        count += wanted;
        for (size_t i = 0; i < wanted; i++)
            differing += ns_tensor_get(&results[o], i) != ns_tensor_get(&part->evaluated[o], i);
    }
    return differing ? ns_fail(error, NS_ERROR_INPUT, "part %d: %zu of %zu integers differ from eval", index,
                               differing, count)
                     : NS_OK;
}

ns_code ns_parts_npu(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    return run_all(ladder, npu_part, &output->values, error);
}

ns_vela_request *ns_ladder_request(ns_ladder *ladder, int index)
{
    if (!ladder->parts)
        return index == 0 ? &ladder->request : NULL;
    return index < ladder->parts->split.count ? &ladder->parts->parts[index].request : NULL;
}
