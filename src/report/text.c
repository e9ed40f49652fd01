#include "report/internal.h"

#include <math.h>
#include <string.h>

/* True when a case before `index` was rejected for the same operator, target and reason. */
static bool told_before(const ns_suite_result *result, const ns_case_result *this, int index)
{
    for (int i = 0; i < index; i++) {
        const ns_case_result *other = ns_suite_finding(result, i);
        if (other && other->verdict == NS_VERDICT_REJECTED && strcmp(other->op, this->op) == 0 &&
            strcmp(other->target, this->target) == 0 && strcmp(other->reason, this->reason) == 0)
            return true;
    }
    return false;
}

static void print_rejections(const ns_text_report *report)
{
    char text[NS_MESSAGE_SIZE + 256];
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = ns_suite_finding(report->result, i);
        if (!result || result->verdict != NS_VERDICT_REJECTED || told_before(report->result, result, i))
            continue;
        fprintf(report->out, "\n%srejected%s %s on %s\n", ns_text_colour(report, NS_VERDICT_REJECTED),
                ns_text_plain(report), result->op, result->target);
        snprintf(text, sizeof text, "%s", result->reason ? result->reason : "");
        ns_text_wrap(report->out, 2, text);
    }
}

/* Rows of one operator that meet a defect, in one line. */
static void print_rows_with(const ns_text_report *report, ns_defect defect)
{
    char text[NS_MESSAGE_SIZE];
    size_t used = 0;
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = ns_suite_finding(report->result, i);
        if (result && ns_report_meets(result, defect) && used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s on %s",
                                     used ? ", " : "met by ", result->op, result->name, result->target);
    }
    ns_text_wrap(report->out, 2, text);
}

/* Known defects of Vela, each once, with what avoids it. */
static void print_defects(const ns_text_report *report)
{
    char text[NS_MESSAGE_SIZE];
    for (ns_defect defect = 0; defect < NS_DEFECT_COUNT; defect++) {
        bool met = false;
        for (int i = 0; !met && i < report->result->case_count; i++) {
            const ns_case_result *result = ns_suite_finding(report->result, i);
            met = result && ns_report_meets(result, defect);
        }
        if (!met)
            continue;
        const ns_defect_info *info = ns_defect_get_info(defect);
        fprintf(report->out, "\nknown defect of Vela %s: %s (%s)\n", report->result->vela, info->id,
                ns_defect_kind_text(info->kind));
        ns_text_wrap(report->out, 2, info->what);
        snprintf(text, sizeof text, "avoided by: %s%s%s",
                 *info->avoid ? info->avoid : "nothing known in the graph", *info->options ? "; option " : "",
                 info->options);
        ns_text_wrap(report->out, 2, text);
        print_rows_with(report, defect);
    }
}

/* Float graphs for which the recorded graph stands in, each operator and reason once. */
static void print_notes(const ns_text_report *report)
{
    char text[NS_MESSAGE_SIZE + 256];
    const ns_case_result *told = NULL;
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = ns_suite_finding(report->result, i);
        if (!result || !result->note || (told && strcmp(told->where, result->where) == 0))
            continue;
        told = result;
        fprintf(report->out, "\nnote %s %s\n", result->op, result->name);
        snprintf(text, sizeof text, "the recorded graph stands in for the float graph: %s", result->note);
        ns_text_wrap(report->out, 2, text);
    }
}

/* Programs that the target takes in parts: what stays on the CPU, and why. */
static void print_parts(const ns_text_report *report)
{
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = ns_suite_finding(report->result, i);
        if (!result || !result->part_count)
            continue;
        fprintf(report->out, "\nin parts %s %s on %s: %d on the NPU; on the CPU\n", result->op, result->name,
                result->target, result->part_count);
        for (int k = 0; k < result->off_count; k++)
            ns_text_wrap(report->out, 2, result->off[k]);
    }
}

static void print_figures(const char *what, const char *unit, double before, double after, char *text,
                          size_t size)
{
    char a[32], b[32];
    const size_t used = strlen(text);
    if (!isnan(before) && !isnan(after) && before != after)
        snprintf(text + used, size - used, "; %s %s -> %s %s", what, ns_text_number(before, 2, a, sizeof a),
                 ns_text_number(after, 2, b, sizeof b), unit);
}

/* The rows that are not what they were in an earlier run. */
void ns_report_baseline(const ns_suite_baseline *baseline, FILE *out)
{
    char text[NS_MESSAGE_SIZE];
    fprintf(out, "against %s:", baseline->file);
    for (int c = NS_CHANGE_COUNT - 1; c >= 0; c--)
        fprintf(out, " %d %s%s", baseline->counts[c], ns_change_text((ns_change)c), c ? "," : "\n");
    for (int i = 0; i < baseline->row_count; i++) {
        const ns_row_change *row = &baseline->rows[i];
        snprintf(text, sizeof text, "%s %s %s on %s", ns_change_text(row->change), row->op, row->name,
                 row->target);
        if (row->change == NS_CHANGE_BETTER || row->change == NS_CHANGE_WORSE) {
            if (row->before.verdict != row->after.verdict)
                snprintf(text + strlen(text), sizeof text - strlen(text), "; %s -> %s",
                         ns_verdict_words(row->before.verdict), ns_verdict_words(row->after.verdict));
            print_figures("SQNR", "dB", row->before.sqnr_db, row->after.sqnr_db, text, sizeof text);
            print_figures("largest error", "steps", row->before.max_steps, row->after.max_steps, text,
                          sizeof text);
        }
        ns_text_wrap(out, 2, text);
    }
}

