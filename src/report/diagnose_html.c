#include "report/interface.h"

#include <math.h>

#include "report/internal.h"

enum { PLOT_WIDTH = 480, PLOT_HEIGHT = 180, PLOT_LEFT = 60, PLOT_TOP = 10, PLOT_BOTTOM = 30 };

/* ---- the table's curve ---- */

typedef struct range {
    double low, high;
} range;

static range range_of(const ns_diagnose_curve *curve)
{
    range r = {INFINITY, -INFINITY};
    for (int i = 0; i < curve->count; i++) {
        r.low = fmin(r.low, fmin(curve->straight[i], curve->ideal[i]));
        r.high = fmax(r.high, fmax(curve->straight[i], curve->ideal[i]));
    }
    if (!(r.high > r.low))
        r.high = r.low + 1;
    return r;
}

static void append_line(ns_buffer *buffer, const char *kind, const ns_diagnose_curve *curve,
                        const double *values, range r)
{
    ns_buffer_format(buffer, "<path class=\"%s\" fill=\"none\" d=\"", kind);
    for (int i = 0; i < curve->count; i++)
        ns_buffer_format(buffer, "%c%.1f %.1f", i ? 'L' : 'M',
                         PLOT_LEFT + (double)(PLOT_WIDTH - PLOT_LEFT - 10) * i / (curve->count - 1),
                         PLOT_TOP + PLOT_HEIGHT * (r.high - values[i]) / (r.high - r.low));
    ns_html_append(buffer, "\"/>");
}

static void append_curve(ns_buffer *buffer, const ns_diagnose_curve *curve)
{
    const range r = range_of(curve);
    const int height = PLOT_TOP + PLOT_HEIGHT + PLOT_BOTTOM;
    ns_buffer_format(buffer,
                     "<figure><figcaption>the table <span class=\"key other\"></span> and its function "
                     "<span class=\"key mean\"></span> on the codes that it is given, as often as they are "
                     "met</figcaption>"
                     "<svg class=\"curve\" role=\"img\" aria-label=\"table and function\" viewBox=\"0 0 %d "
                     "%d\" width=\"%d\" height=\"%d\">",
                     PLOT_WIDTH, height, PLOT_WIDTH, height);
    append_line(buffer, "mean", curve, curve->ideal, r);
    append_line(buffer, "other", curve, curve->straight, r);
    ns_buffer_format(buffer,
                     "<text class=\"dim end\" x=\"%d\" y=\"%d\">%.0f</text><text class=\"dim end\" x=\"%d\" "
                     "y=\"%d\">%.0f</text>",
                     PLOT_LEFT - 6, PLOT_TOP + 8, r.high, PLOT_LEFT - 6, PLOT_TOP + PLOT_HEIGHT, r.low);
    ns_buffer_format(
        buffer,
        "<text class=\"dim start\" x=\"%d\" y=\"%d\">%.0f</text><text class=\"dim end\" x=\"%d\" "
        "y=\"%d\">%.0f</text></svg></figure>\n",
        PLOT_LEFT, height - 2, curve->codes[0], PLOT_WIDTH - 10, height - 2, curve->codes[curve->count - 1]);
}

/* ---- the way to float ---- */

static void append_waterfall(ns_buffer *buffer, const ns_diagnose_precision *precision)
{
    char text[32];
    double most = 1;
    for (int i = 0; i < precision->step_count; i++)
        most = isfinite(precision->steps[i].db) ? fmax(most, precision->steps[i].db) : most;
    ns_html_append(buffer, "<h2>From these integers to float</h2><div class=\"steps\">");
    for (int i = 0; i < precision->step_count; i++) {
        const ns_diagnose_step *step = &precision->steps[i];
        const double width = isfinite(step->db) ? 55 * fmax(step->db, 0) / most : 0; /* % of the row */
        ns_html_append(buffer, "<span>");
        ns_html_text(buffer, step->name);
        ns_buffer_format(buffer, "</span><span><i style=\"width:%.1f%%\"></i>%s%s</span>", width,
                         ns_diagnose_decibels(step->db, text), step->estimated ? ", estimated" : "");
    }
    ns_html_append(buffer, "</div>\n");
}

