/* npuscope fuzz-vela: the report for people who mend compilers, one finding after another. */
#include "report/interface.h"
#include "shared.h"

#include <string.h>

#include "base/interface.h"

void ns_fuzz_cell_text(const ns_fuzz_cell *c, ns_buffer *b)
{
    const struct {
        int count;
        const char *word;
    } rows[] = {{c->wrong, "wrong"}, {c->undefined, "undefined"}, {c->hazard, "hazard"},
                {c->crash, "crash"}, {c->right, "right"},         {c->refused, "refused"}};
    bool first = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].count) {
            ns_buffer_format(b, "%s%d %s", first ? "" : ", ", rows[i].count, rows[i].word);
            first = false;
        }
}

/* Where the stream departs: at a command, at an operation that the debug database alone names, or nowhere. */
static const char *departure_place(const ns_diagnose_departure *first, ns_arena *arena)
{
    const char *operation = first->operation;
    if (first->command >= 0)
        return ns_arena_format(arena, "command %d, %s", first->command,
                               operation ? operation : "an operation that is not known");
    return operation ? operation
                     : ns_arena_format(arena, "no operation writes all of %s",
                                       first->output ? first->output : "the result");
}

const char *ns_fuzz_departure_text(const ns_diagnose_departure *first, ns_arena *arena)
{
    const char *at = departure_place(first, arena), *of = "", *wrong = "";
    if (first->operator_index >= 0)
        of = ns_arena_format(arena, ", of operator %d (%s)", first->operator_index,
                             first->op ? first->op : "not known");
    if (first->compared)
        wrong = ns_arena_format(arena, ": %zu of %zu elements wrong", first->wrong, first->compared);
    return at && of && wrong ? ns_arena_format(arena, "%s%s%s", at, of, wrong) : NULL;
}

/* A row for each release, a column for each family. */
static void table(ns_buffer *b, const ns_fuzz_finding *f)
{
    ns_buffer_format(b, "| Vela | Ethos-U55 | Ethos-U65 | Ethos-U85 |\n|---|---|---|---|\n");
    for (int i = 0; i < f->cell_count; i += 3) {
        ns_buffer_format(b, "| %s |", f->cells[i].release);
        for (int k = 0; k < 3; k++) {
            ns_buffer_format(b, " ");
            ns_fuzz_cell_text(&f->cells[i + k], b);
            ns_buffer_format(b, " |");
        }
        ns_buffer_format(b, "\n");
    }
}

static void finding(ns_buffer *b, const ns_fuzz_result *r, const ns_fuzz_finding *f, int number)
{
    ns_buffer_format(b, "\n## %d: %s (%s)\n\n", number, f->operation, f->kind);
    ns_buffer_format(b,
                     "First in graph %llu of seed %llu, in %llu graphs; reduced to %d operator%s in %d "
                     "trials (%.1f s), with Vela %s for %s.\n\n",
                     (unsigned long long)f->first_seen, (unsigned long long)r->seed,
                     (unsigned long long)f->count, f->operators, f->operators == 1 ? "" : "s", f->trials,
                     f->seconds, f->release, f->target);
    if (*f->message)
        ns_buffer_format(b, "What the simulator or Vela said: %s\n\n", f->message);
    if (f->wrong)
        ns_buffer_format(b, "Wrong: %zu of %zu elements of all outputs, by %lld at most.\n\n", f->wrong,
                         f->elements, (long long)f->largest);
    table(b, f);
    ns_buffer_format(b, "\nAvoided by: %s.\n", *f->avoided_by ? f->avoided_by : "no option that was tried");
    if (f->first_wrong)
        ns_buffer_format(b, "First wrong NPU operation: %s.\n", f->first_wrong);
    if (f->difference)
        ns_buffer_format(b, "Evidence: the stream for %s is right with %s; the two part at %s.\n", f->target,
                         f->variant, f->difference);
    if (f->graph)
        ns_buffer_format(
            b,
            "Files: `%s` with `in<k>.npy` and the right `out<k>.npy` beside it; in `ordinary/` the same "
            "with the dims that the search had.\n",
            f->graph);
}

/* What speaks for the compiler being at fault, in the order of weight. */
static void evidence(ns_buffer *b)
{
    ns_buffer_format(b, "\nWhy it is not the simulator: where a finding is right with another release or for "
                        "another target, the "
                        "same simulator gave the right numbers for the same graph. The graph's own result is "
                        "npuscope's evaluator's, "
                        "which equals `tosa_reference_model`; compare with `npuscope run graph.tosa`. "
                        "Findings of kind hazard are "
                        "orders that no wait makes, with right numbers.\n");
}

