/* HTML: one page that needs nothing else: counts, a table by operator and target, a filter, and for each case
 * its stages, worst elements and a plot of their errors. page.css and page.js travel inside the program. */
#include <math.h>

#include "report/escape.h"
#include "report/report.h"

static const char style[] = {
#include "page_css.inc"
    0};
static const char script[] = {
#include "page_js.inc"
    0};

static void append(ns_buffer *buffer, const char *text)
{
    ns_buffer_append(buffer, text, strlen(text));
}

static void append_number(ns_buffer *buffer, double value, const char *format)
{
    char text[64];
    if (isfinite(value))
        snprintf(text, sizeof text, format, value);
    else
        snprintf(text, sizeof text, "%s", isnan(value) ? "-" : value > 0 ? "inf" : "-inf");
    append(buffer, text);
}

static void append_verdict(ns_buffer *buffer, ns_verdict verdict)
{
    ns_buffer_format(buffer, "<b class=\"%s\">%s</b>", ns_verdict_text(verdict), ns_verdict_text(verdict));
}

/* Options of a filter: each target that occurs, once. */
static void append_targets(ns_buffer *buffer, const ns_suite_result *result)
{
    append(buffer, "<select id=\"target\" aria-label=\"target\"><option value=\"\">all targets</option>");
    for (int i = 0; i < result->case_count; i++) {
        bool known = false;
        for (int k = 0; k < i; k++)
            known = known || strcmp(result->cases[k].target, result->cases[i].target) == 0;
        if (known)
            continue;
        append(buffer, "<option>");
        ns_report_escape(buffer, result->cases[i].target);
        append(buffer, "</option>");
    }
    append(buffer, "</select>");
}

static void append_form(ns_buffer *buffer, const ns_suite_result *result)
{
    append(buffer, "<form><input id=\"words\" type=\"search\" placeholder=\"filter: operator, case, reason\" "
                   "aria-label=\"filter\"><select id=\"verdict\" aria-label=\"verdict\">"
                   "<option value=\"\">all verdicts</option>");
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        ns_buffer_format(buffer, "<option>%s</option>", ns_verdict_text((ns_verdict)v));
    append(buffer, "</select>");
    append_targets(buffer, result);
    append(buffer, "<output id=\"count\"></output></form>\n");
}

/* One bar for each stage: its largest error in steps, on a logarithmic scale from 0.1 steps on; a thin line
 * inside marks the mean. */
static void append_plot(ns_buffer *buffer, const ns_case_result *one)
{
    enum { WIDTH = 560, LEFT = 84, ROW = 22 };
    double top = 10;
    int rows = 0;
    for (int s = 0; s < one->stage_count; s++) {
        rows += one->stages[s].measured && one->stages[s].stage != NS_STAGE_IDEAL;
        if (one->stages[s].measured && isfinite(one->stages[s].max_steps))
            top = fmax(top, one->stages[s].max_steps);
    }
    if (!rows)
        return;
    const double decades = ceil(log10(top)) + 1, unit = (WIDTH - LEFT - 10) / decades;
    ns_buffer_format(buffer,
                     "<svg role=\"img\" aria-label=\"error by stage in steps\" width=\"%d\" height=\"%d\" "
                     "viewBox=\"0 0 %d %d\">",
                     WIDTH, rows * ROW + 24, WIDTH, rows * ROW + 24);
    for (int d = 0; d <= (int)decades; d++)
        ns_buffer_format(buffer,
                         "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"/><text x=\"%.1f\" y=\"%d\" "
                         "text-anchor=\"middle\">%g</text>",
                         LEFT + d * unit, LEFT + d * unit, rows * ROW, LEFT + d * unit, rows * ROW + 16,
                         pow(10, d - 1));
    int row = 0;
    for (int s = 0; s < one->stage_count; s++) {
        const ns_stage_result *stage = &one->stages[s];
        if (!stage->measured || stage->stage == NS_STAGE_IDEAL)
            continue;
        const double steps = isfinite(stage->max_steps) ? stage->max_steps : top;
        const double length = steps > 0.1 ? (log10(steps) + 1) * unit : 1;
        const double mean = stage->mean_steps > 0.1 ? (log10(stage->mean_steps) + 1) * unit : 1;
        ns_buffer_format(
            buffer,
            "<text x=\"0\" y=\"%d\">%s</text><rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"14\"/>"
            "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>",
            row * ROW + 15, ns_stage_text(stage->stage), LEFT, row * ROW + 4, length, LEFT + mean,
            LEFT + mean, row * ROW + 4, row * ROW + 18);
        row++;
    }
    append(buffer,
           "</svg><p>largest error in steps of the output's scale; the line in a bar is the mean</p>");
}

