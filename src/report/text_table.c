/* The suite's table, and what texts share. */
#include "report/internal.h"

#include <math.h>
#include <string.h>

#define OP_WIDTH 10 /* at least */
#define CASE_WIDTH 32
#define CASE_LEAST 10
#define TAIL_WIDTH 29 /* floor, limit, verdict */
#define STAGE_WIDTH 20
#define EXACT_WIDTH 8

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

/* Prints `text` broken at spaces, each line indented; a longer word is broken where the line ends. */
void ns_text_wrap(FILE *out, int indent, const char *text)
{
    const size_t width = (size_t)(NS_REPORT_COLUMNS - indent);
    while (*text) {
        size_t length = strlen(text), cut = length;
        if (length > width) {
            for (cut = width; cut > 0 && text[cut] != ' ';)
                cut--;
            if (cut == 0)
                cut = width;
        }
        fprintf(out, "%*s%.*s\n", indent, "", (int)cut, text);
        text += cut;
        text += strspn(text, " ");
    }
}

/* A name in `width` columns; of a longer one the middle is left out, for its ends tell more. */
static const char *shorten(const char *name, int width, char *text, size_t size)
{
    const int length = (int)strlen(name);
    if (length <= width) {
        snprintf(text, size, "%s", name);
        return text;
    }
    const int tail = (width - 2) / 2, head = width - 2 - tail;
    snprintf(text, size, "%.*s..%s", head, name, name + length - tail);
    return text;
}

/* Columns of a stage: none, unless it is compared with another. One that must equal another has the same
 * errors, and only says whether it does. */
static int stage_width(const ns_suite_result *result, int stage)
{
    if (!(result->stages >> stage & 1) || ns_stage_reference((ns_stage)stage) == (ns_stage)stage)
        return 0;
    return stage == NS_STAGE_NPU ? EXACT_WIDTH : STAGE_WIDTH;
}

/* What the verdict on the last measured stage that has a tolerance allowed, at its worst element. */
static double allowed_steps(const ns_case_result *result)
{
    double allowed = NAN;
    for (int i = 0; i < result->stage_count; i++) {
        const ns_stage_result *stage = &result->stages[i];
        if (stage->stage != NS_STAGE_NPU && stage->measured && *ns_report_reference(stage) &&
            result->scale > 0)
            allowed = stage->worst_tolerance / result->scale;
    }
    return allowed;
}

static void measure_widths(ns_text_report *report)
{
    report->op_width = OP_WIDTH;
    report->target_width = 6;
    report->case_width = 4;
    for (int i = 0; i < report->result->case_count; i++) {
        const int target = (int)strlen(report->result->cases[i].target);
        const int name = (int)strlen(report->result->cases[i].name);
        const int op = (int)strlen(report->result->cases[i].op);
        if (op > report->op_width)
            report->op_width = op;
        if (target > report->target_width)
            report->target_width = target;
        if (name > report->case_width)
            report->case_width = name;
    }
    int room = NS_REPORT_COLUMNS - report->op_width - 1 - 1 - report->target_width - TAIL_WIDTH;
    for (int i = 0; i < NS_STAGE_COUNT; i++)
        room -= stage_width(report->result, i);
    if (!report->colour) /* piped: nothing is left out */
        return;
    /* Where targets are long, lines are too. */
    if (report->case_width > room)
        report->case_width = room < CASE_LEAST && report->case_width > CASE_LEAST ? CASE_LEAST
                             : room < CASE_LEAST                                  ? report->case_width
                                                                                  : room;
}

static void print_heading(const ns_text_report *report)
{
    const int names = report->op_width + report->case_width + report->target_width + 2;
    fprintf(report->out, "%*s", names, "");
    for (int i = 0; i < NS_STAGE_COUNT; i++)
        if (stage_width(report->result, i))
            fprintf(report->out, "%*s", stage_width(report->result, i), ns_stage_text((ns_stage)i));
    fprintf(report->out, " scales  limit\n%-*s %-*s %-*s", report->op_width, "operator", report->case_width,
            "case", report->target_width, "target");
    for (int i = 0; i < NS_STAGE_COUNT; i++)
        if (stage_width(report->result, i) == STAGE_WIDTH)
            fprintf(report->out, " %6s %6s %5s", "max", "mean", "SQNR");
        else
            fprintf(report->out, "%*s", stage_width(report->result, i), "");
    fprintf(report->out, " %6s %6s  verdict\n%*s", "at", "", names, "");
    for (int i = 0; i < NS_STAGE_COUNT; i++)
        if (stage_width(report->result, i) == STAGE_WIDTH)
            fprintf(report->out, " %6s %6s %5s", "steps", "steps", "dB");
        else
            fprintf(report->out, "%*s", stage_width(report->result, i), "");
    fprintf(report->out, " %6s %6s\n", "floor", "steps");
}

static void print_row(const ns_text_report *report, const ns_case_result *result)
{
    char name[NS_MESSAGE_SIZE], max[16], mean[16], sqnr[16];
    fprintf(report->out, "%-*s %-*s %-*s", report->op_width, result->op, report->case_width,
            shorten(result->name, report->case_width, name, sizeof name), report->target_width,
            result->target);
    for (int i = 0; i < NS_STAGE_COUNT; i++) {
        const int width = stage_width(report->result, i);
        const ns_stage_result *stage = ns_report_stage(result, (ns_stage)i);
        if (width == EXACT_WIDTH)
            fprintf(report->out, "%*s", EXACT_WIDTH,
                    !stage || !stage->measured ? "-"
                    : stage->beyond            ? "differs"
                                               : "exact");
        if (width != STAGE_WIDTH)
            continue;
        if (stage && stage->measured)
            fprintf(report->out, " %6s %6s %5s", ns_text_number(stage->max_steps, 2, max, sizeof max),
                    ns_text_number(stage->mean_steps, 2, mean, sizeof mean),
                    ns_text_number(stage->sqnr_db, 1, sqnr, sizeof sqnr));
        else
            fprintf(report->out, " %6s %6s %5s", "-", "-", "-");
    }
    char floor[16] = "-";
    if (result->scale_count)
        snprintf(floor, sizeof floor, "%d/%d", result->floor_count, result->scale_count);
    fprintf(
        report->out, " %6s %6s  %s%s%s\n", floor, ns_text_number(allowed_steps(result), 1, max, sizeof max),
        ns_text_colour(report, result->verdict), ns_verdict_words(result->verdict), ns_text_plain(report));
}

void ns_text_table(ns_text_report *report)
{
    measure_widths(report);
    print_heading(report);
    for (int i = 0; i < report->result->case_count; i++)
        print_row(report, &report->result->cases[i]);
}

void ns_report_list(const ns_suite_result *result, FILE *out)
{
    for (int i = 0; i < result->case_count; i++)
        fprintf(out, "%-*s %-*s %s\n", OP_WIDTH, result->cases[i].op, CASE_WIDTH, result->cases[i].name,
                result->cases[i].target);
}
