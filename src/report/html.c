/* HTML: one page that needs nothing else: counts, a table by operator and target, a filter, and a row for
 * each case that opens into its details (html_case.c). page.css and page.js travel inside the program. */
#include <math.h>

#include "npuscope/version.h"
#include "report/internal.h"

/* ---- by operator and target ---- */

typedef const char *(*case_key)(const ns_case_result *one);

static const char *key_op(const ns_case_result *one)
{
    return one->op;
}

static const char *key_target(const ns_case_result *one)
{
    return one->target;
}

/* The next row from `from` on whose key no earlier row has; case_count at the end. */
static int next_new(const ns_suite_result *result, case_key key, int from)
{
    for (int i = from; i < result->case_count; i++) {
        int k = 0;
        while (k < i && strcmp(key(&result->cases[k]), key(&result->cases[i])) != 0)
            k++;
        if (k == i)
            return i;
    }
    return result->case_count;
}

static void append_select(ns_buffer *buffer, const ns_suite_result *result, const char *name,
                          const char *plural, case_key key)
{
    ns_buffer_format(buffer, "<select id=\"%s\" aria-label=\"%s\"><option value=\"\">all %s</option>", name,
                     plural, plural);
    for (int i = next_new(result, key, 0); i < result->case_count; i = next_new(result, key, i + 1)) {
        ns_html_append(buffer, "<option>");
        ns_html_text(buffer, key(&result->cases[i]));
        ns_html_append(buffer, "</option>");
    }
    ns_html_append(buffer, "</select>");
}

/* Counts by verdict and the largest error against ideal of one operator on one target. */
static void append_cell(ns_buffer *buffer, const ns_suite_result *result, const char *op, const char *target)
{
    int counts[NS_VERDICT_COUNT] = {0}, total = 0;
    double worst = 0;
    bool measured = false;
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *one = &result->cases[i];
        if (strcmp(one->op, op) != 0 || strcmp(one->target, target) != 0)
            continue;
        counts[one->verdict]++;
        total++;
        for (int s = 0; s < one->stage_count; s++) {
            const ns_stage_result *stage = &one->stages[s];
            if (!stage->measured || stage->stage == NS_STAGE_IDEAL || !(one->scale > 0))
                continue;
            worst = fmax(worst, stage->max_steps);
            measured = true;
        }
    }
    ns_html_append(buffer, "<td>");
    if (!total) {
        ns_html_append(buffer, "</td>");
        return;
    }
    ns_html_append(buffer, "<button type=\"button\" data-op=\"");
    ns_html_text(buffer, op);
    ns_html_append(buffer, "\" data-target=\"");
    ns_html_text(buffer, target);
    ns_html_append(buffer, "\">");
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        if (counts[v])
            ns_buffer_format(buffer, "<b class=\"%s\" title=\"%s\">%s %d</b> ",
                             ns_verdict_text((ns_verdict)v), ns_verdict_counted((ns_verdict)v),
                             ns_html_symbol((ns_verdict)v), counts[v]);
    ns_html_append(buffer, "</button><small>");
    if (measured)
        ns_html_number(buffer, worst, "%.4g");
    ns_html_append(buffer, "</small></td>");
}

/* Each reason once, with the number of its rows. */
static void append_rejections(ns_buffer *buffer, const ns_suite_result *result)
{
    enum { SHOWN = 6 };
    int listed = 0;
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *one = &result->cases[i];
        const int count = ns_report_rejected(result, i);
        if (!count || listed++ >= SHOWN)
            continue;
        ns_buffer_format(buffer, "<li><b class=\"rejected\">%s %d rejected</b> ",
                         ns_html_symbol(NS_VERDICT_REJECTED), count);
        ns_html_text(buffer, one->reason);
        ns_html_append(buffer, "</li>");
    }
    if (listed > SHOWN)
        ns_buffer_format(buffer, "<li>and %d more reasons</li>", listed - SHOWN);
}

/* Failed rows with links, and the reasons for which rows were kept off a target. */
static void append_findings(ns_buffer *buffer, const ns_suite_result *result)
{
    enum { SHOWN = 12 };
    int listed = 0;
    ns_html_append(buffer, "<div class=\"findings\">");
    if (result->counts[NS_VERDICT_FAIL] == 0)
        ns_html_append(buffer, "<p>no row failed</p>");
    ns_html_append(buffer, "<ul>");
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *one = &result->cases[i];
        char anchor[256];
        if (one->verdict != NS_VERDICT_FAIL || listed++ >= SHOWN)
            continue;
        ns_html_append(buffer, "<li><a href=\"#");
        ns_html_text(buffer, ns_html_anchor(result, i, anchor, sizeof anchor));
        ns_buffer_format(buffer, "\"><b class=\"fail\">%s at fault: %s</b> ", ns_html_symbol(one->verdict),
                         ns_stage_blame(one->at_fault));
        ns_html_text(buffer, one->op);
        ns_html_append(buffer, " ");
        ns_html_text(buffer, one->name);
        ns_html_append(buffer, " on ");
        ns_html_text(buffer, one->target);
        ns_html_append(buffer, "</a></li>");
    }
    if (listed > SHOWN)
        ns_buffer_format(buffer, "<li>and %d more</li>", listed - SHOWN);
    append_rejections(buffer, result);
    ns_html_append(buffer, "</ul></div>");
}

