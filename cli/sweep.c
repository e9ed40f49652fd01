/* npuscope sweep: all 65,536 codes of an elementwise operator, or a search for bad inputs of another one. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "formats/interface.h"
#include "npuscope/search.h"
#include "npuscope/sweep.h"
#include "ops/operators.h"
#include "options.h"
#include "report/interface.h"
#include "rows.h"

typedef struct sweep_settings {
    const char *target, *catalogue, *stages, *vela, *json, *html, *output, *shard;
    int64_t seed, trials;
    double epsilon;
    unsigned cpu_mask;
    bool uniform;
} sweep_settings;

#define MAX_TRIALS 1000000

#define OPTION(field) offsetof(sweep_settings, field)

static const ns_option options[] = {
    {0, "target", NS_OPTION_TEXT, "T", OPTION(target),
     "u55, u85 or an accelerator such as ethos-u55-256 (default: u55)"},
    NS_ROW_CATALOGUE(catalogue),
    {0, "stages", NS_OPTION_TEXT, "LIST", OPTION(stages),
     "eval, or eval,npu (default: both where Vela is found)"},
    NS_ROW_VELA(vela),
    NS_ROW_SEED(seed),
    NS_ROW_SHARD(shard),
    NS_ROW_EPSILON(epsilon),
    {0, "json", NS_OPTION_OUTPUT, "FILE", OPTION(json),
     "also write the results, with every code's error, as JSON"},
    NS_ROW_HTML(html),
    {0, "trials", NS_OPTION_INTEGER, "N", OPTION(trials), "of a search (default 1000)"},
    {0, "uniform", NS_OPTION_FLAG, NULL, OPTION(uniform),
     "a search with uniform random codes only, for comparison"},
    {'o', "output", NS_OPTION_FOLDER, "DIR", OPTION(output),
     "of a search: also write DIR/graph.tosa, and as DIR/worst/input0.npy,\n.. the worst input; in DIR/ideal "
     "the one farthest from ideal, in\nDIR/npu the first for which npu is not eval"},
    NS_ROW_CPU(cpu_mask),
    {0},
};

static void preset(void *settings_)
{
    sweep_settings *settings = settings_;
    settings->epsilon = NAN;
    settings->cpu_mask = ~0u;
    settings->target = "u55";
    settings->trials = NS_SEARCH_DEFAULT_TRIALS;
}

/* True when npu was asked for; *wanted: it is to run if it can. */
static ns_code read_stages(const char *text, bool *asked, bool *wanted, ns_error *error)
{
    *asked = text && strcmp(text, "eval,npu") == 0;
    *wanted = !text || *asked;
    if (text && !*asked && strcmp(text, "eval") != 0)
        return ns_fail(error, NS_ERROR_USAGE, "--stages takes eval or eval,npu, not '%s'", text);
    return NS_OK;
}

/* What the cases of one call have in common; with patterns there may be many. */
typedef struct sweeping {
    ns_cli *cli;
    const sweep_settings *settings;
    const char *missing; /* why there is no Vela; NULL: there is, or it is not wanted */
    bool asked;          /* for the stage npu */
    bool several;
    int differing; /* cases for which npu is not eval */
    ns_json json;  /* of several: their documents in one */
    ns_page *page; /* NULL: none was asked for */
    ns_progress shown;
} sweeping;

/* A heading for the case on the page. */
static ns_code add_heading(ns_cli *cli, ns_page *page, const char *op, const char *name, const char *target,
                           ns_error *error)
{
    const char *text = ns_arena_format(cli->arena, "%s %s on %s", op, name, target);
    if (!text)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the page");
    ns_page_heading(page, text);
    return NS_OK;
}

static ns_code add_sweep(const sweeping *s, const ns_sweep_result *r, ns_error *error)
{
    if (!s->page)
        return NS_OK;
    NS_TRY(add_heading(s->cli, s->page, r->op, r->name, r->target, error));
    ns_page_sweep(s->page, r, s->missing);
    return NS_OK;
}

