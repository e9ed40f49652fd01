/* The suite's table, and what texts share. */
#include "report/internal.h"

#include <math.h>
#include <string.h>

#define OP_WIDTH 10 /* at least */
#define CASE_WIDTH 32
#define VERDICT_WIDTH 14
#define NAMES "operator, case"

/* ANSI colours by verdict. */
static const char *const colours[NS_VERDICT_COUNT] = {
    [NS_VERDICT_PASS] = "\033[32m",       [NS_VERDICT_FAIL] = "\033[1;31m",
    [NS_VERDICT_REJECTED] = "\033[33m",   [NS_VERDICT_SKIPPED] = "\033[33m",
    [NS_VERDICT_INACCURATE] = "\033[33m", [NS_VERDICT_NOT_COMPILED] = "\033[33m",
    [NS_VERDICT_INVALID] = "\033[1;31m",
};

const char *ns_text_colour(const ns_text_report *report, ns_verdict verdict)
{
    return report->colour ? colours[verdict] : "";
}

const char *ns_text_plain(const ns_text_report *report)
{
    return report->colour ? "\033[0m" : "";
}

/* A non-negative number in at most 6 columns, or a dB figure in at most 5. */
const char *ns_text_number(double value, int decimals, char *text, size_t size)
{
    if (isnan(value))
        snprintf(text, size, "-");
    else if (isinf(value))
        snprintf(text, size, "%s", value > 0 ? "inf" : "-inf");
    else if (fabs(value) < 1000)
        snprintf(text, size, "%.*f", decimals, value);
    else if (fabs(value) < 1e5)
        snprintf(text, size, "%.0f", value);
    else
        snprintf(text, size, "%.0e", value);
    return text;
}

void ns_text_wrap(FILE *out, int indent, const char *text)
{
    const size_t width = (size_t)(NS_REPORT_COLUMNS - indent);
    while (*text) {
        size_t cut = strlen(text);
        if (cut > width) {
            for (cut = width; cut > 0 && text[cut] != ' ';)
                cut--;
            if (cut == 0)
                cut = strcspn(text, " ");
        }
        fprintf(out, "%*s%.*s\n", indent, "", (int)cut, text);
        text += cut;
        text += strspn(text, " ");
    }
}

/* What is shown of a stage. One that must equal another has the same errors, and only says whether it does.
 */
typedef enum shown { NOTHING, EXACT, SQNR, MAX, MEAN } shown;

/* Nothing, unless it is compared with another; in a narrow table of the last one that is not exact the
 * largest error too, of those before it SQNR alone. */
static shown shows(const ns_text_report *report, int stage)
{
    const unsigned stages = report->result->stages;
    if (!(stages >> stage & 1) || ns_stage_reference((ns_stage)stage) == (ns_stage)stage)
        return NOTHING;
    if (stage == NS_STAGE_NPU)
        return EXACT;
    return !report->narrow ? MEAN : stage == NS_STAGE_QUANTISED && stages >> NS_STAGE_EVAL & 1 ? SQNR : MAX;
}

static int stage_width(const ns_text_report *report, int stage)
{
    static const int widths[] = {[NOTHING] = 0, [EXACT] = 8, [SQNR] = 11, [MAX] = 13, [MEAN] = 20};
    return widths[shows(report, stage)];
}

/* What the verdict on the last measured stage that has a tolerance allowed, at its worst element; what must
 * come out exactly has none. */
static double allowed_steps(const ns_case_result *result)
{
    double allowed = NAN;
    for (int i = 0; i < result->stage_count; i++) {
        const ns_stage_result *stage = &result->stages[i];
        if (stage->stage != NS_STAGE_NPU && stage->measured && *ns_report_reference(stage) &&
            strcmp(ns_report_reference(stage), "expected") != 0 && result->scale > 0)
            allowed = stage->worst_tolerance / result->scale;
    }
    return allowed;
}

static int longer(int width, const char *text)
{
    const int length = (int)strlen(text);
    return length > width ? length : width;
}

/* In a narrow table operator and case share a column, which takes what the figures leave. */
static void measure_widths(ns_text_report *report)
{
    report->op_width = OP_WIDTH;
    report->target_width = 6;
    report->case_width = 4;
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = ns_suite_case(report->result, i);
        report->op_width = longer(report->op_width, result->op);
        report->case_width = longer(report->case_width, result->name);
        report->target_width = longer(report->target_width, report->narrow ? "" : result->target);
    }
    int room = NS_REPORT_COLUMNS - 1 - report->target_width - VERDICT_WIDTH;
    for (int i = 0; i < NS_STAGE_COUNT; i++)
        room -= stage_width(report, i);
    report->name_width = 0;
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = ns_suite_case(report->result, i);
        const int width = (int)(strlen(result->op) + 1 + strlen(result->name));
        report->name_width = width > report->name_width ? width : report->name_width;
    }
    if (report->name_width > room)
        report->name_width = room;
    if (report->name_width < (int)strlen(NAMES))
        report->name_width = (int)strlen(NAMES);
    if (!report->narrow)
        report->name_width = report->op_width + 1 + report->case_width;
}