/* What lint says of each row that a failing graph met, and how to come by that graph. */
static void known_rows(ns_buffer *b, const ns_fuzz_result *r, int count)
{
    if (count)
        ns_buffer_format(
            b,
            "\n## Known defects\n\nThe first graph of each, with its inputs: `npuscope fuzz-vela --write "
            "--seed %llu --first N --graphs 1 -o DIR`; `npuscope reduce` makes it small.\n\n"
            "| defect | graphs | first graph N | what | way round | cause in Vela's sources |\n"
            "|---|---|---|---|---|---|\n",
            (unsigned long long)r->seed);
    for (int i = 0; i < r->known_count; i++) {
        const ns_fuzz_known *k = &r->known[i];
        const ns_defect_info *info = ns_defect_get_info(k->defect);
        if (k->graphs)
            ns_buffer_format(b, "| %s | %llu | %llu | %s | %s | %s |\n", info->id,
                             (unsigned long long)k->graphs, (unsigned long long)k->first_seen, info->what,
                             info->avoid, info->cause);
    }
}

ns_code ns_fuzz_report_write(const ns_fuzz_result *r, const char *path, ns_arena *arena, ns_error *error)
{
    ns_buffer b = {.arena = arena};
    int known = 0;
    for (int i = 0; i < r->known_count; i++)
        known += r->known[i].graphs > 0;
    ns_buffer_format(&b,
                     "# Findings of fuzz-vela, seed %llu\n\n%llu graphs, %llu streams; %llu graphs failed: "
                     "%d signatures beside %d "
                     "known defects.\n",
                     (unsigned long long)r->seed, (unsigned long long)r->graphs,
                     (unsigned long long)r->streams, (unsigned long long)r->failing, r->finding_count, known);
    evidence(&b);
    for (int i = 0; i < r->finding_count; i++)
        finding(&b, r, &r->findings[i], i);
    known_rows(&b, r, known);
    if (b.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", path);
    return ns_file_write(path, (ns_bytes){b.data, b.size}, error);
}

static ns_page_tone tone_of(const ns_fuzz_finding *f)
{
    return f->known_defect ? NS_PAGE_DOUBT : NS_PAGE_BAD;
}

ns_code ns_fuzz_page_write(ns_cli *cli, const char *path, const ns_fuzz_result *r, ns_error *error)
{
    static const ns_page_column columns[] = {
        {"kind", NS_PAGE_TEXT},        {"operation", NS_PAGE_TEXT},    {"target", NS_PAGE_TEXT},
        {"Vela", NS_PAGE_TEXT},        {"graphs", NS_PAGE_NUMBER},     {"first graph", NS_PAGE_NUMBER},
        {"message", NS_PAGE_TEXT},     {"known defect", NS_PAGE_TEXT}, {"avoided by", NS_PAGE_TEXT},
        {"first wrong", NS_PAGE_TEXT}, {"right with", NS_PAGE_TEXT},   {"they part at", NS_PAGE_TEXT},
        {"reduced", NS_PAGE_TEXT}};
    static const ns_page_column known[] = {{"known defect", NS_PAGE_TEXT},
                                           {"graphs", NS_PAGE_NUMBER},
                                           {"streams right", NS_PAGE_NUMBER},
                                           {"first graph", NS_PAGE_NUMBER},
                                           {"what", NS_PAGE_TEXT}};
    ns_bytes bytes;
    const char *what = ns_arena_format(
        cli->arena, "seed %llu, %llu graphs, %llu streams, %llu refused, %llu graphs failed",
        (unsigned long long)r->seed, (unsigned long long)r->graphs, (unsigned long long)r->streams,
        (unsigned long long)r->refused, (unsigned long long)r->failing);
    ns_page *page = what ? ns_page_begin(cli->arena, "npuscope fuzz-vela", what) : NULL;
    if (!page)
        return ns_page_finish(NULL, "the HTML page", &bytes, error);
    ns_page_table(page, "signatures", sizeof columns / sizeof columns[0], columns);
    for (int i = 0; i < r->finding_count; i++) {
        const ns_fuzz_finding *f = &r->findings[i];
        ns_page_word(page, f->kind, tone_of(f));
        ns_page_text(page, f->operation);
        ns_page_text(page, f->target);
        ns_page_text(page, f->release);
        ns_page_number(page, (double)f->count, "%.0f");
        ns_page_number(page, (double)f->first_seen, "%.0f");
        ns_page_text(page, f->message);
        ns_page_text(page, f->known_defect ? f->known_defect : "");
        ns_page_text(page, f->avoided_by);
        ns_page_text(page, f->first_wrong ? f->first_wrong : "");
        ns_page_text(page, f->variant ? f->variant : "");
        ns_page_text(page, f->difference ? f->difference : "");
        ns_page_text(page, f->graph ? f->graph : "");
    }
    ns_page_table_end(page);
    ns_page_table(page, "known defects that were met", sizeof known / sizeof known[0], known);
    for (int i = 0; i < r->known_count; i++) {
        const ns_defect_info *info = ns_defect_get_info(r->known[i].defect);
        ns_page_text(page, info->id);
        ns_page_number(page, (double)r->known[i].graphs, "%.0f");
        ns_page_number(page, (double)r->known[i].right, "%.0f");
        ns_page_number(page, (double)r->known[i].first_seen, "%.0f");
        ns_page_text(page, info->what);
    }
    ns_page_table_end(page);
    NS_TRY(ns_page_finish(page, "the HTML page", &bytes, error));
    return ns_cli_write(cli, path, bytes, error);
}
