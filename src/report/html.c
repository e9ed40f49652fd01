/* HTML: one page that needs nothing else: counts, a table by operator and target, a filter, and a row for
 * each case that opens into its details (html_case.c). page.css and page.js travel inside the program. */
#include <math.h>

#include "npuscope/version.h"
#include "report/internal.h"

static const char style[] = {
#include "page_css.inc"
    0};
static const char script[] = {
#include "page_js.inc"
    0};

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
            if (!stage->measured || stage->stage == NS_STAGE_IDEAL || one->scale <= 0)
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
    ns_html_append(buffer, "<header><h1>npuscope suite</h1><p>catalogue ");
    ns_html_text(buffer, result->catalogue);
    ns_buffer_format(buffer, ", seed %llu, ", (unsigned long long)result->seed);
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
    ns_html_append(buffer, "</select><button type=\"reset\">clear</button>"
                           "<output id=\"count\" aria-live=\"polite\"></output></form>\n");
}

ns_code ns_report_html(const ns_suite_result *result, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_html_append(&buffer, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                            "<meta name=\"color-scheme\" content=\"light dark\">"
                            "<link rel=\"icon\" href=\"data:,\"><title>npuscope suite</title>\n<style>\n");
    ns_html_append(&buffer, style);
    ns_html_append(&buffer, "</style></head>\n<body>");
    append_head(&buffer, result);
    append_summary(&buffer, result);
    append_form(&buffer, result);
    ns_html_append(&buffer,
                   "<main><div class=\"row head\" aria-hidden=\"true\"><span>verdict</span>"
                   "<span>operator, case</span><span>target</span><span class=\"n\">quantised</span>"
                   "<span class=\"n\">eval</span><span class=\"n\">mean</span><span class=\"n\">dB</span>"
                   "<span class=\"n\">npu</span></div>\n");
    for (int i = 0; i < result->case_count; i++)
        ns_html_case(&buffer, result, i);
    ns_html_append(&buffer,
                   "<p id=\"none\" hidden>no row fits the filter</p></main>\n"
                   "<p class=\"note\">quantised and eval: largest error against exact reals, in steps "
                   "of the output's scale; mean and dB: mean error and SQNR of eval; npu: against eval, "
                   "element by element</p>\n<script>\n");
    ns_html_append(&buffer, script);
    ns_html_append(&buffer, "</script></body></html>\n");
    if (buffer.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the HTML report");
    *out = (ns_bytes){buffer.data, buffer.size};
    return NS_OK;
}