/* ---- findings ---- */

static void append_blame(ns_buffer *buffer, const ns_diagnose_precision *precision, int index)
{
    const ns_diagnose_blame *blame = &precision->blame[index];
    const ns_diagnose_stage *stage = &precision->stages[blame->stage];
    char a[32], b[32], shape[128];
    ns_buffer_format(buffer, "<h2>%d. %s %s ", index + 1, stage->op, stage->function ? stage->function : "");
    ns_html_text(buffer, stage->output);
    ns_buffer_format(buffer, " %s</h2>\n<p class=\"reason fail\">",
                     ns_diagnose_shape(stage, shape, sizeof shape));
    if (isfinite(blame->gain_db))
        ns_buffer_format(buffer, "<b>costs %.1f dB%s</b>", blame->gain_db,
                         ns_diagnose_company(precision, index));
    ns_html_text(buffer, blame->why);
    if (*ns_diagnose_formula(stage, shape, sizeof shape)) {
        ns_html_append(buffer, "</p><p>");
        ns_html_text(buffer, shape);
    }
    if (stage->location && stage->location[0]) {
        ns_html_append(buffer, "</p><p>");
        ns_html_text(buffer, stage->location);
    }
    ns_buffer_format(buffer,
                     "</p><p>local error %.4g steps (%s); this operator ideal: %s against float</p><ul>",
                     stage->local_steps, ns_diagnose_decibels(stage->local_db, a),
                     ns_diagnose_decibels(blame->knocked_out_db, b));
    for (int i = 0; i < blame->mend_count; i++) {
        ns_html_append(buffer, "<li>mend: ");
        ns_html_text(buffer, blame->mends[i].text);
        if (isfinite(blame->mends[i].mended_db))
            ns_buffer_format(buffer, ": %s", ns_diagnose_decibels(blame->mends[i].mended_db, a));
        ns_html_append(buffer, "</li>");
    }
    ns_html_append(buffer, "</ul>\n");
    if (blame->curve)
        append_curve(buffer, blame->curve);
}

/* ---- the stages ---- */

static bool make_node(const ns_diagnose_stage *stage, ns_arena *arena, ns_graph_node *node)
{
    char a[32], shape[128], text[128];
    node->name = ns_arena_format(arena, "%s%s%s", stage->op, stage->function ? " " : "",
                                 stage->function ? stage->function : "");
    node->type = ns_arena_string(arena, ns_diagnose_shape(stage, shape, sizeof shape));
    const char *formula = ns_diagnose_formula(stage, text, sizeof text);
    node->settings =
        ns_arena_format(arena, "%s\nlocal %.4g steps, alone %s%s%s", stage->output, stage->local_steps,
                        ns_diagnose_decibels(stage->alone_db, a), *formula ? "\n" : "", formula);
    node->input_count = stage->source_count;
    node->inputs = stage->sources;
    node->heat = isfinite(stage->share) ? sqrt(stage->share) : 0;
    return node->name && node->type && node->settings;
}

static void append_graph(ns_buffer *buffer, const ns_diagnose_precision *precision)
{
    const int inputs = precision->input_count;
    ns_case_details details = {.node_count = inputs + precision->stage_count};
    details.nodes = NS_ARENA_ARRAY(buffer->arena, (size_t)details.node_count, ns_graph_node);
    bool whole = details.nodes != NULL;
    for (int i = 0; whole && i < inputs; i++)
        details.nodes[i] =
            (ns_graph_node){.name = "input", .settings = precision->input_names[i], .type = ""};
    for (int i = 0; whole && i < precision->stage_count; i++)
        whole = make_node(&precision->stages[i], buffer->arena, &details.nodes[inputs + i]);
    if (!whole) {
        buffer->failed = true;
        return;
    }
    ns_html_append(
        buffer, "<h2>Stages, coloured by their share of the error at the output</h2><div class=\"graph\">");
    ns_html_graph(buffer, &details);
    ns_html_append(buffer, "</div>\n");
}