static void append_summary(ns_buffer *buffer, const ns_suite_result *result)
{
    ns_html_append(buffer, "<section aria-label=\"summary\"><div class=\"overview\"><div "
                           "class=\"scroll\"><table class=\"summary\">"
                           "<thead><tr><th scope=\"col\">operator</th>");
    for (int t = next_new(result, key_target, 0); t < result->case_count;
         t = next_new(result, key_target, t + 1)) {
        ns_html_append(buffer, "<th scope=\"col\">");
        ns_html_text(buffer, result->cases[t].target);
        ns_html_append(buffer, "</th>");
    }
    ns_html_append(buffer, "</tr></thead><tbody>\n");
    for (int o = next_new(result, key_op, 0); o < result->case_count; o = next_new(result, key_op, o + 1)) {
        ns_html_append(buffer, "<tr><th scope=\"row\">");
        ns_html_text(buffer, result->cases[o].op);
        ns_html_append(buffer, "</th>");
        for (int t = next_new(result, key_target, 0); t < result->case_count;
             t = next_new(result, key_target, t + 1))
            append_cell(buffer, result, result->cases[o].op, result->cases[t].target);
        ns_html_append(buffer, "</tr>\n");
    }
    ns_html_append(buffer, "</tbody></table></div>");
    append_findings(buffer, result);
    ns_html_append(buffer, "</div><p class=\"note\">");
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        ns_buffer_format(buffer, "<b class=\"%s\">%s</b> %s, ", ns_verdict_text((ns_verdict)v),
                         ns_html_symbol((ns_verdict)v), ns_verdict_counted((ns_verdict)v));
    ns_html_append(buffer,
                   "and the largest error of any stage in steps of the output's scale</p></section>\n");
}

/* ---- the page ---- */

static void append_head(ns_buffer *buffer, const ns_suite_result *result)
{
    ns_html_append(buffer, "<header><h1>npuscope suite</h1><p>");
    if (*result->catalogue)
        ns_buffer_format(buffer, "catalogue %s, seed %llu, ", result->catalogue,
                         (unsigned long long)result->seed);
    else
        ns_html_append(buffer, "own cases, ");
    if (result->vela) {
        ns_html_append(buffer, "Vela ");
        ns_html_text(buffer, result->vela);
        ns_html_append(buffer, ", ");
    }
    ns_buffer_format(buffer, "npuscope %s</p><p class=\"counts\">", NS_VERSION_TEXT);
    ns_buffer_format(buffer, "<span>%d %s</span>", result->case_count,
                     result->case_count == 1 ? "row" : "rows");
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        if (ns_report_counts(result, (ns_verdict)v))
            ns_buffer_format(buffer, "<b class=\"%s%s\">%s %d %s</b>", ns_verdict_text((ns_verdict)v),
                             result->counts[v] ? "" : " none", ns_html_symbol((ns_verdict)v),
                             result->counts[v], ns_verdict_counted((ns_verdict)v));
    ns_html_append(buffer, "</p>");
    if (result->vela_missing) {
        ns_html_append(buffer, "<p class=\"reason fail\">the NPU did not run: ");
        ns_html_text(buffer, result->vela_missing);
        ns_html_append(buffer, "</p>");
    }
    ns_html_append(buffer, "</header>\n");
}

static void append_form(ns_buffer *buffer, const ns_suite_result *result)
{
    ns_html_append(buffer,
                   "<form role=\"search\"><input id=\"words\" type=\"search\" placeholder=\"filter by "
                   "words\" aria-label=\"words in operator, case, accelerator or reason\">");
    append_select(buffer, result, "op", "operators", key_op);
    append_select(buffer, result, "target", "targets", key_target);
    ns_html_append(buffer, "<select id=\"verdict\" aria-label=\"verdict\"><option value=\"\">all "
                           "verdicts</option>");
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        ns_buffer_format(buffer, "<option value=\"%s\">%s %s</option>", ns_verdict_text((ns_verdict)v),
                         ns_html_symbol((ns_verdict)v), ns_verdict_counted((ns_verdict)v));
    ns_html_append(buffer, "</select><button type=\"button\" id=\"worst\">worst first</button>"
                           "<button type=\"reset\">clear</button>"
                           "<output id=\"count\" aria-live=\"polite\"></output></form>\n");
}

