/* npuscope vela-diff: several releases of Vela, or sets of options, on the same graphs. */
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "npuscope/cpu.h"
#include "npuscope/vela_diff.h"
#include "options.h"
#include "report/interface.h"
#include "report/report.h"
#include "rows.h"
#include "run.h"

typedef struct diff_settings {
    ns_row_selection selection;
    ns_text_list velas, inputs;
    const char *flags_a, *flags_b, *graphs, *json, *html;
} diff_settings;

#define OPTION(field) offsetof(diff_settings, field)

static const ns_option options[] = {
    {0, "vela", NS_OPTION_TEXT_LIST, "PATH", OPTION(velas),
     "a vela script, a Python interpreter or a virtual environment; once\nfor each release, twice to 16 "
     "times; once: with two sets of\noptions (see --vela-flags-b)"},
    {0, "vela-flags-a", NS_OPTION_TEXT, "FLAGS", OPTION(flags_a),
     "further options of the first of two: \"--optimise Size\""},
    {0, "vela-flags-b", NS_OPTION_TEXT, "FLAGS", OPTION(flags_b), "further options of the second"},
    {0, "graphs", NS_OPTION_TEXT, "PATH", OPTION(graphs),
     "a .tosa file, or those of a folder, not the catalogue"},
    {'i', "input", NS_OPTION_TEXT_LIST, "[NAME=]FILE", OPTION(inputs),
     "inputs of the file of --graphs, as `run` takes them, samples too\n(default: drawn at random)"},
    NS_ROW_TARGETS(selection.targets),
    NS_ROW_CATALOGUE(selection.catalogue),
    NS_ROW_OPS(selection.ops),
    NS_ROW_FAMILIES(selection.families),
    NS_ROW_CASES(selection.cases),
    NS_ROW_SEED(selection.seed),
    NS_ROW_SHARD(selection.shard),
    NS_ROW_JSON(json),
    NS_ROW_HTML(html),
    {0},
};

/* ---- the releases, from the oldest on ---- */

/* Versions as numbers with dots. */
static int compare_versions(const char *a, const char *b)
{
    for (;;) {
        char *a_end, *b_end;
        const long x = strtol(a, &a_end, 10), y = strtol(b, &b_end, 10);
        if (x != y)
            return x < y ? -1 : 1;
        if (*a_end != '.' || *b_end != '.')
            return (*a_end == '.') - (*b_end == '.');
        a = a_end + 1;
        b = b_end + 1;
    }
}

/* What is as old keeps its order. */
static void sort(ns_vela_diff_compiler *compilers, int count)
{
    for (int i = 1; i < count; i++)
        for (int k = i; k > 0; k--) {
            const ns_vela_diff_compiler later = compilers[k];
            if (compare_versions(compilers[k - 1].vela.version, later.vela.version) <= 0)
                break;
            compilers[k] = compilers[k - 1];
            compilers[k - 1] = later;
        }
}

/* Their streams would be the same entries of the cache. */
static bool is_same(const ns_vela_diff_compiler *a, const ns_vela_diff_compiler *b)
{
    return strcmp(a->vela.contents, b->vela.contents) == 0 &&
           strcmp(a->flags ? a->flags : "", b->flags ? b->flags : "") == 0;
}

static ns_code check_count(const diff_settings *settings, ns_error *error)
{
    const int count = settings->velas.count;
    const bool flags = settings->flags_a || settings->flags_b;
    if (count > NS_VELA_DIFF_SIDES)
        return ns_fail(error, NS_ERROR_USAGE, "--vela is given %d times; at most %d are compared", count,
                       NS_VELA_DIFF_SIDES);
    if (count > 2 && flags)
        return ns_fail(error, NS_ERROR_USAGE,
                       "--vela-flags-a and --vela-flags-b are for two releases or one");
    if (count < 2 && !flags)
        return ns_fail(error, NS_ERROR_USAGE, "A and B are the same: give --vela twice, or --vela-flags-b");
    return NS_OK;
}