static void append_precision(ns_buffer *buffer, const ns_diagnose_result *result)
{
    const ns_diagnose_precision *precision = result->precision;
    char headline[NS_DIAGNOSE_HEADLINE];
    char a[32], b[32];
    ns_buffer_format(buffer, "<p class=\"%s\"><b>", ns_diagnose_fails(result) ? "fail" : "pass");
    ns_html_text(buffer, ns_diagnose_headline(result, headline));
    ns_html_append(buffer, "</b>");
    ns_buffer_format(
        buffer, "</p><p>%s against the float model: %s; limit by weights, constants and inputs: %s</p>\n",
        precision->measured ? "measured" : "expected", ns_diagnose_decibels(precision->against_float_db, a),
        ns_diagnose_decibels(precision->limit_db, b));
    for (int i = 0; i < precision->blame_count; i++)
        append_blame(buffer, precision, i);
    if (*ns_diagnose_all_mends(precision, headline))
        ns_buffer_format(buffer, "<p>%s</p>\n", headline);
    for (int i = 0; i < precision->note_count; i++) {
        ns_html_append(buffer, "<p class=\"note\">");
        ns_html_text(buffer, precision->notes[i]);
        ns_html_append(buffer, "</p>");
    }
    append_waterfall(buffer, precision);
    ns_html_append(buffer, "<h2>Error at the outputs, in steps</h2>");
    ns_html_histogram(buffer, precision->output_bins, "elements");
    append_graph(buffer, precision);
}

static void append_compile(ns_buffer *buffer, const ns_diagnose_result *result)
{
    ns_html_append(buffer,
                   "<h2>Compilation</h2><div class=\"scroll\"><table "
                   "class=\"configurations\"><thead><tr><th>accelerator</th>"
                   "<th>memory mode</th><th>Vela</th><th>verdict</th><th>first wrong</th><th>reason</th></tr>"
                   "</thead><tbody>");
    for (int i = 0; i < result->compile_count; i++) {
        const ns_diagnose_compile *row = &result->compile[i];
        ns_buffer_format(buffer, "<tr><td>%s</td><td>%s</td><td>%s</td><td class=\"%s\">%s</td><td>",
                         row->accelerator, row->memory_mode, row->vela, row->is_finding ? "fail" : "pass",
                         row->verdict);
        ns_html_text(buffer, row->departs && row->first_wrong.operation ? row->first_wrong.operation : "");
        ns_html_append(buffer, "</td><td class=\"why\">");
        const char *words = ns_diagnose_compile_words(row, buffer->arena);
        ns_html_text(buffer, words ? words : "");
        ns_html_append(buffer, "</td></tr>");
    }
    ns_html_append(buffer, "</tbody></table></div>\n");
}

static void append_result(ns_buffer *buffer, const ns_diagnose_result *result)
{
    if (result->part) {
        ns_html_append(buffer, "<h2>");
        ns_html_text(buffer, result->part);
        ns_html_append(buffer, "</h2>\n");
    }
    if (result->precision)
        append_precision(buffer, result);
    else if (result->precision_missing) {
        ns_html_append(buffer, "<p class=\"fail\"><b>not judged</b>: ");
        ns_html_text(buffer, result->precision_missing);
        ns_html_append(buffer, "</p>\n");
    }
    if (result->compile_count)
        append_compile(buffer, result);
    for (int i = 0; i < result->part_count; i++)
        append_result(buffer, &result->parts[i]);
}

ns_code ns_report_diagnose_html(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_html_begin(&buffer, "npuscope diagnose");
    ns_html_append(&buffer, "<header><h1>npuscope diagnose: ");
    ns_html_text(&buffer, result->model);
    ns_html_append(&buffer, "</h1></header>\n<main>");
    append_result(&buffer, result);
    ns_html_append(&buffer, "</main>\n");
    ns_html_end(&buffer);
    if (buffer.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the page");
    *out = (ns_bytes){buffer.data, buffer.size};
    return NS_OK;
}
