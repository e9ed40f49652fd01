/* npuscope fuzz-vela: a search for defects of Vela with random graphs. */
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "npuscope/diagnose.h"
#include "npuscope/fuzz_vela.h"
#include "options.h"
#include "rows.h"
#include "shared.h"

typedef struct fuzz_settings {
    ns_text_list velas, targets;
    int64_t seed, first, graphs, reduce_known;
    double time_limit, reduce_seconds;
    const char *output, *json, *html, *shard;
    bool write_only, steer;
} fuzz_settings;

#define OPTION(field) offsetof(fuzz_settings, field)

static const ns_option options[] = {
    {0, "seed", NS_OPTION_INTEGER, "N", OPTION(seed), "of the graphs (default 0)"},
    {0, "first", NS_OPTION_INTEGER, "N", OPTION(first), "number of the first graph (default 0)"},
    {0, "graphs", NS_OPTION_INTEGER, "N", OPTION(graphs), "how many (default 1000)"},
    {0, "time-limit", NS_OPTION_REAL, "S", OPTION(time_limit),
     "seconds after which no further graph is begun"},
    {0, "target", NS_OPTION_TEXT_LIST, "T", OPTION(targets),
     "an accelerator such as ethos-u55-128; may be repeated (default:\nethos-u55-128, u65-256, u85-128, "
     "u85-1024)"},
    {0, "vela", NS_OPTION_TEXT_LIST, "PATH", OPTION(velas),
     "a vela script, a Python interpreter or a virtual environment; may\nbe repeated: graphs take turns "
     "(default: "
     "NPUSCOPE_VELA, beside the\nprogram, PATH)"},
    {0, "reduce", NS_OPTION_REAL, "S", OPTION(reduce_seconds),
     "seconds for one reduction (default 10; 0: none)"},
    {0, "reduce-known", NS_OPTION_INTEGER, "N", OPTION(reduce_known),
     "of failures that look alike and a known defect names, reduce the\nfirst N and every 64th (default 8)"},
    {0, "steer", NS_OPTION_FLAG, NULL, OPTION(steer),
     "give every second graph the types and blocks of one that reached\nnew modes of the NPU's operations"},
    NS_ROW_SHARD(shard),
    {0, "write", NS_OPTION_FLAG, NULL, OPTION(write_only),
     "only write the graphs, with inputs, to DIR/<number>"},
    {'o', "output", NS_OPTION_FOLDER, "DIR", OPTION(output),
     "folder for reduced graphs with inputs, and report.md"},
    NS_ROW_JSON(json),
    NS_ROW_HTML(html),
    {0},
};

static void preset(void *settings_)
{
    fuzz_settings *settings = settings_;
    settings->graphs = 1000;
    settings->reduce_seconds = 10;
    settings->reduce_known = 8;
}

static void print_result(const ns_fuzz_result *r, FILE *out)
{
    for (int i = 0; i < r->finding_count; i++) {
        const ns_fuzz_finding *f = &r->findings[i];
        fprintf(out, "%4d  %-9s %5llu x, first %llu, %s, Vela %s: %s%s%s\n", i, f->kind,
                (unsigned long long)f->count, (unsigned long long)f->first_seen, f->target, f->release,
                f->operation, *f->message ? ": " : "", f->message);
        if (f->first_wrong)
            fprintf(out, "      first wrong: %s\n", f->first_wrong);
        if (f->difference)
            fprintf(out, "      right with %s; they part at %s\n", f->variant, f->difference);
    }
    int known = 0;
    for (int i = 0; i < r->known_count; i++) {
        if (!r->known[i].graphs) /* met by right streams alone */
            continue;
        known++;
        fprintf(out, "known %5llu x (%llu streams right), first %llu: %s\n",
                (unsigned long long)r->known[i].graphs, (unsigned long long)r->known[i].right,
                (unsigned long long)r->known[i].first_seen, ns_defect_get_info(r->known[i].defect)->id);
    }
    fprintf(out,
            "%llu graphs, %llu streams (%llu refused) in %.1f s, %.1f of them reducing: %.1f graphs a second "
            "without it\n"
            "%llu graphs failed, %llu of them by what no known defect names; %d signatures beside %d known "
            "defects; %llu modes of operations; Vela was started %llu times\n",
            (unsigned long long)r->graphs, (unsigned long long)r->streams, (unsigned long long)r->refused,
            r->seconds, r->reducing, (double)r->graphs / (r->seconds - r->reducing),
            (unsigned long long)r->failing, (unsigned long long)r->unnamed, r->finding_count, known,
            (unsigned long long)r->modes, (unsigned long long)r->starts);
}