/* Of a search what each kind of inputs found, and the elements by error. */
static ns_code add_search(const sweeping *s, const ns_search_result *r, ns_error *error)
{
    static const ns_page_column columns[] = {{"kind of inputs", NS_PAGE_TEXT},
                                             {"trials", NS_PAGE_NUMBER},
                                             {"largest error, steps", NS_PAGE_NUMBER}};
    ns_page *page = s->page;
    if (!page)
        return NS_OK;
    NS_TRY(add_heading(s->cli, page, r->op, r->name, r->target, error));
    ns_page_table(page, "searched", sizeof columns / sizeof columns[0], columns);
    for (int i = 0; i < NS_SEARCH_COUNT; i++) {
        const double steps = r->worst_of[i].found ? r->worst_of[i].steps : NAN;
        ns_page_text(page, ns_search_kind_text((ns_search_kind)i));
        ns_page_number(page, r->kind_trials[i], "%.0f");
        ns_page_heat(page, steps, "%.4g", steps);
    }
    ns_page_table_end(page);
    ns_page_bars(page, "elements by error, in steps", r->bins, "elements");
    return NS_OK;
}

/* The case's document: the file, or a member of it. */
static ns_code write_json(sweeping *s, ns_bytes document, ns_error *error)
{
    if (!s->several)
        return ns_cli_write(s->cli, s->settings->json, document, error);
    ns_json_document(&s->json, NULL, document);
    return NS_OK;
}

static ns_code run_sweep(sweeping *s, const ns_sweep_options *sweep, const char **problem, ns_error *error)
{
    ns_cli *cli = s->cli;
    const sweep_settings *settings = s->settings;
    const char *missing = s->missing;
    ns_sweep_result *result = NULL;
    const ns_code code = ns_sweep_run(sweep, cli->arena, &result, error);
    ns_progress_end(&s->shown);
    NS_TRY(code);
    if (missing)
        result->npu.reason = missing;
    ns_report_sweep_text(result, cli->out);
    if (settings->json) {
        ns_bytes json;
        NS_TRY(ns_report_sweep_json(result, cli->arena, &json, error));
        NS_TRY(write_json(s, json, error));
    }
    NS_TRY(add_sweep(s, result, error));
    *problem = result->npu.reason;
    if (result->differences)
        return ns_fail(error, NS_ERROR_MISMATCH, "npu differs from eval for %zu codes", result->differences);
    return NS_OK;
}

static ns_code write_inputs(const char *folder, const char *name, const ns_search_found *found, int count,
                            ns_arena *arena, ns_error *error)
{
    if (!found->inputs)
        return NS_OK;
    const char *inner = ns_arena_format(arena, "%s/%s", folder, name);
    if (!inner)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a folder name");
    NS_TRY(ns_folder_make(inner, error));
    for (int i = 0; i < count; i++) {
        ns_npy array;
        const char *path = ns_arena_format(arena, "%s/input%d.npy", inner, i);
        if (!path)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
        NS_TRY(ns_npy_from_tensor(&found->inputs[i], &array, error));
        NS_TRY(ns_npy_save(&array, path, arena, error));
    }
    return NS_OK;
}

static ns_code write_worst(const char *folder, const ns_search_result *result, ns_arena *arena,
                           ns_error *error)
{
    NS_TRY(ns_folder_make(folder, error));
    const char *path = ns_arena_format(arena, "%s/graph.tosa", folder);
    if (!path)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
    NS_TRY(ns_file_write(path, (ns_bytes){result->graph, result->graph_size}, error));
    const int count = result->input_count;
    NS_TRY(write_inputs(folder, "worst", &result->worst, count, arena, error));
    NS_TRY(write_inputs(folder, "ideal", &result->worst_from_ideal, count, arena, error));
    return write_inputs(folder, "npu", &result->difference, count, arena, error);
}

static void show_trials(void *context, int done, int trials)
{
    ns_progress_show(context, done, trials, "trials");
}