static void append_stages(ns_buffer *buffer, const ns_case_result *one)
{
    append(buffer,
           "<div class=\"scroll\"><table><tr><th>stage<th>verdict<th>max steps<th>mean steps<th>max error"
           "<th>SQNR dB<th>worst element<th>ideal<th>got</tr>");
    for (int s = 0; s < one->stage_count; s++) {
        const ns_stage_result *stage = &one->stages[s];
        ns_buffer_format(buffer, "<tr><td>%s<td>", ns_stage_text(stage->stage));
        append_verdict(buffer, stage->verdict);
        if (stage->measured && stage->stage != NS_STAGE_IDEAL) {
            char index[128];
            const double values[] = {stage->max_steps, stage->mean_steps, stage->max_abs_error,
                                     stage->sqnr_db};
            for (int k = 0; k < 4; k++) {
                append(buffer, "<td>");
                append_number(buffer, values[k], "%.4g");
            }
            ns_buffer_format(buffer, "<td>%s<td>",
                             ns_report_index(&one->output, stage->worst_element, index, sizeof index));
            append_number(buffer, stage->worst_ideal, "%.9g");
            append(buffer, "<td>");
            append_number(buffer, stage->worst_got, "%.9g");
        }
        append(buffer, "</tr>");
    }
    append(buffer, "</table></div>");
}

static void append_case(ns_buffer *buffer, const ns_case_result *one)
{
    ns_buffer_format(buffer, "<details data-verdict=\"%s\" data-target=\"", ns_verdict_text(one->verdict));
    ns_report_escape(buffer, one->target);
    append(buffer, "\" data-text=\"");
    ns_report_escape(buffer, one->op);
    append(buffer, " ");
    ns_report_escape(buffer, one->name);
    append(buffer, " ");
    ns_report_escape(buffer, one->accelerator);
    append(buffer, " ");
    ns_report_escape(buffer, one->reason ? one->reason : "");
    append(buffer, "\"><summary><b>");
    ns_report_escape(buffer, one->op);
    append(buffer, "</b><span class=\"name\">");
    ns_report_escape(buffer, one->name);
    append(buffer, "</span><span>");
    ns_report_escape(buffer, one->target);
    append(buffer, "</span>");
    append_verdict(buffer, one->verdict);
    append(buffer, "</summary><div class=\"body\">");
    if (one->reason) {
        ns_buffer_format(buffer, "<p>%s%s ", one->verdict == NS_VERDICT_FAIL ? "at fault: " : "",
                         one->verdict == NS_VERDICT_FAIL ? ns_stage_blame(one->at_fault) : "");
        ns_report_escape(buffer, one->reason);
        append(buffer, "</p>");
    }
    char shape[128];
    ns_buffer_format(buffer, "<p>%s, scale %.9g, ", ns_tensor_describe(&one->output, shape, sizeof shape),
                     one->scale);
    ns_report_escape(buffer, one->accelerator);
    ns_buffer_format(buffer, ", qtol %g, atol %g, rtol %g, seed %llu</p>", one->settings.qtol,
                     one->settings.atol, one->settings.rtol, (unsigned long long)one->seed);
    append_stages(buffer, one);
    append_plot(buffer, one);
    append(buffer, "</div></details>\n");
}

ns_code ns_report_html(const ns_suite_result *result, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    append(&buffer, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                    "<title>npuscope suite</title>\n<style>\n");
    append(&buffer, style);
    ns_buffer_format(&buffer,
                     "</style></head>\n<body><h1>npuscope suite</h1><p>catalogue %s, seed %llu, %d cases:",
                     result->catalogue, (unsigned long long)result->seed, result->case_count);
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        ns_buffer_format(&buffer, "%s <b class=\"%s\">%d %s</b>", v ? "," : "",
                         ns_verdict_text((ns_verdict)v), result->counts[v],
                         ns_verdict_summary((ns_verdict)v));
    if (result->vela) {
        append(&buffer, "; Vela ");
        ns_report_escape(&buffer, result->vela);
    }
    append(&buffer, "</p>");
    if (result->vela_missing) {
        append(&buffer, "<p class=\"fail\">the NPU did not run: ");
        ns_report_escape(&buffer, result->vela_missing);
        append(&buffer, "</p>");
    }
    append_form(&buffer, result);
    for (int i = 0; i < result->case_count; i++)
        append_case(&buffer, &result->cases[i]);
    append(&buffer, "<script>\n");
    append(&buffer, script);
    append(&buffer, "</script></body></html>\n");
    if (buffer.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the HTML report");
    *out = (ns_bytes){buffer.data, buffer.size};
    return NS_OK;
}
