/* npuscope diagnose: what is made of a finding: the mended graph, and the smallest that shows it, which
 * reduce writes too. */
#include <string.h>

#include "base/interface.h"
#include "diagnose.h"
#include "formats/interface.h"
#include "npuscope/fuzz_vela.h"
#include "report/interface.h"
#include "shared.h"

const char *ns_diagnose_numbered(const char *path, int number, ns_arena *arena)
{
    const char *name = strrchr(path, '/'), *dot = strrchr(name ? name : path, '.');
    const int stem = dot ? (int)(dot - path) : (int)strlen(path);
    return ns_arena_format(arena, "%.*s_%d%s", stem, path, number, path + stem);
}

/* ---- mends ---- */

static ns_code apply(ns_cli *cli, const char *path, const ns_diagnose_subject *subject, ns_error *error)
{
    const ns_diagnose_precision *before = subject->result->precision;
    ns_diagnose_applied applied;
    ns_bytes bytes;
    const void *data = NULL;
    if (ns_diagnose_apply(subject->graph, &subject->asked, before, cli->arena, &applied, error) != NS_OK)
        return ns_add_context(error, "--apply");
    ns_code code = ns_graph_write(applied.graph, cli->arena, &data, &bytes.size, error);
    bytes.data = data;
    if (code == NS_OK)
        code = ns_file_write(path, bytes, error);
    ns_graph_free(applied.graph);
    NS_TRY(code);
    for (int i = 0; i < applied.count; i++)
        ns_cli_say("%s: %s", path, applied.mends[i]);
    ns_cli_say("%s: %d mend%s: %.1f dB against float, was %.1f; verdict: %s", path, applied.count,
               applied.count == 1 ? "" : "s", applied.against_float_db, before->against_float_db,
               ns_diagnose_verdict_text(applied.after.verdict));
    return NS_OK;
}

/* ---- the smallest graph ---- */

static ns_code write_tensor(ns_cli *cli, const char *prefix, const char *kind, int index,
                            const ns_tensor *tensor, ns_error *error)
{
    ns_npy array;
    const char *path = ns_arena_format(cli->arena, "%s%s%d.npy", prefix, kind, index);
    if (!path)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file's name");
    NS_TRY(ns_npy_from_tensor(tensor, &array, error));
    return ns_npy_save(&array, path, cli->arena, error);
}

ns_code ns_smallest_write(ns_cli *cli, const ns_smallest *smallest, const char *path, const char *prefix,
                          ns_error *error)
{
    NS_TRY(ns_file_write(path, (ns_bytes){smallest->file, smallest->file_size}, error));
    for (int i = 0; i < smallest->input_count; i++)
        NS_TRY(write_tensor(cli, prefix, "in", i, &smallest->inputs[i], error));
    for (int i = 0; i < smallest->output_count; i++)
        NS_TRY(write_tensor(cli, prefix, "out", i, &smallest->outputs[i], error));
    return NS_OK;
}

ns_code ns_smallest_departure(ns_cli *cli, const ns_smallest *smallest, const ns_diagnose_target *target,
                              ns_diagnose_compile *row, ns_error *error)
{
    const ns_vela_options vela = {.warn = ns_cli_warn};
    const ns_diagnose_compile_options options = {.model = smallest->file,
                                                 .model_size = smallest->file_size,
                                                 .inputs = smallest->inputs,
                                                 .input_count = smallest->input_count,
                                                 .samples = 1,
                                                 .vela = &vela};
    *row = (ns_diagnose_compile){0};
    return ns_diagnose_target_run(&options, target, cli->arena, row, error);
}

/* The first finding of the compile half that a stream of Vela's shows; NULL: none. */
static const ns_diagnose_compile *first_finding(const ns_diagnose_result *result)
{
    for (int i = 0; i < result->compile_count; i++)
        if (result->compile[i].is_finding && result->compile[i].flags)
            return &result->compile[i];
    return NULL;
}

static bool has_precision_finding(const ns_diagnose_result *result)
{
    return result->precision && ns_diagnose_verdict_fails(result->precision->verdict);
}

static ns_code write_smallest(ns_cli *cli, const char *path, const ns_smallest *smallest, ns_error *error)
{
    const size_t size = strlen(path);
    const bool has_suffix = size > 5 && strcmp(path + size - 5, ".tosa") == 0;
    const char *prefix = ns_arena_format(cli->arena, "%.*s_", (int)(has_suffix ? size - 5 : size), path);
    if (!prefix)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file's name");
    return ns_smallest_write(cli, smallest, path, prefix, error);
}

static ns_code reduce_precision(ns_cli *cli, double time_limit, const char *path,
                                const ns_diagnose_subject *subject, ns_error *error)
{
    ns_diagnose_smallest r;
    NS_TRY(ns_diagnose_reduce(subject->graph, &subject->asked, subject->result->precision, time_limit,
                              cli->arena, &r, error));
    const ns_smallest smallest = {r.file, r.file_size, r.input_count, r.output_count, r.inputs, r.outputs};
    NS_TRY(write_smallest(cli, path, &smallest, error));
    ns_cli_say("%s: %s: %d operators of %d left after %d trials in %.1f s: %s", path, r.finding, r.operators,
               r.operators_before, r.trials, r.seconds, r.words);
    return NS_OK;
}