/* A bound on a column of numbers. */
static void append_bound(ns_buffer *buffer, const char *column, const char *words, const char *sign)
{
    ns_buffer_format(
        buffer, "<label>%s<input type=\"number\" step=\"any\" data-column=\"%s\" data-sign=\"%s\"></label>",
        words, column, sign);
}

static void append_bounds(ns_buffer *buffer)
{
    ns_html_append(buffer, "<details class=\"filters\"><summary>filter by numbers</summary><div>");
    append_bound(buffer, "quantised", "quantised, steps, at least ", "more");
    append_bound(buffer, "eval", "eval, steps, at least ", "more");
    append_bound(buffer, "mean", "mean, steps, at least ", "more");
    append_bound(buffer, "dB", "SQNR, dB, at most ", "less");
    ns_html_append(buffer,
                   "<label>npu <select id=\"npu\"><option value=\"\">any</option><option>exact</option>"
                   "<option>differs</option><option value=\"-\">not run</option></select></label>"
                   "</div></details>");
}

/* Two runs side by side: the rows of both. */
static void append_baseline(ns_buffer *buffer, const ns_suite_baseline *baseline)
{
    static const ns_page_column columns[] = {{"operator", NS_PAGE_TEXT},
                                             {"case", NS_PAGE_TEXT},
                                             {"target", NS_PAGE_TEXT},
                                             {"change", NS_PAGE_TEXT},
                                             {"verdict before", NS_PAGE_TEXT},
                                             {"verdict now", NS_PAGE_TEXT},
                                             {"SQNR before, dB", NS_PAGE_NUMBER},
                                             {"SQNR now, dB", NS_PAGE_NUMBER},
                                             {"eval before, steps", NS_PAGE_NUMBER},
                                             {"eval now, steps", NS_PAGE_NUMBER}};
    static const ns_page_tone tones[NS_CHANGE_COUNT] = {[NS_CHANGE_WORSE] = NS_PAGE_BAD,
                                                        [NS_CHANGE_BETTER] = NS_PAGE_GOOD,
                                                        [NS_CHANGE_NEW] = NS_PAGE_DOUBT,
                                                        [NS_CHANGE_GONE] = NS_PAGE_DOUBT};
    ns_page page = {.buffer = buffer};
    const char *caption = ns_arena_format(buffer->arena, "this run beside %s", baseline->file);
    ns_page_table(&page, caption ? caption : "two runs", sizeof columns / sizeof columns[0], columns);
    for (int i = 0; i < baseline->all_count; i++) {
        const ns_row_change *row = &baseline->all[i];
        const bool is_new = row->change == NS_CHANGE_NEW, gone = row->change == NS_CHANGE_GONE;
        ns_page_text(&page, row->op);
        ns_page_text(&page, row->name);
        ns_page_text(&page, row->target);
        ns_page_word(&page, ns_change_text(row->change), tones[row->change]);
        ns_page_text(&page, is_new ? "-" : ns_verdict_words(row->before.verdict));
        ns_page_text(&page, gone ? "-" : ns_verdict_words(row->after.verdict));
        ns_page_number(&page, is_new ? NAN : row->before.sqnr_db, "%.1f");
        ns_page_number(&page, gone ? NAN : row->after.sqnr_db, "%.1f");
        ns_page_heat(&page, is_new ? NAN : row->before.max_steps, "%.2f", row->before.max_steps);
        ns_page_heat(&page, gone ? NAN : row->after.max_steps, "%.2f", row->after.max_steps);
    }
    ns_page_table_end(&page);
}

ns_code ns_report_html(const ns_suite_result *result, ns_buffer *buffer, ns_error *error)
{
    static const char *const heads[] = {"verdict", "operator, case", "target", "quantised",
                                        "eval",    "mean",           "dB",     "npu"};
    ns_html_begin(buffer, "npuscope suite");
    append_head(buffer, result);
    append_summary(buffer, result);
    append_form(buffer, result);
    ns_html_append(buffer, "<main>");
    append_bounds(buffer);
    ns_html_append(buffer, "<div class=\"row head\" role=\"group\" aria-label=\"sort by\">");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        ns_buffer_format(buffer, "<button type=\"button\" aria-pressed=\"false\"%s>%s</button>",
                         i > 2 ? " class=\"n\"" : "", heads[i]);
    ns_html_append(buffer, "</div>\n<div id=\"cases\">\n");
    for (int i = 0; i < result->case_count; i++)
        ns_html_case(buffer, result, i);
    ns_html_append(buffer, "</div><p id=\"none\" hidden>no row fits the filter</p>");
    if (result->baseline)
        append_baseline(buffer, result->baseline);
    ns_html_append(buffer,
                   "<p class=\"note\">quantised and eval: largest error against exact reals, in steps "
                   "of the output's scale; mean and dB: mean error and SQNR of eval; npu: against eval, "
                   "element by element</p></main>\n");
    ns_html_end(buffer);
    return ns_buffer_finish(buffer, "the HTML report", error);
}
