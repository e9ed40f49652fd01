/* npuscope suite: the catalogue, stage by stage, with a verdict on each case. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "history/interface.h"
#include "npuscope/cpu.h"
#include "npuscope/suite.h"
#include "options.h"
#include "report/report.h"
#include "rows.h"
#include "shared.h"

#define OPTION(field) offsetof(ns_cli_suite_settings, field)

static const ns_option options[] = {
    NS_ROW_TARGETS(selection.targets),
    {0, "all-targets", NS_OPTION_FLAG, NULL, OPTION(all_targets),
     "every accelerator (or those of --target) with every memory mode"},
    NS_ROW_OPS(selection.ops),
    NS_ROW_FAMILIES(selection.families),
    NS_ROW_CASES(selection.cases),
    NS_ROW_CATALOGUE_OR(selection.catalogue, ";\nbeside --cases also none: those alone"),
    {0, "stages", NS_OPTION_TEXT, "LIST", OPTION(stages),
     "of ideal, quantised, eval, vela, npu, separated by commas\n(default: all; where Vela is missing, those "
     "that do without,\nand exit code 3)"},
    {0, "cases", NS_OPTION_TEXT_LIST, "PATH", OPTION(cases),
     "cases of your own, or recorded ones: a folder or zip file of\nthem; may be repeated. Beside the "
     "catalogue's; alone with\n--catalogue none"},
    NS_ROW_SEED(selection.seed),
    NS_ROW_SHARD(selection.shard),
    {0, "qtol", NS_OPTION_REAL, "N", OPTION(qtol),
     "tolerance in steps of the output's scale (default: the case's)"},
    {0, "atol", NS_OPTION_REAL, "X", OPTION(atol), "absolute tolerance (default 0.001)"},
    {0, "rtol", NS_OPTION_REAL, "X", OPTION(rtol), "relative tolerance (default 0.001)"},
    NS_ROW_EPSILON(epsilon),
    {0, "scale-data", NS_OPTION_REAL, "X", OPTION(data_scale),
     "multiply the catalogue's inputs: small ones bring scales to the\nfloor, large ones show what observers "
     "and tables do"},
    NS_ROW_WEIGHTS(weights),
    {0, "symmetric-io", NS_OPTION_TEXT, "WHICH", OPTION(symmetric_io),
     "yes (default) or no, as ExecuTorch's pipelines take it: of no\neffect on the scales of these cases"},
    NS_ROW_JSON(json),
    {0, "junit", NS_OPTION_OUTPUT, "FILE", OPTION(junit), "also write the results as JUnit XML"},
    {0, "csv", NS_OPTION_OUTPUT, "FILE", OPTION(csv), "also write a line for each stage of each case as CSV"},
    {0, "markdown", NS_OPTION_OUTPUT, "FILE", OPTION(markdown), "also write a summary as Markdown"},
    {0, "html", NS_OPTION_OUTPUT, "FILE", OPTION(html), "also write the results as one self-contained page"},
    NS_ROW_VELA(vela),
    {0, "vela-flags", NS_OPTION_TEXT, "FLAGS", OPTION(vela_flags),
     "further options of Vela: \"--optimise Size\""},
    {0, "config", NS_OPTION_TEXT, "FILE", OPTION(config),
     "Vela's configuration file (default: its own vela.ini)"},
    {0, "system-config", NS_OPTION_TEXT, "NAME", OPTION(system_config), "system configuration in it"},
    {0, "memory-mode", NS_OPTION_TEXT, "NAME", OPTION(memory_mode), "memory mode in it"},
    {0, "baseline", NS_OPTION_TEXT, "FILE", OPTION(baseline),
     "the JSON of an earlier run: says which rows are better, worse,\nnew or gone; exit code 1 for worse "
     "ones alone"},
    {0, "history", NS_OPTION_TEXT, "DB", OPTION(history),
     "keep the run in this SQLite database (npuscope history)"},
    {0, "label", NS_OPTION_TEXT, "TEXT", OPTION(label), "what the history calls the run"},
    {0, "min-sqnr", NS_OPTION_TEXT_LIST, "[OP=]DB", OPTION(min_sqnr),
     "least SQNR of eval against ideal, of all operators or of those that\na pattern names; may be repeated: "
     "the last that fits counts"},
    {0, "max-steps", NS_OPTION_TEXT_LIST, "[OP=]N", OPTION(max_steps),
     "largest error of eval against ideal in steps, alike"},
    {0, "strict", NS_OPTION_FLAG, NULL, OPTION(strict),
     "exit code 1 for rows that are inaccurate, too; with --baseline worse\nrows alone count"},
    {0, "list", NS_OPTION_FLAG, NULL, OPTION(list), "print the selected cases and run none"},
    {0, "threads", NS_OPTION_INTEGER, "N", OPTION(threads),
     "cases that run at once (default: one per processor)"},
    NS_ROW_CPU(cpu),
    {0},
};

static void preset(void *settings)
{
    ns_cli_suite_settings *suite = settings;
    suite->qtol = suite->atol = suite->rtol = suite->epsilon = suite->data_scale = NAN;
    suite->cpu = ns_cpu_detect();
}

static void show_progress(void *context, const ns_case_result *result, int done, int total)
{
    char name[256];
    snprintf(name, sizeof name, "%s %s on %s", result->op, result->name, result->target);
    ns_progress_show(context, done, total, name);
}

/* Every input and output of the catalogue's programs is annotated by its operator too, with the same
 * symmetric 16-bit specification, so that both answers give the same scales (docs/suite.md). */