static ns_code find_compilers(const diff_settings *settings, ns_arena *arena,
                              ns_vela_diff_compiler *compilers, int *count, ns_error *error)
{
    NS_TRY(check_count(settings, error));
    *count = settings->velas.count > 2 ? settings->velas.count : 2;
    compilers[0].flags = settings->flags_a;
    compilers[1].flags = settings->flags_b;
    for (int side = 0; side < *count; side++) {
        const int which = side < settings->velas.count ? side : 0;
        NS_TRY(ns_vela_find(settings->velas.count ? settings->velas.values[which] : NULL, arena,
                            &compilers[side].vela, error));
    }
    sort(compilers, *count);
    for (int side = 1; side < *count; side++) {
        const ns_vela_diff_compiler *a = &compilers[side - 1], *b = &compilers[side];
        if (is_same(a, b))
            return ns_fail(error, NS_ERROR_USAGE, "%c and %c are the same: Vela %s%s%s", 'A' + side - 1,
                           'A' + side, a->vela.version, a->flags ? " with " : "", a->flags ? a->flags : "");
    }
    return NS_OK;
}

/* ---- inputs of one's own ---- */

static ns_code take_inputs(void *context, const ns_graph *graph, ns_arena *arena, int *set_count,
                           ns_tensor **sets, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    const ns_input_rules rules = {.files = context, .frames = true};
    ns_input *inputs = NS_ARENA_ARRAY(arena, (size_t)block->input_count, ns_input);
    int64_t frames = 1;
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for inputs");
    for (int i = 0; i < block->input_count; i++) {
        const ns_graph_tensor *declared = &block->tensors[block->inputs[i]];
        const ns_run_tensor tensor = {.name = declared->name, .tensor = declared->tensor};
        NS_TRY(ns_run_declare(&tensor, &inputs[i], error));
    }
    NS_TRY(ns_inputs_load(&rules, arena, block->input_count, inputs, &frames, error));
    *set_count = (int)frames;
    *sets = NS_ARENA_ARRAY(arena, (size_t)frames * (size_t)block->input_count, ns_tensor);
    if (!*sets)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for inputs");
    for (int64_t k = 0; k < frames; k++)
        for (int i = 0; i < block->input_count; i++) {
            const ns_graph_tensor *declared = &block->tensors[block->inputs[i]];
            ns_npy one = ns_input_frame(&inputs[i], frames, k);
            one.data = ns_arena_copy(arena, one.data, one.count * one.item_size);
            if (!one.data)
                return ns_fail(error, NS_ERROR_MEMORY, "no memory for input '%s'", declared->name);
            NS_TRY(
                ns_npy_to_tensor(&one, declared->tensor.dtype, &(*sets)[k * block->input_count + i], error));
        }
    return NS_OK;
}

/* ---- the page ---- */

static void add_releases(ns_page *page, const ns_vela_diff_result *r)
{
    static const ns_page_column columns[] = {
        {"side", NS_PAGE_TEXT},      {"Vela", NS_PAGE_TEXT},     {"options", NS_PAGE_TEXT},
        {"right", NS_PAGE_NUMBER},   {"wrong", NS_PAGE_NUMBER},  {"unchecked", NS_PAGE_NUMBER},
        {"refused", NS_PAGE_NUMBER}, {"failed", NS_PAGE_NUMBER}, {"worse", NS_PAGE_NUMBER}};
    ns_page_table(page, "releases, from the oldest", sizeof columns / sizeof columns[0], columns);
    for (int side = 0; side < r->side_count; side++) {
        ns_page_text(page, (const char[]){(char)('A' + side), 0});
        ns_page_text(page, r->compilers[side].vela.version);
        ns_page_text(page, r->compilers[side].flags ? r->compilers[side].flags : "");
        for (int i = 0; i < NS_VELA_DIFF_STATUS_COUNT; i++)
            ns_page_number(page, r->statuses[side][i], "%.0f");
        ns_page_number(page, r->worse[side], "%.0f");
    }
    ns_page_table_end(page);
}

