/* npuscope history: runs of the suite that `suite --history` kept. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "history/interface.h"
#include "options.h"
#include "report/report.h"

typedef struct history_settings {
    int64_t keep;
    const char *label;
} history_settings;

#define OPTION(field) offsetof(history_settings, field)

static const ns_option options[] = {
    {0, "keep", NS_OPTION_INTEGER, "N", OPTION(keep), "prune: how many of the last runs stay (default 100)"},
    {0, "label", NS_OPTION_TEXT, "TEXT", OPTION(label),
     "merge: what the run is called; another label is another run"},
    {0},
};

static void preset(void *settings)
{
    ((history_settings *)settings)->keep = 100;
}

static ns_code print_list(ns_history *history, ns_cli *cli, ns_error *error)
{
    ns_history_entry *entries = NULL;
    int count = 0;
    NS_TRY(ns_history_list(history, cli->arena, &entries, &count, error));
    if (count == 0)
        fputs("no run is kept there\n", cli->out);
    for (int i = 0; i < count; i++) {
        const ns_history_entry *entry = &entries[i];
        fprintf(cli->out, "%4lld  %s  npuscope %s, Vela %s, %s%s, seed %lld:", (long long)entry->id,
                *entry->time ? entry->time : "merged", entry->version, *entry->vela ? entry->vela : "-",
                *entry->catalogue ? "catalogue " : "", *entry->catalogue ? entry->catalogue : "own cases",
                (long long)entry->seed);
        const char *separator = "";
        for (int v = 0; v < NS_VERDICT_COUNT; v++)
            if (entry->counts[v]) {
                fprintf(cli->out, "%s %lld %s", separator, (long long)entry->counts[v],
                        ns_verdict_counted((ns_verdict)v));
                separator = ",";
            }
        fprintf(cli->out, "%s%s\n", *entry->label ? "  " : "", entry->label);
    }
    return NS_OK;
}

/* The runs that the operands name; without any the last two, with one that and the last. */
static ns_code find_pair(ns_history *history, ns_arena *arena, int count, char **operands, int64_t pair[2],
                         ns_error *error)
{
    ns_history_entry *entries = NULL;
    int runs = 0;
    NS_TRY(ns_history_list(history, arena, &entries, &runs, error));
    if (count < 2 && runs < 2)
        return ns_fail(error, NS_ERROR_USAGE, "there are not two runs to compare");
    pair[0] = count < 1 ? entries[runs - 2].id : 0;
    pair[1] = count < 2 ? entries[runs - 1].id : 0;
    for (int i = 0; i < count; i++) {
        char *end;
        pair[i] = strtoll(operands[i], &end, 10);
        if (end == operands[i] || *end)
            return ns_fail(error, NS_ERROR_USAGE, "'%s' is no number of a run", operands[i]);
    }
    return NS_OK;
}

static ns_code compare(ns_history *history, ns_cli *cli, int count, char **operands, ns_error *error)
{
    int64_t pair[2];
    ns_history_run runs[2];
    const ns_suite_baseline *baseline = NULL;
    NS_TRY(find_pair(history, cli->arena, count, operands, pair, error));
    for (int i = 0; i < 2; i++)
        NS_TRY(ns_history_read(history, pair[i], cli->arena, &runs[i], error));
    const char *name = ns_arena_format(cli->arena, "run %lld", (long long)pair[0]);
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
    NS_TRY(ns_history_compare(name, &runs[0], &runs[1], cli->arena, &baseline, error));
    fprintf(cli->out, "run %lld ", (long long)pair[1]);
    ns_report_baseline(baseline, cli->out);
    return baseline->counts[NS_CHANGE_WORSE] ? NS_ERROR_MISMATCH : NS_OK;
}

static ns_code prune(ns_history *history, const history_settings *settings, ns_cli *cli, ns_error *error)
{
    int removed = 0;
    if (settings->keep < 0)
        return ns_fail(error, NS_ERROR_USAGE, "--keep %lld is negative", (long long)settings->keep);
    NS_TRY(ns_history_prune(history, settings->keep, &removed, error));
    fprintf(cli->out, "%d run%s removed; the last %lld stay (--keep N)\n", removed, removed == 1 ? "" : "s",
            (long long)settings->keep);
    return NS_OK;
}

static ns_code merge(ns_history *history, const history_settings *settings, ns_cli *cli, int count,
                     char **files, ns_error *error)
{
    ns_history_merged counts = {0};
    for (int i = 0; i < count; i++)
        NS_TRY(ns_history_merge(history, files[i], settings->label, &counts, error));
    fprintf(cli->out, "%d file%s merged: %d rows and %d items, of %d new run%s\n", count,
            count == 1 ? "" : "s", counts.rows, counts.items, counts.runs, counts.runs == 1 ? "" : "s");
    return NS_OK;
}

static ns_code run(ns_cli *cli, void *settings, int operand_count, char **operands, ns_error *error)
{
    ns_history *history = NULL;
    const char *what = operands[0];
    const bool compares = strcmp(what, "compare") == 0, merges = strcmp(what, "merge") == 0;
    if (!compares && !merges && strcmp(what, "list") != 0 && strcmp(what, "prune") != 0)
        return ns_fail(error, NS_ERROR_USAGE, "'%s' is none of list, compare, merge and prune", what);
    if (!merges && operand_count > (compares ? 4 : 2))
        return ns_fail(error, NS_ERROR_USAGE, "unexpected operand '%s'", operands[compares ? 4 : 2]);
    if (merges && operand_count < 3)
        return ns_fail(error, NS_ERROR_USAGE, "merge takes a database and the files that go into it");
    NS_TRY(ns_history_open(operands[1], merges, &history, error));
    const ns_code code = compares ? compare(history, cli, operand_count - 2, operands + 2, error)
                         : merges ? merge(history, settings, cli, operand_count - 2, operands + 2, error)
                         : strcmp(what, "list") == 0 ? print_list(history, cli, error)
                                                     : prune(history, settings, cli, error);
    ns_history_close(history);
    return code;
}

const ns_subcommand ns_subcommand_history = {
    .operands = "list|compare|merge|prune DB [A [B]]|[FILE..]",
    .operand_min = 2,
    .operand_max = INT_MAX,
    .details =
        "Shows the runs that `npuscope suite --history DB` kept, compares two of them (by their\n"
        "numbers; without them the last two), or removes all but the last. compare says of each\n"
        "row what `suite --baseline` says, and has exit code 1 where one is worse.\n"
        "merge puts the results of the parts of a split run together (--shard I/N of suite, sweep,\n"
        "diagnose, vela-diff and fuzz-vela): their JSON, or databases of `suite --history`. The order does\n"
        "not matter, and a part may be merged again: what it has replaces what is there.",
    .options = options,
    .settings_size = sizeof(history_settings),
    .preset = preset,
    .run = run,
};
