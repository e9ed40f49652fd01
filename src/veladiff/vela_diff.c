#include "npuscope/vela_diff.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "npuscope/eval.h"
#include "stage/interface.h"
#include "veladiff/vela_diff_inputs.h"

#define MAX_INPUTS 16
#define MAX_OUTPUTS 16

/* A graph for one accelerator, with its inputs and what it gives. */
typedef struct subject {
    ns_vela_diff_graph *result;
    ns_vela_request request; /* graph and accelerator */
    int input_count, output_count;
    ns_tensor *inputs;
    bool read[MAX_INPUTS]; /* inputs that the graph reads; of a case of the catalogue all */
    ns_tensor *evaluated;  /* NULL: eval gave nothing */
    ns_tensor *outputs[2];
} subject;

typedef struct diff {
    const ns_vela_diff_options *options;
    ns_vela_diff_result *result;
    ns_arena *arena;
    int count;
    subject *subjects;
} diff;

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the comparison");
}

const char *ns_vela_diff_status_text(ns_vela_diff_status status)
{
    static const char *const texts[] = {"right", "wrong", "unchecked", "refused", "failed"};
    return (unsigned)status < sizeof texts / sizeof texts[0] ? texts[status] : "?";
}

static ns_code new_subjects(diff *d, int count, ns_error *error)
{
    d->subjects = NS_ARENA_ARRAY(d->arena, (size_t)count, subject);
    d->result->graphs = NS_ARENA_ARRAY(d->arena, (size_t)count, ns_vela_diff_graph);
    return d->subjects && d->result->graphs ? NS_OK : no_memory(error);
}

static subject *next_subject(diff *d, const char *name, const char *accelerator)
{
    subject *s = &d->subjects[d->count];
    s->result = &d->result->graphs[d->count++];
    s->result->name = name;
    s->result->accelerator = accelerator;
    return s;
}

/* The stages up to eval leave graph, integers and result in the ladder. A row whose stages fail is a graph
 * that failed on both sides; without a graph there is nothing to compile. */
static ns_code take_row(diff *d, const ns_suite_row *row, ns_error *error)
{
    ns_ladder *ladder = NULL;
    ns_stage_output output = {0};
    ns_error problem = {0};
    NS_TRY(
        ns_ladder_new(row, d->options->suite->seed, d->options->suite->cpu_mask, d->arena, &ladder, error));
    ladder->compile = true;
    ns_code code = ns_ladder_run(ladder, NS_STAGE_QUANTISED, &output, &problem);
    if (code == NS_OK)
        code = ns_ladder_run(ladder, NS_STAGE_EVAL, &output, &problem);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem.message);
    if (output.rejected || ladder->parts) {
        d->result->kept_off++;
        return NS_OK;
    }
    const char *name = ns_arena_format(d->arena, "%s %s", ns_suite_row_op(row), ns_suite_row_case(row));
    const char *reason = code == NS_OK ? NULL : ns_arena_string(d->arena, problem.message);
    if (!name || (code != NS_OK && !reason))
        return no_memory(error);
    subject *s = next_subject(d, name, row->target->accelerator);
    s->result->eval_reason = reason;
    s->request = ladder->request;
    s->input_count = ladder->decomposed->input_count;
    s->output_count = ladder->output_count;
    for (int i = 0; i < s->input_count && i < MAX_INPUTS; i++)
        s->read[i] = true;
    s->inputs = ladder->integers;
    s->evaluated = code == NS_OK ? ladder->evaluated : NULL;
    return NS_OK;
}

static ns_code take_catalogue(diff *d, const ns_suite_selection *selection, ns_error *error)
{
    NS_TRY(new_subjects(d, selection->count, error));
    for (int i = 0; i < selection->count; i++)
        NS_TRY(take_row(d, &selection->rows[i], error));
    return NS_OK;
}