static ns_code write_page(ns_cli *cli, const char *path, const ns_vela_diff_result *r, ns_error *error)
{
    static const ns_page_column columns[] = {
        {"graph", NS_PAGE_TEXT},     {"accelerator", NS_PAGE_TEXT},
        {"Vela", NS_PAGE_TEXT},      {"result", NS_PAGE_TEXT},
        {"wrong", NS_PAGE_NUMBER},   {"elements", NS_PAGE_NUMBER},
        {"changed", NS_PAGE_NUMBER}, {"known defects, reason", NS_PAGE_TEXT}};
    static const ns_page_tone tones[] = {NS_PAGE_GOOD, NS_PAGE_BAD, NS_PAGE_DOUBT, NS_PAGE_DOUBT,
                                         NS_PAGE_DOUBT};
    ns_bytes bytes;
    const char *what =
        ns_arena_format(cli->arena, "seed %llu, %d graphs", (unsigned long long)r->seed, r->count);
    ns_page *page = what ? ns_page_begin(cli->arena, "npuscope vela-diff", what) : NULL;
    if (!page)
        return ns_page_finish(NULL, "the HTML page", &bytes, error);
    add_releases(page, r);
    ns_page_table(page, "graphs", sizeof columns / sizeof columns[0], columns);
    for (int i = 0; i < r->count; i++)
        for (int side = 0; side < r->side_count; side++) {
            const ns_vela_diff_graph *graph = &r->graphs[i];
            const ns_vela_diff_side *one = &graph->sides[side];
            const char *words = one->reason ? one->reason : "";
            for (int d = 0; d < one->defect_count; d++)
                words = ns_arena_format(cli->arena, "%s%s%s", words, *words ? "; " : "",
                                        ns_defect_get_info(one->defects[d])->id);
            ns_page_text(page, graph->name);
            ns_page_text(page, graph->accelerator);
            ns_page_text(page, r->compilers[side].vela.version);
            ns_page_word(page, one->worse ? "worse" : ns_vela_diff_status_text(one->status),
                         tones[one->status]);
            ns_page_heat(page, (double)one->wrong, "%.0f",
                         graph->elements ? 1000.0 * (double)one->wrong / (double)graph->elements : 0);
            ns_page_number(page, (double)graph->elements, "%.0f");
            ns_page_number(page, (double)one->changed, "%.0f");
            ns_page_text(page, words);
        }
    ns_page_table_end(page);
    NS_TRY(ns_page_finish(page, "the HTML page", &bytes, error));
    return ns_cli_write(cli, path, bytes, error);
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    (void)operands;
    diff_settings *settings = settings_;
    ns_vela_diff_compiler compilers[NS_VELA_DIFF_SIDES] = {0};
    int count = 0;
    if (settings->inputs.count && !settings->graphs)
        return ns_fail(error, NS_ERROR_USAGE, "--input is for the file of --graphs");
    NS_TRY(find_compilers(settings, cli->arena, compilers, &count, error));
    ns_suite_options suite;
    NS_TRY(ns_row_select(&settings->selection, &suite, error));
    suite.cpu_mask = ns_cpu_detect();
    ns_progress shown;
    ns_progress_begin(&shown, cli);
    const ns_vela_options vela = {.context = &shown, .progress = ns_progress_compiled, .warn = ns_cli_warn};
    const ns_vela_diff_options diff = {.folder = settings->graphs,
                                       .suite = &suite,
                                       .vela = &vela,
                                       .inputs = settings->inputs.count ? take_inputs : NULL,
                                       .context = &settings->inputs};
    ns_vela_diff_result result;
    const ns_code code = ns_vela_diff(&diff, count, compilers, cli->arena, &result, error);
    ns_progress_end(&shown);
    NS_TRY(code);
    ns_report_vela_diff(&result, cli->out);
    if (settings->json) {
        ns_bytes bytes;
        NS_TRY(ns_report_vela_diff_json(&result, cli->arena, &bytes, error));
        NS_TRY(ns_cli_write(cli, settings->json, bytes, error));
    }
    if (settings->html)
        NS_TRY(write_page(cli, settings->html, &result, error));
    if (suite.shards > 1 && result.count == 0)
        return NS_OK;
    if (result.compared == 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       count > 2 ? "no graph ran with two of them" : "no graph ran with both");
    return result.worse[count - 1] ? NS_ERROR_MISMATCH : NS_OK;
}

const ns_subcommand ns_subcommand_vela_diff = {
    .operands = "",
    .details =
        "Compiles the catalogue, or .tosa files, with several releases of Vela or two sets of options,\n"
        "runs all on the same integers, and says of each graph which is wrong against eval, and how\n"
        "many elements changed from one to the next. Releases stand from the oldest, A, to the newest.\n"
        "Listed are the graphs with a change or a side that is not right. Exit code 1 if the newest is\n"
        "worse than the one before it: wrong where that is not, or in more elements; refused or failed\n"
        "where that is right.",
    .options = options,
    .settings_size = sizeof(diff_settings),
    .run = run,
};