/* One cell of the heading for each figure of a stage. */
static void print_figures_heading(const ns_text_report *report, const char *max, const char *mean,
                                  const char *sqnr)
{
    for (int i = 0; i < NS_STAGE_COUNT; i++) {
        const shown what = shows(report, i);
        if (what >= MAX)
            fprintf(report->out, " %6s", max);
        if (what == MEAN)
            fprintf(report->out, " %6s", mean);
        if (what >= SQNR)
            fprintf(report->out, " %*s", what == SQNR ? 10 : 5, sqnr);
        if (what == EXACT)
            fprintf(report->out, "%*s", stage_width(report, i), "");
    }
}

static void print_heading(const ns_text_report *report)
{
    const int names = report->name_width + 1 + report->target_width;
    fprintf(report->out, "%*s", names, "");
    for (int i = 0; i < NS_STAGE_COUNT; i++)
        if (stage_width(report, i))
            fprintf(report->out, "%*s", stage_width(report, i), ns_stage_text((ns_stage)i));
    fprintf(report->out, "%s\n", report->narrow ? "" : " scales  limit");
    if (report->narrow)
        fprintf(report->out, "%-*s", report->name_width, NAMES);
    else
        fprintf(report->out, "%-*s %-*s", report->op_width, "operator", report->case_width, "case");
    fprintf(report->out, " %-*s", report->target_width, "target");
    print_figures_heading(report, "max", "mean", "SQNR");
    fprintf(report->out, "%s  verdict\n%*s", report->narrow ? "" : "     at       ", names, "");
    print_figures_heading(report, "steps", "steps", "dB");
    fprintf(report->out, "%s\n", report->narrow ? "" : "  floor  steps");
}

/* Names in their columns; in a narrow table those that are longer on a line of their own. */
static void print_names(const ns_text_report *report, const ns_case_result *result)
{
    const int width = (int)(strlen(result->op) + 1 + strlen(result->name));
    if (!report->narrow)
        fprintf(report->out, "%-*s %-*s %-*s", report->op_width, result->op, report->case_width, result->name,
                report->target_width, result->target);
    else if (width > report->name_width || (int)strlen(result->target) > report->target_width)
        fprintf(report->out, "%s %s on %s\n%*s", result->op, result->name, result->target,
                report->name_width + 1 + report->target_width, "");
    else
        fprintf(report->out, "%s %-*s %-*s", result->op, report->name_width - (int)strlen(result->op) - 1,
                result->name, report->target_width, result->target);
}

static void print_stage(const ns_text_report *report, const ns_stage_result *stage, shown what)
{
    char text[16];
    const bool measured = stage && stage->measured;
    if (what == EXACT)
        fprintf(report->out, " %7s",
                !measured                   ? "-"
                : stage->beyond             ? "differs"
                : stage->max_difference > 0 ? "within"
                                            : "exact");
    if (what >= MAX)
        fprintf(report->out, " %6s", ns_text_number(measured ? stage->max_steps : NAN, 2, text, sizeof text));
    if (what == MEAN)
        fprintf(report->out, " %6s",
                ns_text_number(measured ? stage->mean_steps : NAN, 2, text, sizeof text));
    if (what >= SQNR)
        fprintf(report->out, " %*s", what == SQNR ? 10 : 5,
                ns_text_number(measured ? stage->sqnr_db : NAN, 1, text, sizeof text));
}

static void print_row(const ns_text_report *report, const ns_case_result *result)
{
    char floor[16] = "-", limit[16];
    print_names(report, result);
    for (int i = 0; i < NS_STAGE_COUNT; i++)
        print_stage(report,
                    i == NS_STAGE_EVAL ? ns_report_result_stage(result)
                                       : ns_report_stage(result, (ns_stage)i),
                    shows(report, i));
    if (result->scale_count)
        snprintf(floor, sizeof floor, "%d/%d", result->floor_count, result->scale_count);
    if (!report->narrow)
        fprintf(report->out, " %6s %6s", floor,
                ns_text_number(allowed_steps(result), 1, limit, sizeof limit));
    fprintf(report->out, "  %s%s%s\n", ns_text_colour(report, result->verdict),
            ns_verdict_words(result->verdict), ns_text_plain(report));
}

void ns_text_table(ns_text_report *report)
{
    measure_widths(report);
    print_heading(report);
    for (int i = 0; i < report->result->case_count; i++)
        print_row(report, ns_suite_case(report->result, i));
}

void ns_report_list(const ns_suite_result *result, FILE *out)
{
    for (int i = 0; i < result->case_count; i++)
        fprintf(out, "%-*s %-*s %s\n", OP_WIDTH, result->cases[i].op, CASE_WIDTH, result->cases[i].name,
                result->cases[i].target);
}
