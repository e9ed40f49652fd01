/* Subjects: which graphs are compared, with their inputs and what eval makes of these. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/interface.h"
#include "base/system.h"
#include "stage/interface.h"
#include "veladiff/internal.h"

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the comparison");
}

static ns_code new_subjects(ns_diff *d, int count, ns_error *error)
{
    d->subjects = NS_ARENA_ARRAY(d->arena, (size_t)count, ns_diff_subject);
    d->result->graphs = NS_ARENA_ARRAY(d->arena, (size_t)count, ns_vela_diff_graph);
    return d->subjects && d->result->graphs ? NS_OK : no_memory(error);
}

static ns_code next_subject(ns_diff *d, const char *name, const char *accelerator, ns_diff_subject **out,
                            ns_error *error)
{
    ns_diff_subject *s = &d->subjects[d->count];
    s->result = &d->result->graphs[d->count++];
    s->result->name = ns_printable_copy(d->arena, name);
    s->result->accelerator = accelerator;
    s->result->sides = NS_ARENA_ARRAY(d->arena, (size_t)d->result->side_count, ns_vela_diff_side);
    *out = s;
    return s->result->name && s->result->sides ? NS_OK : no_memory(error);
}

static ns_eval_options eval_options(const ns_diff *d)
{
    return (ns_eval_options){.cpu_mask = d->options->suite->cpu_mask};
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

static ns_code add_set(ns_diff_subject *s, ns_tensor *inputs, ns_tensor *evaluated, ns_arena *arena,
                       ns_error *error)
{
    s->sets = NS_ARENA_ARRAY(arena, 1, ns_diff_set);
    if (!s->sets)
        return no_memory(error);
    s->sets[s->set_count++] = (ns_diff_set){inputs, evaluated};
    return NS_OK;
}

/* The caller's own sets; each must have a result. */
static ns_code take_given(ns_diff *d, ns_diff_subject *s, const ns_graph *graph, ns_error *error)
{
    const ns_eval_options options = eval_options(d);
    ns_tensor *inputs;
    int count = 0;
    NS_TRY(d->options->inputs(d->options->context, graph, d->arena, &count, &inputs, error));
    s->sets = NS_ARENA_ARRAY(d->arena, (size_t)count, ns_diff_set);
    if (!s->sets)
        return no_memory(error);
    NS_TRY(ns_graph_validate(graph, error));
    for (; s->set_count < count; s->set_count++) {
        ns_tensor *evaluated = NS_ARENA_ARRAY(d->arena, NS_DIFF_TENSORS, ns_tensor);
        if (!evaluated)
            return no_memory(error);
        ns_tensor *set = inputs + (size_t)s->set_count * (size_t)s->input_count;
        NS_TRY(ns_eval(graph, &options, set, s->input_count, d->arena, evaluated, error));
        s->sets[s->set_count] = (ns_diff_set){set, evaluated};
    }
    return NS_OK;
}

/* The graph's shape, and its sets of inputs with what eval makes of them. */
static ns_code take_graph(ns_diff *d, ns_diff_subject *s, const ns_graph *graph, ns_random *random,
                          ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    if (block->input_count > NS_DIFF_TENSORS || block->output_count > NS_DIFF_TENSORS)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%d inputs and %d outputs; at most %d are compared",
                       block->input_count, block->output_count, NS_DIFF_TENSORS);
    s->input_count = block->input_count;
    s->output_count = block->output_count;
    for (int i = 0; i < block->input_count; i++)
        s->read[i] = is_read(block, block->inputs[i]);
    const ns_eval_options options = eval_options(d);
    return d->options->inputs ? take_given(d, s, graph, error)
                              : ns_diff_draw(graph, &options, random, d->arena, s, error);
}

/* The request's graph; NS_OK with eval_reason where it, or eval, fails. */
static ns_code read_graph(ns_diff *d, ns_diff_subject *s, const char *name, ns_error *error)
{
    ns_graph *graph = NULL;
    ns_error problem = {0};
    ns_random random = ns_case_random(d->options->suite->seed, "vela-diff", name);
    ns_code code = ns_graph_read_within(ns_arena_budget(d->arena), s->request.graph, s->request.graph_size,
                                        &graph, &problem);
    if (code == NS_OK)
        code = take_graph(d, s, graph, &random, &problem);
    ns_graph_free(graph);
    if (ns_code_ends_run(code) || (code != NS_OK && d->options->inputs))
        return ns_fail(error, code, "%s: %s", name, problem.message);
    if (code != NS_OK && !(s->result->eval_reason = ns_arena_string(d->arena, problem.message)))
        return no_memory(error);
    return NS_OK;
}