/* Whether an operator of the block reads the tensor, or it is an output. */
static bool is_read(const ns_block *block, int tensor)
{
    for (int i = 0; i < block->output_count; i++)
        if (block->outputs[i] == tensor)
            return true;
    for (int i = 0; i < block->operator_count; i++)
        for (int k = 0; k < block->operators[i].input_count; k++)
            if (block->operators[i].inputs[k] == tensor)
                return true;
    return false;
}

/* Inputs and eval of a graph that was read. */
static ns_code evaluate(diff *d, subject *s, const ns_graph *graph, ns_random *random, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    if (block->input_count > MAX_INPUTS || block->output_count > MAX_OUTPUTS)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%d inputs and %d outputs; at most %d are compared",
                       block->input_count, block->output_count, MAX_INPUTS);
    s->input_count = block->input_count;
    s->output_count = block->output_count;
    for (int i = 0; i < block->input_count; i++)
        s->read[i] = is_read(block, block->inputs[i]);
    s->inputs = NS_ARENA_ARRAY(d->arena, MAX_INPUTS, ns_tensor);
    ns_tensor *evaluated = NS_ARENA_ARRAY(d->arena, MAX_OUTPUTS, ns_tensor);
    if (!s->inputs || !evaluated)
        return no_memory(error);
    const ns_eval_options options = {.cpu_mask = d->options->suite->cpu_mask};
    NS_TRY(ns_vela_diff_draw(graph, &options, random, d->arena, s->inputs, evaluated, error));
    s->evaluated = evaluated;
    return NS_OK;
}

static ns_code take_file(diff *d, const char *name, const ns_suite_target *target, ns_error *error)
{
    ns_bytes bytes;
    ns_graph *graph = NULL;
    ns_error problem = {0};
    const char *path = ns_arena_format(d->arena, "%s/%s", d->options->folder, name);
    if (!path)
        return no_memory(error);
    NS_TRY(ns_file_read(path, d->arena, &bytes, error));
    subject *s = next_subject(d, name, target->accelerator);
    s->request.graph = bytes.data;
    s->request.graph_size = bytes.size;
    NS_TRY(ns_accelerator_parse(target->accelerator, &s->request.accelerator, error));
    ns_random random = ns_case_random(d->options->suite->seed, "vela-diff", name);
    ns_code code = ns_graph_read_within(ns_arena_budget(d->arena), bytes.data, bytes.size, &graph, &problem);
    if (code == NS_OK)
        code = evaluate(d, s, graph, &random, &problem);
    ns_graph_free(graph);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem.message);
    if (code != NS_OK && !(s->result->eval_reason = ns_arena_string(d->arena, problem.message)))
        return no_memory(error);
    return NS_OK;
}

static int is_graph(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".tosa") == 0;
}

/* Each file for each target of the selection, which are those of its first case. */
static ns_code take_folder(diff *d, const ns_suite_selection *selection, ns_error *error)
{
    struct dirent **entries = NULL;
    const int files = scandir(d->options->folder, &entries, is_graph, alphasort);
    if (files < 0)
        return ns_fail(error, NS_ERROR_IO, "%s: %s", d->options->folder, strerror(errno));
    int targets = 1;
    while (targets < selection->count && selection->rows[targets].case_ == selection->rows[0].case_)
        targets++;
    ns_code code = files == 0 ? ns_fail(error, NS_ERROR_USAGE, "%s: no .tosa file in it", d->options->folder)
                              : new_subjects(d, files * targets, error);
    for (int i = 0; i < files; i++) {
        const char *name = ns_arena_string(d->arena, entries[i]->d_name);
        if (code == NS_OK && !name)
            code = no_memory(error);
        for (int t = 0; code == NS_OK && t < targets; t++)
            code = take_file(d, name, selection->rows[t].target, error);
        free(entries[i]);
    }
    free(entries);
    return code;
}

