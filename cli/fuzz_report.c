/* npuscope fuzz-vela: the report for people who mend compilers, one finding after another. */
#include "report/interface.h"
#include "shared.h"

#include <string.h>

#include "base/interface.h"

/* "2 wrong, 3 right": how many of a family's accelerators do what. */
static void counts(ns_buffer *b, const ns_fuzz_cell *c)
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

/* A row for each release, a column for each family. */
static void table(ns_buffer *b, const ns_fuzz_finding *f)
{
    ns_buffer_format(b, "| Vela | Ethos-U55 | Ethos-U65 | Ethos-U85 |\n|---|---|---|---|\n");
    for (int i = 0; i < f->cell_count; i += 3) {
        ns_buffer_format(b, "| %s |", f->cells[i].release);
        for (int k = 0; k < 3; k++) {
            ns_buffer_format(b, " ");
            counts(b, &f->cells[i + k]);
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

ns_code ns_fuzz_report_write(const ns_fuzz_result *r, const char *path, ns_arena *arena, ns_error *error)
{
    ns_buffer b = {.arena = arena};
    ns_buffer_format(&b,
                     "# Findings of fuzz-vela, seed %llu\n\n%llu graphs, %llu streams; %llu graphs failed: "
                     "%d signatures beside %d "
                     "known defects.\n",
                     (unsigned long long)r->seed, (unsigned long long)r->graphs,
                     (unsigned long long)r->streams, (unsigned long long)r->failing, r->finding_count,
                     r->known_count);
    evidence(&b);
    for (int i = 0; i < r->finding_count; i++)
        finding(&b, r, &r->findings[i], i);
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