static ns_code run_search(sweeping *s, const ns_sweep_options *sweep, const char **problem, ns_error *error)
{
    ns_cli *cli = s->cli;
    const sweep_settings *settings = s->settings;
    const char *missing = s->missing;
    const ns_search_options search = {
        .catalogue = sweep->catalogue,
        .op = sweep->op,
        .name = sweep->name,
        .target = sweep->target,
        .seed = sweep->seed,
        .epsilon = sweep->epsilon,
        .trials = (int)settings->trials,
        .uniform = settings->uniform,
        .progress = s->several ? NULL : show_trials,
        .context = &s->shown,
        .cpu_mask = sweep->cpu_mask,
        .vela = sweep->vela,
    };
    ns_search_result *result = NULL;
    const ns_code code = ns_search_run(&search, cli->arena, &result, error);
    ns_progress_end(&s->shown);
    NS_TRY(code);
    if (missing)
        result->npu_reason = missing;
    ns_report_search_text(result, cli->out);
    if (settings->json) {
        ns_bytes json;
        NS_TRY(ns_report_search_json(result, cli->arena, &json, error));
        NS_TRY(write_json(s, json, error));
    }
    NS_TRY(add_search(s, result, error));
    if (settings->output)
        NS_TRY(write_worst(settings->output, result, cli->arena, error));
    *problem = result->npu_reason;
    if (result->differences)
        return ns_fail(error, NS_ERROR_MISMATCH, "npu differs from eval in %d of %d trials",
                       result->differing_trials, result->trials);
    return NS_OK;
}

static ns_code run_case(sweeping *s, const ns_sweep_options *sweep, ns_error *error)
{
    const sweep_settings *settings = s->settings;
    bool fits = false;
    NS_TRY(ns_sweep_takes(sweep, s->cli->arena, &fits, error));
    const char *for_search = settings->output                               ? "--output"
                             : settings->uniform                            ? "--uniform"
                             : settings->trials != NS_SEARCH_DEFAULT_TRIALS ? "--trials"
                                                                            : NULL;
    if (fits && for_search && !s->several)
        return ns_fail(error, NS_ERROR_USAGE, "%s has all its codes run: %s is for a search", sweep->op,
                       for_search);
    const char *problem = NULL;
    NS_TRY((fits ? run_sweep : run_search)(s, sweep, &problem, error));
    if (s->asked && problem)
        return ns_fail(error, NS_ERROR_MISMATCH, "npu did not run: %s", problem);
    return NS_OK;
}

/* Of several a difference is counted, and what ExecuTorch keeps off the target, or is no sum of products, is
 * named and left out. */
static ns_code run_one_of_several(sweeping *s, const ns_sweep_options *sweep, ns_error *error)
{
    ns_error problem = {0};
    ns_code code = run_case(s, sweep, &problem);
    s->differing += code == NS_ERROR_MISMATCH;
    if (code == NS_ERROR_MISMATCH || code == NS_ERROR_UNSUPPORTED || code == NS_ERROR_USAGE) {
        fprintf(s->cli->out, "%s %s on %s: %s\n", sweep->op, sweep->name, sweep->target, problem.message);
        code = NS_OK;
    }
    fputs("\n", s->cli->out);
    return code == NS_OK ? NS_OK : ns_fail(error, code, "%s", problem.message);
}

/* The cases that patterns name, as far as they are of the shard. */
static ns_code run_several(sweeping *s, ns_sweep_options *sweep, char **operands, ns_error *error)
{
    ns_suite_options rows;
    ns_suite_result *list = NULL;
    ns_buffer text = {.arena = s->cli->arena};
    const char *const ops[] = {operands[0]}, *const names[] = {operands[1]};
    ns_suite_defaults(&rows, sizeof rows);
    rows.catalogue = sweep->catalogue;
    rows.ops = ops;
    rows.names = names;
    rows.targets = &s->settings->target;
    rows.op_count = rows.name_count = rows.target_count = 1;
    NS_TRY(ns_row_shard(s->settings->shard, &rows.shard, &rows.shards, error));
    NS_TRY(ns_suite_list(&rows, s->cli->arena, &list, error));
    s->json = ns_json_begin(&text, true, 17);
    ns_json_object(&s->json, NULL);
    ns_json_text(&s->json, "schema", "npuscope/sweeps/1");
    ns_json_integer(&s->json, "seed", (int64_t)sweep->seed);
    ns_json_array(&s->json, "sweeps");
    for (int i = 0; i < list->case_count; i++) {
        sweep->op = list->cases[i].op;
        sweep->name = list->cases[i].name;
        ns_progress_show(&s->shown, i, list->case_count, sweep->op);
        NS_TRY(run_one_of_several(s, sweep, error));
    }
    ns_json_end(&s->json);
    ns_json_end(&s->json);
    fprintf(s->cli->out, "%d cases, npu differs from eval in %d\n", list->case_count, s->differing);
    if (s->settings->json) {
        ns_bytes json;
        NS_TRY(ns_json_finish(&s->json, "the sweeps", &json, error));
        NS_TRY(ns_cli_write(s->cli, s->settings->json, json, error));
    }
    return s->differing ? NS_ERROR_MISMATCH : NS_OK;
}