/* Elements that differ; all of them where the counts do. */
static size_t differences(int count, const ns_tensor *a, const ns_tensor *b)
{
    size_t different = 0;
    for (int o = 0; o < count; o++) {
        const size_t elements = ns_tensor_count(&a[o]);
        if (elements != ns_tensor_count(&b[o])) {
            different += elements;
            continue;
        }
        for (size_t i = 0; i < elements; i++)
            different += ns_tensor_get(&a[o], i) != ns_tensor_get(&b[o], i);
    }
    return different;
}

static bool all_zero(int count, const ns_tensor *tensors)
{
    for (int o = 0; o < count; o++)
        for (size_t i = 0; i < ns_tensor_count(&tensors[o]); i++)
            if (ns_tensor_get(&tensors[o], i) != 0)
                return false;
    return true;
}

/* Known defects of the side's release that the graph meets. */
static ns_code find_defects(const diff *d, const ns_vela_request *request, ns_vela_diff_side *side,
                            const char *release, ns_error *error)
{
    ns_graph *graph = NULL;
    if (!request->graph || ns_graph_read_within(ns_arena_budget(d->arena), request->graph,
                                                request->graph_size, &graph, NULL) != NS_OK)
        return NS_OK;
    const ns_code code = ns_defects_met(graph, ns_accelerator_family(request->accelerator), release, d->arena,
                                        &side->defects, &side->defect_count, error);
    ns_graph_free(graph);
    return code;
}

static ns_code run_side(diff *d, subject *s, int side, const ns_vela_request *request, ns_error *error)
{
    ns_vela_diff_side *result = &s->result->sides[side];
    ns_error problem = {0};
    result->status = request->outcome == NS_VELA_REFUSED ? NS_VELA_DIFF_REFUSED : NS_VELA_DIFF_FAILED;
    result->reason = request->graph ? request->reason : s->result->eval_reason;
    NS_TRY(find_defects(d, request, result, d->result->compilers[side].vela.version, error));
    if (request->outcome != NS_VELA_COMPILED)
        return NS_OK;
    ns_tensor *outputs = NS_ARENA_ARRAY(d->arena, MAX_OUTPUTS, ns_tensor);
    if (!outputs)
        return no_memory(error);
    const ns_stage_execution execution = {.request = request,
                                          .cpu_mask = d->options->suite->cpu_mask,
                                          .input_count = s->input_count,
                                          .output_count = s->output_count,
                                          .inputs = s->inputs,
                                          .read = s->read};
    ns_npu_statistics statistics = {0};
    ns_code code = s->inputs ? ns_stage_execute(&execution, d->arena, outputs, &statistics, &problem)
                             : ns_fail(&problem, NS_ERROR_INPUT, "%s", s->result->eval_reason);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem.message);
    if (code != NS_OK) {
        result->reason = ns_arena_string(d->arena, problem.message);
        return result->reason ? NS_OK : no_memory(error);
    }
    result->chip_rule = statistics.chip_rule;
    s->outputs[side] = outputs;
    result->status = NS_VELA_DIFF_UNCHECKED;
    if (!s->evaluated)
        return NS_OK;
    result->wrong = differences(s->output_count, s->evaluated, outputs);
    result->status = result->wrong ? NS_VELA_DIFF_WRONG : NS_VELA_DIFF_RIGHT;
    result->all_zero = result->wrong && all_zero(s->output_count, outputs);
    return NS_OK;
}

/* Fills in the first changes of a graph. */
static ns_code list_changes(const diff *d, const subject *s, ns_error *error)
{
    ns_vela_diff_graph *graph = s->result;
    const size_t room = graph->changed < NS_VELA_DIFF_CHANGES ? graph->changed : NS_VELA_DIFF_CHANGES;
    graph->evaluated = s->evaluated != NULL;
    graph->changes = NS_ARENA_ARRAY(d->arena, room, ns_vela_diff_change);
    if (!graph->changes)
        return no_memory(error);
    for (int o = 0; o < s->output_count; o++) {
        const ns_tensor *a = &s->outputs[0][o], *b = &s->outputs[1][o];
        const ns_tensor *eval = s->evaluated ? &s->evaluated[o] : NULL;
        const size_t elements = ns_tensor_count(a);
        if (elements != ns_tensor_count(b) || (eval && elements != ns_tensor_count(eval)))
            continue;
        for (size_t i = 0; i < elements && graph->change_count < room; i++)
            if (ns_tensor_get(a, i) != ns_tensor_get(b, i))
                graph->changes[graph->change_count++] = (ns_vela_diff_change){
                    o, i, ns_tensor_get(a, i), ns_tensor_get(b, i), eval ? ns_tensor_get(eval, i) : 0};
    }
    return NS_OK;
}

