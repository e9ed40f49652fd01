/* npuscope vela-diff: two releases of Vela, or two sets of options, on the same graphs. */
#include <string.h>

#include "base/interface.h"
#include "npuscope/cpu.h"
#include "npuscope/vela_diff.h"
#include "options.h"
#include "report/report.h"
#include "rows.h"

typedef struct diff_settings {
    ns_row_selection selection;
    ns_text_list velas;
    const char *flags_a, *flags_b, *graphs, *json;
} diff_settings;

#define OPTION(field) offsetof(diff_settings, field)

static const ns_option options[] = {
    {0, "vela", NS_OPTION_TEXT_LIST, "PATH", OPTION(velas),
     "given twice: A and B; once: both (see --flags-b). A vela script,\na Python interpreter or a virtual "
     "environment"},
    {0, "flags-a", NS_OPTION_TEXT, "FLAGS", OPTION(flags_a), "further options of A: \"--optimise Size\""},
    {0, "flags-b", NS_OPTION_TEXT, "FLAGS", OPTION(flags_b), "further options of B"},
    {0, "graphs", NS_OPTION_TEXT, "DIR", OPTION(graphs), "the .tosa files of a folder, not the catalogue"},
    NS_ROW_TARGETS(selection.targets),
    NS_ROW_CATALOGUE(selection.catalogue),
    NS_ROW_OPS(selection.ops),
    NS_ROW_FAMILIES(selection.families),
    NS_ROW_CASES(selection.cases),
    NS_ROW_SEED(selection.seed),
    NS_ROW_JSON(json),
    {0},
};

static void show_compiling(void *context, int done, int count)
{
    (void)context;
    fprintf(stderr, "\r\033[KVela: %d of %d graphs compiled%s", done, count, done == count ? "\r\033[K" : "");
}

/* Their streams would be the same entries of the cache. */
static bool is_same(const ns_vela_diff_compiler *a, const ns_vela_diff_compiler *b)
{
    return strcmp(a->vela.contents, b->vela.contents) == 0 &&
           strcmp(a->flags ? a->flags : "", b->flags ? b->flags : "") == 0;
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    (void)operands;
    const diff_settings *settings = settings_;
    if (settings->velas.count > 2)
        return ns_fail(error, NS_ERROR_USAGE, "--vela is given %d times; A and B are two",
                       settings->velas.count);
    if (settings->velas.count < 2 && !settings->flags_a && !settings->flags_b)
        return ns_fail(error, NS_ERROR_USAGE, "A and B are the same: give --vela twice, or --flags-b");
    ns_vela_diff_compiler compilers[2] = {{.flags = settings->flags_a}, {.flags = settings->flags_b}};
    for (int side = 0; side < 2; side++) {
        const int which = side < settings->velas.count ? side : 0;
        NS_TRY(ns_vela_find(settings->velas.count ? settings->velas.values[which] : NULL, cli->arena,
                            &compilers[side].vela, error));
    }
    if (is_same(&compilers[0], &compilers[1]))
        return ns_fail(error, NS_ERROR_USAGE, "A and B are the same: Vela %s%s%s", compilers[0].vela.version,
                       compilers[0].flags ? " with " : "", compilers[0].flags ? compilers[0].flags : "");
    ns_suite_options suite;
    NS_TRY(ns_row_select(&settings->selection, &suite, error));
    suite.cpu_mask = ns_cpu_detect();
    const ns_vela_options vela = {.progress = cli->progress ? show_compiling : NULL};
    const ns_vela_diff_options diff = {.folder = settings->graphs, .suite = &suite, .vela = &vela};
    ns_vela_diff_result result;
    NS_TRY(ns_vela_diff(&diff, compilers, cli->arena, &result, error));
    ns_report_vela_diff(&result, cli->out);
    if (settings->json) {
        ns_bytes bytes;
        NS_TRY(ns_report_vela_diff_json(&result, cli->arena, &bytes, error));
        NS_TRY(ns_file_write(settings->json, bytes, error));
    }
    if (result.compared == 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "no graph ran with both");
    const bool wrong = result.statuses[0][NS_VELA_DIFF_WRONG] || result.statuses[1][NS_VELA_DIFF_WRONG];
    return wrong ? NS_ERROR_MISMATCH : NS_OK;
}

const ns_subcommand ns_subcommand_vela_diff = {
    .operands = "",
    .details = "Compiles the catalogue, or the .tosa files of a folder, with two releases of Vela or two\n"
               "sets of options, runs both on the same integers, and says of each graph how many elements\n"
               "changed and which of the two is wrong against eval. Listed are the graphs with a change or\n"
               "a side that is not right. Exit code 1 if one is wrong.",
    .options = options,
    .settings_size = sizeof(diff_settings),
    .run = run,
};