/* ---- the catalogue ---- */

/* The stages up to eval leave graph, integers and result in the ladder: the first set, with others behind it.
 * A row whose stages fail is a graph that failed on every side; without a graph there is nothing to compile.
 */
static ns_code take_row(ns_diff *d, const ns_suite_row *row, ns_error *error)
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
    ns_diff_subject *s;
    NS_TRY(next_subject(d, name, row->target->accelerator, &s, error));
    s->result->eval_reason = reason;
    s->request = ladder->request;
    s->input_count = ladder->decomposed->input_count;
    s->output_count = ladder->output_count;
    NS_TRY(add_set(s, ladder->integers, code == NS_OK ? ladder->evaluated : NULL, d->arena, error));
    return code == NS_OK && s->request.graph ? read_graph(d, s, name, error) : NS_OK;
}

static ns_code take_catalogue(ns_diff *d, const ns_suite_selection *selection, ns_error *error)
{
    NS_TRY(new_subjects(d, selection->count, error));
    for (int i = 0; i < selection->count; i++)
        NS_TRY(take_row(d, &selection->rows[i], error));
    return NS_OK;
}

/* ---- files ---- */

static ns_code take_file(ns_diff *d, const char *path, const char *name, const ns_suite_target *target,
                         ns_error *error)
{
    ns_bytes bytes;
    ns_diff_subject *s;
    char digest[24]; /* the graph, whatever its file is called */
    const char *const key[] = {digest, target->accelerator};
    NS_TRY(ns_file_read(path, d->arena, &bytes, error));
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)ns_bytes_hash(bytes));
    if (!ns_shard_takes(d->options->suite->shard, d->options->suite->shards, 2, key))
        return NS_OK;
    NS_TRY(next_subject(d, name, target->accelerator, &s, error));
    s->request.graph = bytes.data;
    s->request.graph_size = bytes.size;
    NS_TRY(ns_accelerator_parse(target->accelerator, &s->request.accelerator, error));
    return read_graph(d, s, name, error);
}

/* Each target of the selection, which are those of its first case. */
static ns_code take_targets(ns_diff *d, const char *path, const char *name,
                            const ns_suite_selection *selection, int targets, ns_error *error)
{
    if (!path || !name)
        return no_memory(error);
    for (int t = 0; t < targets; t++)
        NS_TRY(take_file(d, path, name, selection->rows[t].target, error));
    return NS_OK;
}

static int is_graph(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".tosa") == 0;
}

static ns_code take_folder(ns_diff *d, const ns_suite_selection *selection, int targets, ns_error *error)
{
    const char *folder = d->options->folder;
    struct dirent **entries = NULL;
    const int files = scandir(folder, &entries, is_graph, alphasort);
    if (files < 0)
        return ns_fail(error, NS_ERROR_IO, "%s: %s", folder, strerror(errno));
    ns_code code = files == 0 ? ns_fail(error, NS_ERROR_USAGE, "%s: no .tosa file in it", folder)
                              : new_subjects(d, files * targets, error);
    for (int i = 0; i < files; i++) {
        if (code == NS_OK)
            code = take_targets(d, ns_arena_format(d->arena, "%s/%s", folder, entries[i]->d_name),
                                ns_arena_string(d->arena, entries[i]->d_name), selection, targets, error);
        free(entries[i]);
    }
    free(entries);
    return code;
}

static ns_code take_files(ns_diff *d, const ns_suite_selection *selection, ns_error *error)
{
    const char *path = d->options->folder;
    struct stat info;
    int targets = 1;
    while (targets < selection->count && selection->rows[targets].case_ == selection->rows[0].case_)
        targets++;
    if (stat(path, &info) != 0 || S_ISDIR(info.st_mode))
        return take_folder(d, selection, targets, error);
    ns_bytes bytes;
    NS_TRY(ns_file_read(path, d->arena, &bytes, error));
    if (*ns_file_not_graph(bytes))
        return ns_fail(error, NS_ERROR_INPUT, "%s%s", path, ns_file_not_graph(bytes));
    const char *slash = strrchr(path, '/');
    NS_TRY(new_subjects(d, targets, error));
    return take_targets(d, path, slash ? slash + 1 : path, selection, targets, error);
}

ns_code ns_diff_take(ns_diff *d, ns_error *error)
{
    ns_suite_selection selection;
    ns_suite_options suite = *d->options->suite;
    if (d->options->folder) /* then files are split, and the selection only tells the targets */
        suite.shards = 0;
    NS_TRY(ns_suite_select(&suite, d->arena, &selection, error));
    return d->options->folder ? take_files(d, &selection, error) : take_catalogue(d, &selection, error);
}