static ns_code compare(diff *d, subject *s, const ns_vela_request *a, const ns_vela_request *b,
                       ns_error *error)
{
    ns_vela_diff_result *result = d->result;
    ns_vela_diff_graph *graph = s->result;
    for (int side = 0; side < 2; side++)
        result->statuses[side][graph->sides[side].status]++;
    graph->compared = s->outputs[0] && s->outputs[1];
    if (!graph->compared)
        return NS_OK;
    for (int o = 0; o < s->output_count; o++)
        graph->elements += ns_tensor_count(&s->outputs[0][o]);
    graph->streams_differ = a->npz_size != b->npz_size || memcmp(a->npz, b->npz, a->npz_size) != 0;
    graph->changed = differences(s->output_count, s->outputs[0], s->outputs[1]);
    result->compared++;
    result->streams_differ += graph->streams_differ;
    result->changed_graphs += graph->changed > 0;
    result->elements += graph->elements;
    result->changed += graph->changed;
    return list_changes(d, s, error);
}

/* Compiles what has a graph; the others' requests stay NS_VELA_NOT_RUN. */
static ns_code compile(const diff *d, const ns_vela_diff_compiler *compiler, ns_vela_request *requests,
                       ns_error *error)
{
    ns_vela_request *graphs = NS_ARENA_ARRAY(d->arena, (size_t)d->count, ns_vela_request);
    int count = 0, next = 0;
    if (!graphs)
        return no_memory(error);
    for (int i = 0; i < d->count; i++) {
        requests[i] = d->subjects[i].request;
        requests[i].flags = compiler->flags;
        if (requests[i].graph)
            graphs[count++] = requests[i];
    }
    if (count > 0)
        NS_TRY(ns_vela_compile(&compiler->vela, d->options->vela, graphs, count, d->arena, error));
    for (int i = 0; i < d->count; i++)
        if (requests[i].graph)
            requests[i] = graphs[next++];
    return NS_OK;
}

ns_code ns_vela_diff(const ns_vela_diff_options *options, const ns_vela_diff_compiler compilers[2],
                     ns_arena *arena, ns_vela_diff_result *result, ns_error *error)
{
    *result = (ns_vela_diff_result){.compilers = {compilers[0], compilers[1]}, .seed = options->suite->seed};
    diff d = {.options = options, .result = result, .arena = arena};
    ns_suite_selection selection;
    NS_TRY(ns_suite_select(options->suite, arena, &selection, error));
    NS_TRY(options->folder ? take_folder(&d, &selection, error) : take_catalogue(&d, &selection, error));
    result->count = d.count;
    if (d.count == 0)
        return ns_fail(error, NS_ERROR_USAGE, "no graph is left to compile: ExecuTorch keeps all %d off",
                       result->kept_off);
    ns_vela_request *requests[2];
    for (int side = 0; side < 2; side++) {
        requests[side] = NS_ARENA_ARRAY(arena, (size_t)d.count, ns_vela_request);
        if (!requests[side])
            return no_memory(error);
        NS_TRY(compile(&d, &compilers[side], requests[side], error));
        for (int i = 0; i < d.count; i++)
            NS_TRY(run_side(&d, &d.subjects[i], side, &requests[side][i], error));
    }
    for (int i = 0; i < d.count; i++)
        NS_TRY(compare(&d, &d.subjects[i], &requests[0][i], &requests[1][i], error));
    return NS_OK;
}