/* The least and largest value of a setting in some rows. */
typedef struct value_range {
    double least, most;
} value_range;

static void widen(value_range *range, double value)
{
    range->least = fmin(range->least, value);
    range->most = fmax(range->most, value);
}

/* "2^-16" of a power of two below 1. */
static const char *setting_text(double value, char *text, size_t size)
{
    int exponent;
    if (value < 1 && frexp(value, &exponent) == 0.5)
        snprintf(text, size, "2^%d", exponent - 1);
    else
        snprintf(text, size, "%.6g", value);
    return text;
}

/* "qtol 1 to 128", behind `before`; nothing where no row has it. */
static void append_setting(char *line, size_t size, const char *before, value_range range, const char *behind)
{
    char least[32], most[32];
    const size_t used = strlen(line);
    if (range.least > range.most)
        return;
    setting_text(range.least, least, sizeof least);
    setting_text(range.most, most, sizeof most);
    snprintf(line + used, size - used, "%s %s%s%s%s", before, least, range.least < range.most ? " to " : "",
             range.least < range.most ? most : "", behind);
}

/* Whether some stage of the row was allowed to depart. */
static bool has_tolerance(const ns_case_result *row)
{
    for (int i = 0; i < row->stage_count; i++) {
        const char *reference = ns_report_reference(&row->stages[i]);
        if (row->stages[i].measured && *reference && strcmp(reference, "expected") != 0 &&
            strcmp(reference, ns_stage_text(NS_STAGE_EVAL)) != 0)
            return true;
    }
    return false;
}

/* What a pass of these rows allows: it does not say that a row is accurate. */
static void print_tolerance(const ns_text_report *report)
{
    const value_range none = {INFINITY, -INFINITY};
    value_range qtol = none, atol = none, rtol = none, epsilon = none;
    char line[NS_MESSAGE_SIZE] = "";
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *row = ns_suite_case(report->result, i);
        if (!has_tolerance(row))
            continue;
        widen(&qtol, row->settings.qtol);
        widen(&atol, row->settings.atol);
        widen(&rtol, row->settings.rtol);
        if (row->scale_count)
            widen(&epsilon, row->settings.epsilon);
    }
    append_setting(line, sizeof line, "pass allows qtol", qtol, qtol.most == 1 ? " step" : " steps");
    append_setting(line, sizeof line, ", atol", atol, "");
    append_setting(line, sizeof line, ", rtol", rtol, "");
    append_setting(line, sizeof line, "; least scale", epsilon, " (epsilon)");
    ns_text_wrap(report->out, 0, line);
}

static bool has_compiled(const ns_suite_result *result)
{
    for (int i = 0; i < result->case_count; i++) {
        const ns_stage_result *shown = ns_report_result_stage(ns_suite_case(result, i));
        if (shown && shown->stage == NS_STAGE_NPU && !isnan(shown->max_abs_error))
            return true;
    }
    return false;
}

/* What the figures mean. */
static void print_legend(const ns_text_report *report)
{
    print_tolerance(report);
    ns_text_wrap(
        report->out, 0,
        report->narrow
            ? "max: largest error against ideal in steps of the output's scale. Mean errors, limits, scales "
              "at floor and quantised's max are shown from 100 columns on, in a pipe and in --html."
            : "max, mean: error against ideal in steps of the output's scale. limit: what was allowed "
              "between eval and quantised at the worst element. scales at floor: activations whose "
              "scale is the least one.");
    if (has_compiled(report->result) && report->result->stages >> NS_STAGE_EVAL & 1)
        ns_text_wrap(report->out, 0,
                     "Of a model that was given compiled, the NPU's errors stand under eval; steps need its "
                     "output's scale (record --output-scale).");
}

static void print_summary(const ns_text_report *report)
{
    const ns_suite_result *result = report->result;
    fprintf(report->out, "\n%d case%s:", result->case_count, result->case_count == 1 ? "" : "s");
    for (int i = 0; i < NS_VERDICT_COUNT; i++) {
        const bool coloured = result->counts[i] > 0;
        if (!ns_report_counts(result, (ns_verdict)i))
            continue;
        fprintf(report->out, "%s %s%d %s%s", i ? "," : "",
                coloured ? ns_text_colour(report, (ns_verdict)i) : "", result->counts[i],
                ns_verdict_counted((ns_verdict)i), coloured ? ns_text_plain(report) : "");
    }
    fprintf(report->out, " (%.2f s)\n", result->seconds);
    print_legend(report);
    if (result->baseline) {
        fprintf(report->out, "\n");
        ns_report_baseline(result->baseline, report->out);
    }
}

void ns_report_text(const ns_suite_result *result, bool colour, size_t columns, FILE *out)
{
    ns_text_report report = {
        .result = result, .colour = colour, .narrow = columns && columns < NS_TEXT_WIDE, .out = out};
    ns_text_table(&report);
    print_rejections(&report);
    print_parts(&report);
    print_notes(&report);
    print_defects(&report);
    ns_text_reasons(&report, NS_VERDICT_INACCURATE);
    ns_text_reasons(&report, NS_VERDICT_INVALID);
    ns_text_failures(&report);
    print_summary(&report);
}