static ns_code check_symmetric_io(const char *text, ns_error *error)
{
    if (text && strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        return ns_fail(error, NS_ERROR_USAGE, "--symmetric-io '%s' is neither yes nor no", text);
    return NS_OK;
}

typedef struct report {
    const ns_suite_result *result;
    ns_code (*render)(const ns_suite_result *, ns_buffer *, ns_error *);
    ns_arena *arena;
} report;

static ns_code give_report(ns_sink *sink, void *context, ns_error *error)
{
    const report *one = context;
    ns_buffer buffer = {.arena = one->arena, .sink = sink};
    NS_TRY(one->render(one->result, &buffer, error));
    return ns_suite_check(one->result, error);
}

static ns_code write_reports(ns_cli *cli, const ns_cli_suite_settings *settings,
                             const ns_suite_result *result, ns_error *error)
{
    const struct {
        const char *path;
        ns_code (*render)(const ns_suite_result *, ns_buffer *, ns_error *);
    } files[] = {
        {settings->json, ns_report_json}, {settings->junit, ns_report_junit},
        {settings->csv, ns_report_csv},   {settings->markdown, ns_report_markdown},
        {settings->html, ns_report_html},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        report one = {result, files[i].render, cli->arena};
        if (files[i].path)
            NS_TRY(ns_cli_write_pieces(cli, files[i].path, give_report, &one, error));
    }
    return NS_OK;
}

/* What Vela's own parser does not take fails every row alike: said once, as a usage error. */
static ns_code check_vela_flags(const ns_suite_options *suite, const ns_suite_result *result, ns_error *error)
{
    for (int i = 0; suite->vela_flags && i < result->case_count; i++) {
        const ns_case_result *row = ns_suite_finding(result, i);
        for (int s = 0; row && s < row->stage_count; s++) {
            const char *said = row->stages[s].reason ? strstr(row->stages[s].reason, "vela: error: ") : NULL;
            if (said)
                return ns_fail(error, NS_ERROR_USAGE, "Vela does not take '%s': %s", suite->vela_flags,
                               said + strlen("vela: error: "));
        }
    }
    return NS_OK;
}

/* The table has said it all about failures: no message beside it. */
static ns_code exit_of(const ns_cli_suite_settings *settings, const ns_suite_result *result, ns_error *error)
{
    const int *counts = result->counts;
    if (result->vela_missing)
        ns_cli_say("npuscope: the stage npu did not run. %s", result->vela_missing);
    if (counts[NS_VERDICT_INVALID] > 0)
        return ns_fail(error, NS_ERROR_INPUT, "%d of %d cases cannot be read", counts[NS_VERDICT_INVALID],
                       result->case_count);
    if (result->baseline && result->baseline->counts[NS_CHANGE_WORSE] > 0)
        return NS_ERROR_MISMATCH;
    if (!result->baseline && counts[NS_VERDICT_FAIL] > 0)
        return NS_ERROR_MISMATCH;
    if (counts[NS_VERDICT_NOT_COMPILED] > 0)
        return NS_ERROR_TOOL_MISSING;
    if (result->baseline)
        return NS_OK;
    if (settings->selection.shard && result->case_count == 0)
        return NS_OK;
    if (counts[NS_VERDICT_PASS] + counts[NS_VERDICT_INACCURATE] == 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "no case was compared to its end: %d of %d are rejected or skipped",
                       result->case_count, result->case_count);
    return settings->strict && counts[NS_VERDICT_INACCURATE] > 0 ? NS_ERROR_MISMATCH : NS_OK;
}

/* Reads the earlier run first: what is wrong with it is said before the work. */
static ns_code compare_baseline(const ns_cli_suite_settings *settings, const ns_history_run *before,
                                ns_arena *arena, ns_suite_result *result, ns_error *error)
{
    ns_history_run after;
    if (!settings->baseline)
        return NS_OK;
    NS_TRY(ns_history_of_result(result, arena, &after, error));
    return ns_history_compare(settings->baseline, before, &after, arena, &result->baseline, error);
}

/* Before the work: what cannot be kept is said first. */
static ns_code check_history(const char *path, ns_error *error)
{
    ns_history *history = NULL;
    if (!*path)
        return ns_fail(error, NS_ERROR_USAGE, "--history takes a file, not ''");
    NS_TRY(ns_history_open(path, true, &history, error));
    ns_history_close(history);
    return NS_OK;
}

static ns_code keep_run(const ns_cli_suite_settings *settings, const ns_suite_result *result, FILE *out,
                        ns_error *error)
{
    ns_history *history = NULL;
    int64_t id = 0;
    NS_TRY(ns_history_open(settings->history, true, &history, error));
    const ns_code code = ns_history_add(history, result, settings->label, &id, error);
    ns_history_close(history);
    if (code == NS_OK)
        fprintf(out, "run %lld of %s\n", (long long)id, settings->history);
    return code;
}

static ns_code report_all(ns_cli *cli, const ns_cli_suite_settings *settings, const ns_suite_options *suite,
                          const ns_history_run *before, ns_suite_result *result, ns_error *error)
{
    NS_TRY(check_vela_flags(suite, result, error));
    NS_TRY(compare_baseline(settings, before, cli->arena, result, error));
    ns_report_text(result, cli->colour, cli->columns, cli->out);
    NS_TRY(ns_suite_check(result, error));
    NS_TRY(write_reports(cli, settings, result, error));
    if (settings->history)
        NS_TRY(keep_run(settings, result, cli->out, error));
    return exit_of(settings, result, error);
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    (void)operands;
    const ns_cli_suite_settings *settings = settings_;
    ns_progress shown;
    ns_progress_begin(&shown, cli);
    ns_suite_options suite;
    NS_TRY(ns_row_select(&settings->selection, &suite, error));
    NS_TRY(ns_suite_set_vela(settings, cli->arena, &suite, error));
    suite.case_path_count = settings->cases.count;
    suite.case_paths = settings->cases.values;
    NS_TRY(ns_suite_set_limits(settings, cli->arena, &suite, error));
    suite.stages = settings->stages;
    suite.qtol = settings->qtol;
    suite.atol = settings->atol;
    suite.rtol = settings->rtol;
    suite.epsilon = settings->epsilon;
    suite.data_scale = settings->data_scale;
    suite.cpu_mask = settings->cpu;
    if (settings->threads < 0 || settings->threads > 1024)
        return ns_fail(error, NS_ERROR_USAGE, "--threads %lld is not between 0 and 1024",
                       (long long)settings->threads);
    suite.threads = (int)settings->threads;
    NS_TRY(check_symmetric_io(settings->symmetric_io, error));
    NS_TRY(ns_row_weights(settings->weights, &suite.per_channel, error));
    suite.vela = settings->vela;
    suite.details = settings->html != NULL;
    suite.spill = !settings->html && !settings->markdown &&
                  !settings->baseline; /* these go over all rows again and again */
    ns_vela_options vela = {.progress = ns_progress_compiled, .warn = ns_cli_warn, .context = &shown};
    suite.vela_options = &vela;
    suite.progress = show_progress;
    suite.context = &shown;
    ns_suite_result *result;
    ns_history_run before = {0};
    if (settings->baseline)
        NS_TRY(ns_history_read_json(settings->baseline, cli->arena, &before, error));
    if (settings->history && !settings->list)
        NS_TRY(check_history(settings->history, error));
    if (settings->list) {
        NS_TRY(ns_suite_list(&suite, cli->arena, &result, error));
        ns_report_list(result, cli->out);
        return NS_OK;
    }
    ns_code code = ns_suite_run(&suite, cli->arena, &result, error);
    ns_progress_end(&shown);
    NS_TRY(code);
    code = report_all(cli, settings, &suite, &before, result, error);
    ns_suite_close(result);
    return code;
}

const ns_subcommand ns_subcommand_suite = {
    .operands = "",
    .details = "Runs the catalogue's cases through the stages ideal (exact reals), quantised (rounded where\n"
               "ExecuTorch's quantiser puts quantise and dequantise), eval (the lowered TOSA graph in\n"
               "integers) and npu (the command stream that Vela makes of the graph). eval is judged as\n"
               "ExecuTorch's harness judges a program; npu must equal eval in every element. Shown are\n"
               "the errors in steps of the output's scale (max, mean) and SQNR in dB, all against ideal;\n"
               "of a failed case also the stage at fault and its worst element. Exit code 1 if a case\n"
               "fails, 3 if Vela is missing and --stages does not leave the stage npu out.",
    .options = options,
    .settings_size = sizeof(ns_cli_suite_settings),
    .preset = preset,
    .run = run,
};