/* `code`: of what is on it. */
static ns_code write_page(const sweeping *s, ns_code code, ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_page_finish(s->page, "the HTML page", &bytes, error));
    NS_TRY(ns_cli_write(s->cli, s->settings->html, bytes, error));
    return code;
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    const sweep_settings *settings = settings_;
    sweeping s = {.cli = cli, .settings = settings};
    bool wanted = false;
    NS_TRY(read_stages(settings->stages, &s.asked, &wanted, error));
    uint64_t seed = 0;
    NS_TRY(ns_row_seed(settings->seed, &seed, error));
    if (settings->trials < 1 || settings->trials > MAX_TRIALS)
        return ns_fail(error, NS_ERROR_USAGE, "--trials %lld is not between 1 and %d",
                       (long long)settings->trials, MAX_TRIALS);
    ns_vela vela;
    ns_error missing = {0};
    ns_code found = wanted ? ns_vela_find(settings->vela, cli->arena, &vela, &missing) : NS_OK;
    if (found != NS_OK && (s.asked || found != NS_ERROR_TOOL_MISSING))
        return ns_fail(error, found, "%s", missing.message);
    s.missing = found == NS_OK ? NULL : missing.message;
    ns_sweep_options sweep = {
        .catalogue = settings->catalogue,
        .op = operands[0],
        .name = operands[1],
        .target = settings->target,
        .seed = seed,
        .epsilon = settings->epsilon,
        .cpu_mask = settings->cpu_mask,
        .vela = wanted && found == NS_OK ? &vela : NULL,
    };
    ns_progress_begin(&s.shown, cli);
    s.several = settings->shard || strpbrk(operands[0], "*?[") || strpbrk(operands[1], "*?[");
    if (s.several && settings->output)
        return ns_fail(error, NS_ERROR_USAGE, "--output is for one case, not for patterns or a part of them");
    if (settings->html && !(s.page = ns_page_begin(cli->arena, "npuscope sweep", "")))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the page");
    const ns_code code = s.several ? run_several(&s, &sweep, operands, error) : run_case(&s, &sweep, error);
    return s.page && (code == NS_OK || code == NS_ERROR_MISMATCH) ? write_page(&s, code, error) : code;
}

static void print_swept(FILE *out)
{
    char text[4096] = "Operators whose codes are all run:";
    size_t used = strlen(text);
    for (int i = 0; i < ns_aten_operator_count; i++)
        if (ns_aten_operators[i]->sweepable && ns_aten_operators[i]->catalogue && used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, " %s,", ns_aten_operators[i]->name);
    text[(used < sizeof text ? used : sizeof text) - 1] = '.';
    fputs("\n", out);
    ns_options_wrap(text, 0, 0, out);
}

const ns_subcommand ns_subcommand_sweep = {
    .operands = "OP CASE",
    .operand_min = 2,
    .operand_max = 2,
    .details =
        "Of an elementwise operator with one input: runs all 65,536 int16\n"
        "codes through the evaluator and, where Vela is installed, the NPU, with the scales of a\n"
        "catalogue case, and compares them with exact reals: errors in steps of the output's scale,\n"
        "the worst code, counts by error, codes whose result TOSA leaves open.\n"
        "\n"
        "Of an operator of sums and products: searches for bad inputs (ends of the range, powers of two,\n"
        "largest gain, cancellation, results between two codes, and steps from the worst of these),\n"
        "and reports the worst with its error against the best that the scales allow.\n"
        "\n"
        "OP and CASE may be patterns ('*'): all cases that they name, and with --shard a part of them.\n"
        "Exit code 1 when the NPU differs from the evaluator.",
    .details_end = print_swept,
    .options = options,
    .settings_size = sizeof(sweep_settings),
    .preset = preset,
    .run = run,
};