typedef struct watch {
    ns_cli *cli;
    ns_progress shown;
    const char *json; /* a file; NULL: none */
    int64_t graphs;   /* to come */
    double last, time_limit;
} watch;

/* The JSON is written anew each minute, so that a search that is ended leaves what it found. */
static void progress(void *context, const ns_fuzz_result *r)
{
    watch *w = context;
    char text[64];
    snprintf(text, sizeof text, "%d signatures, %d known", r->finding_count, r->known_count);
    /* Where time ends the search, the bar counts what it is expected to come to. */
    const double share = w->time_limit > 0 ? r->seconds / w->time_limit : 0;
    const double expected = share > 0 ? (double)r->graphs / share : (double)w->graphs;
    ns_progress_show(&w->shown, (int64_t)r->graphs,
                     expected < (double)w->graphs ? (int64_t)expected : w->graphs, text);
    if (r->seconds - w->last < 60)
        return;
    w->last = r->seconds;
    if (w->json)
        (void)ns_fuzz_json_write(w->cli, w->json, r, NULL);
}

static ns_code fill(const fuzz_settings *s, ns_arena *arena, ns_fuzz_options *o, ns_error *error)
{
    static const ns_accelerator usual[] = {NS_ACCELERATOR_U55_128, NS_ACCELERATOR_U65_256,
                                           NS_ACCELERATOR_U85_128, NS_ACCELERATOR_U85_1024};
    o->target_count = s->targets.count ? s->targets.count : 4;
    o->vela_count = s->velas.count ? s->velas.count : 1;
    if (o->target_count > NS_FUZZ_VELA_TARGETS || o->vela_count > NS_FUZZ_VELA_RELEASES)
        return ns_fail(error, NS_ERROR_USAGE, "at most %d targets and %d releases", NS_FUZZ_VELA_TARGETS,
                       NS_FUZZ_VELA_RELEASES);
    for (int i = 0; i < o->target_count; i++) {
        o->targets[i] = usual[i % 4];
        if (s->targets.count)
            NS_TRY(ns_accelerator_parse(s->targets.values[i], &o->targets[i], error));
    }
    NS_TRY(ns_row_shard(s->shard, &o->shard, &o->shards, error));
    for (int i = 0; i < o->vela_count && !s->write_only; i++)
        NS_TRY(ns_vela_find(s->velas.count ? s->velas.values[i] : NULL, arena, &o->velas[i], error));
    return NS_OK;
}

static ns_code write_graphs(ns_cli *cli, const fuzz_settings *s, ns_error *error)
{
    if (!s->output)
        return ns_fail(error, NS_ERROR_USAGE, "--write needs -o DIR");
    int shard, shards;
    NS_TRY(ns_row_shard(s->shard, &shard, &shards, error));
    for (int64_t i = s->first; i < s->first + s->graphs; i++) {
        if (shards > 1 && i % shards != shard)
            continue;
        const char *folder = ns_arena_format(cli->arena, "%s/%lld", s->output, (long long)i);
        if (!folder)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
        NS_TRY(ns_fuzz_vela_write((uint64_t)s->seed, (uint64_t)i, folder, error));
    }
    return NS_OK;
}

/* The first operation whose result is wrong, from the debug database of the release that fails. Where Vela
 * dies, or no operation departs, there is none. */
