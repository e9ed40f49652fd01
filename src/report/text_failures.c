/* Rows that failed, or whose reason is to be told: a paragraph for each cause, with all rows that have it. */
#include "report/internal.h"

#include <math.h>
#include <string.h>

static void print_operand(FILE *out, const ns_suite_operand *operand)
{
    char text[NS_MESSAGE_SIZE];
    size_t used = (size_t)snprintf(text, sizeof text, "from %s =", operand->name);
    for (int i = 0; i < operand->shown && used < sizeof text; i++)
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s %.9g", i ? "," : "", operand->values[i]);
    if (operand->count > (size_t)operand->shown && used < sizeof text)
        snprintf(text + used, sizeof text - used, ", ... (%zu elements in [%.9g, %.9g])", operand->count,
                 operand->minimum, operand->maximum);
    ns_text_wrap(out, 4, text);
}

static void print_failed_stage(const ns_text_report *report, const ns_case_result *result,
                               const ns_stage_result *stage)
{
    char text[NS_MESSAGE_SIZE], index[128], output[128];
    snprintf(text, sizeof text, "%s: %s", ns_stage_text(stage->stage), stage->reason ? stage->reason : "");
    ns_text_wrap(report->out, 2, text);
    if (!stage->measured)
        return;
    char compared[64] = "", ideal[64] = "";
    if (strcmp(ns_report_reference(stage), ns_stage_text(NS_STAGE_IDEAL)) != 0)
        snprintf(compared, sizeof compared, "%s %.9g, ", ns_report_reference(stage), stage->worst_reference);
    if (!isnan(stage->worst_ideal))
        snprintf(ideal, sizeof ideal, "ideal %.9g, ", stage->worst_ideal);
    snprintf(text, sizeof text, "worst element %s of %s: got %.9g, %s%stolerance %.4g",
             ns_report_index(ns_report_output(result, stage), stage->worst_element, index, sizeof index),
             ns_tensor_describe(ns_report_output(result, stage), output, sizeof output), stage->worst_got,
             compared, ideal, stage->worst_tolerance);
    ns_text_wrap(report->out, 4, text);
    if (!stage->operands && !stage->against)
        ns_text_wrap(report->out, 4, "the inputs that it is made from are not known");
    for (int i = 0; i < stage->operand_count; i++)
        print_operand(report->out, &stage->operands[i]);
}

/* ---- causes ---- */

/* Rows of several operators have a cause in common where their graphs meet the same known defects of Vela. */
static bool same_defects(const ns_case_result *a, const ns_case_result *b)
{
    bool any = false;
    for (ns_defect defect = 0; defect < NS_DEFECT_COUNT; defect++) {
        any = any || ns_report_meets(a, defect);
        if (ns_report_meets(a, defect) != ns_report_meets(b, defect))
            return false;
    }
    return any;
}

static const char *reason_of(const ns_case_result *result)
{
    const ns_stage_result *stage =
        result->verdict == NS_VERDICT_FAIL ? ns_report_stage(result, result->at_fault) : NULL;
    return stage ? stage->reason : result->reason;
}

/* The same stage is at fault, of the same operator or through the same defect, and the reason says the same
 * of other numbers. Not of a row of which nothing is to be told (NULL). */
static bool same_cause(const ns_case_result *a, const ns_case_result *b)
{
    if (!a || !b || a->verdict != b->verdict ||
        (a->verdict == NS_VERDICT_FAIL && a->at_fault != b->at_fault) ||
        !ns_report_same_words(reason_of(a), reason_of(b)))
        return false;
    return strcmp(a->op, b->op) == 0 || (a->verdict == NS_VERDICT_FAIL && same_defects(a, b));
}

static bool is_told(const ns_suite_result *result, int index)
{
    for (int i = 0; i < index; i++)
        if (same_cause(ns_suite_finding(result, i), ns_suite_finding(result, index)))
            return true;
    return false;
}