static ns_code reduce_compile(ns_cli *cli, const ns_diagnose_settings *settings, const char *path,
                              const ns_diagnose_subject *subject, const ns_diagnose_compile *row,
                              ns_error *error)
{
    const ns_diagnose_options *asked = &subject->asked;
    ns_diagnose_compile_options options = {0};
    const char *missing = NULL;
    ns_reduce_options o = {.flags = row->flags,
                           .time_limit = settings->time_limit,
                           .centre = row->departs ? row->first_wrong.output : NULL};
    ns_reduce_result r;
    NS_TRY(ns_diagnose_choose_velas(settings, cli->arena, &options, &missing, error));
    NS_TRY(ns_accelerator_parse(row->accelerator, &o.accelerator, error));
    for (int i = 0; i < options.vela_count; i++)
        if (strcmp(options.velas[i].version, row->vela) == 0)
            o.vela = options.velas[i];
    NS_TRY(ns_reduce_graph(&o, subject->graph, asked->inputs, asked->input_count, cli->arena, &r, error));
    const ns_smallest smallest = {r.file, r.file_size, r.input_count, r.output_count, r.inputs, r.outputs};
    const ns_diagnose_target target = {&o.vela, o.accelerator, o.flags};
    NS_TRY(write_smallest(cli, path, &smallest, error));
    ns_cli_say("%s: %s, Vela %s, %s, %s: %d operators of %d left after %d trials in %.1f s: %s", path,
               r.signature, row->vela, row->accelerator, row->memory_mode, r.operators, r.operators_before,
               r.trials, r.seconds, r.operation);
    ns_diagnose_compile smallest_row;
    NS_TRY(ns_smallest_departure(cli, &smallest, &target, &smallest_row, error));
    if (smallest_row.departs)
        ns_report_diagnose_departure(&smallest_row.first_wrong, stderr);
    return NS_OK;
}

static ns_code reduce(ns_cli *cli, const ns_diagnose_settings *settings, const char *path,
                      const ns_diagnose_subject *subject, ns_error *error)
{
    const ns_diagnose_compile *row = first_finding(subject->result);
    return !row || has_precision_finding(subject->result)
               ? reduce_precision(cli, settings->time_limit, path, subject, error)
               : reduce_compile(cli, settings, path, subject, row, error);
}

/* ---- of one graph, or of several ---- */

static bool can_reduce(const ns_diagnose_subject *subject)
{
    return subject->graph && (has_precision_finding(subject->result) || first_finding(subject->result));
}

static bool can_apply(const ns_diagnose_subject *subject)
{
    return subject->graph && subject->result->precision && subject->result->precision->blame_count;
}

static ns_code numbered(ns_cli *cli, const char *path, int count, int number, const char **out,
                        ns_error *error)
{
    *out = count > 1 ? ns_diagnose_numbered(path, number, cli->arena) : path;
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a file's name");
}

static ns_code reduce_all(ns_cli *cli, const ns_diagnose_settings *settings,
                          const ns_diagnose_subjects *subjects, ns_error *error)
{
    int written = 0;
    for (int i = 0; i < subjects->count; i++) {
        const char *path = NULL;
        if (!can_reduce(&subjects->list[i]))
            continue;
        NS_TRY(numbered(cli, settings->reduce, subjects->count, i, &path, error));
        NS_TRY(reduce(cli, settings, path, &subjects->list[i], error));
        written++;
    }
    return written ? NS_OK : ns_fail(error, NS_ERROR_USAGE, "--reduce: there is no finding to reduce");
}

/* Of several graphs those that cannot be mended are told, and passed over. */
static ns_code apply_all(ns_cli *cli, const ns_diagnose_settings *settings,
                         const ns_diagnose_subjects *subjects, ns_error *error)
{
    int written = 0;
    ns_error problem = {0};
    snprintf(problem.message, sizeof problem.message, "--apply: there is nothing to mend");
    for (int i = 0; i < subjects->count; i++) {
        const char *path = NULL;
        if (!can_apply(&subjects->list[i]))
            continue;
        NS_TRY(numbered(cli, settings->apply, subjects->count, i, &path, error));
        const ns_code code = apply(cli, path, &subjects->list[i], &problem);
        if (code != NS_OK && (subjects->count == 1 || ns_code_ends_run(code)))
            return ns_fail(error, code, "%s", problem.message);
        if (code != NS_OK)
            ns_cli_say("delegate %d: %s", i, problem.message);
        written += code == NS_OK;
    }
    return written ? NS_OK : ns_fail(error, NS_ERROR_USAGE, "%s", problem.message);
}

ns_code ns_diagnose_write(ns_cli *cli, const ns_diagnose_settings *settings,
                          const ns_diagnose_subjects *subjects, ns_error *error)
{
    /* What one of them cannot do does not keep the other from being written. */
    ns_error problem = {0};
    const ns_code applied = settings->apply ? apply_all(cli, settings, subjects, &problem) : NS_OK;
    if (applied != NS_OK && (!settings->reduce || ns_code_ends_run(applied)))
        return ns_fail(error, applied, "%s", problem.message);
    const ns_code reduced = settings->reduce ? reduce_all(cli, settings, subjects, error) : NS_OK;
    if (applied != NS_OK && reduced != NS_OK)
        ns_cli_say("%s", problem.message);
    else if (applied != NS_OK)
        return ns_fail(error, applied, "%s", problem.message);
    return reduced;
}