static ns_code find_first_wrong(ns_cli *cli, const ns_fuzz_options *o, ns_fuzz_finding *f, ns_error *error)
{
    const ns_vela_options vela = {.warn = ns_cli_warn};
    const ns_diagnose_compile_options what = {.model = f->file,
                                              .model_size = f->file_size,
                                              .inputs = f->inputs,
                                              .input_count = f->input_count,
                                              .samples = 1,
                                              .vela = &vela};
    ns_diagnose_target target = {0};
    ns_diagnose_compile row = {0};
    for (int i = 0; i < o->vela_count; i++)
        if (strcmp(o->velas[i].version, f->release) == 0)
            target.vela = &o->velas[i];
    NS_TRY(ns_accelerator_parse(f->target, &target.accelerator, error));
    NS_TRY(ns_diagnose_target_run(&what, &target, cli->arena, &row, error));
    if (!row.departs)
        return NS_OK;
    f->first_wrong = ns_fuzz_departure_text(&row.first_wrong, cli->arena);
    return f->first_wrong ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    (void)operands;
    const fuzz_settings *s = settings_;
    watch w = {.cli = cli,
               .json = s->json && strcmp(s->json, "-") != 0 ? s->json : NULL,
               .time_limit = s->time_limit};
    ns_fuzz_options o = {.seed = (uint64_t)s->seed,
                         .first = (uint64_t)s->first,
                         .graphs = (uint64_t)s->graphs,
                         .time_limit = s->time_limit,
                         .steer = s->steer,
                         .folder = s->output,
                         .reduce_seconds = s->reduce_seconds,
                         .reduce_known = (uint64_t)s->reduce_known,
                         .progress = progress,
                         .context = &w};
    if (s->seed < 0 || s->first < 0 || s->reduce_known < 1 || s->graphs < 1)
        return ns_fail(error, NS_ERROR_USAGE,
                       "--seed and --first are 0 or more, --reduce-known and --graphs 1 or more");
    NS_TRY(ns_row_seconds("time-limit", s->time_limit, error));
    NS_TRY(ns_row_seconds("reduce", s->reduce_seconds, error));
    NS_TRY(fill(s, cli->arena, &o, error));
    if (s->write_only)
        return write_graphs(cli, s, error);
    ns_fuzz_result result;
    w.graphs = s->graphs / (o.shards > 1 ? o.shards : 1);
    ns_progress_begin(&w.shown, cli);
    const ns_code code = ns_fuzz_vela(&o, cli->arena, &result, error);
    ns_progress_end(&w.shown);
    NS_TRY(code);
    for (int i = 0; i < result.finding_count; i++)
        if (strcmp(result.findings[i].kind, "crash") != 0)
            NS_TRY(find_first_wrong(cli, &o, &result.findings[i], error));
    print_result(&result, cli->out);
    if (s->output) {
        const char *path = ns_arena_format(cli->arena, "%s/report.md", s->output);
        NS_TRY(ns_folder_make(s->output, error));
        NS_TRY(path ? ns_fuzz_report_write(&result, path, cli->arena, error)
                    : ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name"));
    }
    if (s->json)
        NS_TRY(ns_fuzz_json_write(cli, s->json, &result, error));
    if (s->html)
        NS_TRY(ns_fuzz_page_write(cli, s->html, &result, error));
    return result.failing ? NS_ERROR_MISMATCH : NS_OK;
}

const ns_subcommand ns_subcommand_fuzz_vela = {
    .operands = "",
    .details =
        "Makes random TOSA graphs, compiles each with Vela for several targets, executes the streams and\n"
        "compares them with the graph. What differs, faults or crashes is reduced, unless a known\n"
        "defect explains it, and merged by signature. A graph is a function of npuscope's version,\n"
        "seed and number. Exit code 1 where anything was found.",
    .options = options,
    .settings_size = sizeof(fuzz_settings),
    .preset = preset,
    .run = run,
};