static bool same_case(const ns_case_result *a, const ns_case_result *b)
{
    return strcmp(a->op, b->op) == 0 && strcmp(a->name, b->name) == 0;
}

/* A paragraph that is written piece by piece, without memory for the whole. */
typedef struct flow {
    FILE *out;
    int indent, column; /* 0: the line is not begun */
} flow;

/* Words of `text`, each but the paragraph's first behind a space or a line's end. */
static void add_words(flow *f, const char *text)
{
    while (*text) {
        const int length = (int)strcspn(text, " ");
        const bool fits = f->column + 1 + length <= NS_REPORT_COLUMNS;
        if (f->column && !fits)
            fputs("\n", f->out);
        if (f->column && fits)
            f->column += fprintf(f->out, " %.*s", length, text);
        else
            f->column = fprintf(f->out, "%*s%.*s", f->indent, "", length, text);
        text += length;
        text += strspn(text, " ");
    }
}

static bool is_same_target_next(const ns_suite_result *all, const ns_case_result *told, int index)
{
    for (int i = index + 1; i < all->case_count; i++)
        if (same_cause(told, ns_suite_finding(all, i)))
            return same_case(ns_suite_finding(all, index), ns_suite_finding(all, i));
    return false;
}

static bool is_last(const ns_suite_result *all, const ns_case_result *told, int index)
{
    for (int i = index + 1; i < all->case_count; i++)
        if (same_cause(told, ns_suite_finding(all, i)))
            return false;
    return true;
}

/* "on u55, u85", and of other cases with the cause "; the same: ceil rank4 on u55, u85; .." */
static void print_rows(const ns_text_report *report, int index)
{
    char target[256];
    const ns_suite_result *all = report->result;
    const ns_case_result *told = ns_suite_finding(all, index), *last = told;
    flow f = {report->out, 2, 0};
    add_words(&f, "on");
    for (int i = index; i < all->case_count; i++) {
        const ns_case_result *row = ns_suite_finding(all, i);
        if (!same_cause(told, row))
            continue;
        if (!same_case(last, row)) {
            if (same_case(last, told))
                add_words(&f, "the same:");
            add_words(&f, row->op);
            add_words(&f, row->name);
            add_words(&f, "on");
        }
        snprintf(target, sizeof target, "%s%s", row->target,
                 is_same_target_next(all, told, i) ? ","
                 : is_last(all, told, i)           ? ""
                                                   : ";");
        add_words(&f, target);
        last = row;
    }
    fputs("\n", report->out);
}

/* The stage ideal departs from a recorded float model: the case or npuscope. */
static const char *blame_of(const ns_case_result *result)
{
    return result->at_fault == NS_STAGE_IDEAL ? "not known" : ns_stage_blame(result->at_fault);
}

void ns_text_failures(const ns_text_report *report)
{
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = ns_suite_finding(report->result, i);
        if (!result || result->verdict != NS_VERDICT_FAIL || is_told(report->result, i))
            continue;
        fprintf(report->out, "\n%sFAIL%s %s %s, at fault: %s\n", ns_text_colour(report, NS_VERDICT_FAIL),
                ns_text_plain(report), result->op, result->name, blame_of(result));
        print_rows(report, i);
        for (int k = 0; k < result->stage_count; k++)
            if (result->stages[k].verdict == NS_VERDICT_FAIL)
                print_failed_stage(report, result, &result->stages[k]);
    }
}

void ns_text_reasons(const ns_text_report *report, ns_verdict verdict)
{
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = ns_suite_finding(report->result, i);
        if (!result || result->verdict != verdict || is_told(report->result, i))
            continue;
        fprintf(report->out, "\n%s%s%s %s %s\n", ns_text_colour(report, verdict), ns_verdict_words(verdict),
                ns_text_plain(report), result->op, result->name);
        print_rows(report, i);
        ns_text_wrap(report->out, 2, result->reason ? result->reason : "");
    }
}
