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

/* True when two cases are the same but for the target, and so is what there is to say about their failure. */
static bool same_failure(const ns_case_result *a, const ns_case_result *b)
{
    if (a->verdict != NS_VERDICT_FAIL || b->verdict != NS_VERDICT_FAIL || a->at_fault != b->at_fault ||
        a->stage_count != b->stage_count || strcmp(a->op, b->op) != 0 || strcmp(a->name, b->name) != 0)
        return false;
    for (int i = 0; i < a->stage_count; i++) {
        const ns_stage_result *x = &a->stages[i], *y = &b->stages[i];
        if (x->verdict != y->verdict || x->worst_element != y->worst_element ||
            x->worst_got != y->worst_got || x->max_difference != y->max_difference ||
            x->beyond != y->beyond || strcmp(x->reason ? x->reason : "", y->reason ? y->reason : "") != 0)
            return false;
    }
    return true;
}

/* The stage ideal departs from a recorded float model: the case or npuscope. */
static const char *blame_of(const ns_case_result *result)
{
    return result->at_fault == NS_STAGE_IDEAL ? "not known" : ns_stage_blame(result->at_fault);
}

/* Rows that differ in the target only follow each other; returns the index after the last that is told. */
static int print_failure(const ns_text_report *report, int index)
{
    const ns_case_result *result = &report->result->cases[index];
    char targets[NS_MESSAGE_SIZE];
    size_t used = (size_t)snprintf(targets, sizeof targets, "on %s", result->target);
    for (index++; index < report->result->case_count; index++) {
        const ns_case_result *next = &report->result->cases[index];
        if (!same_failure(result, next))
            break;
        if (used < sizeof targets)
            used += (size_t)snprintf(targets + used, sizeof targets - used, ", %s", next->target);
    }
    fprintf(report->out, "\n%sFAIL%s %s %s, at fault: %s\n", ns_text_colour(report, NS_VERDICT_FAIL),
            ns_text_plain(report), result->op, result->name, blame_of(result));
    ns_text_wrap(report->out, 2, targets);
    for (int i = 0; i < result->stage_count; i++)
        if (result->stages[i].verdict == NS_VERDICT_FAIL)
            print_failed_stage(report, result, &result->stages[i]);
    return index;
}

/* True when an earlier case was rejected for the same operator, target and reason. */
static bool told_before(const ns_suite_result *result, int index)
{
    const ns_case_result *this = &result->cases[index];
    for (int i = 0; i < index; i++) {
        const ns_case_result *other = &result->cases[i];
        if (other->verdict == NS_VERDICT_REJECTED && strcmp(other->op, this->op) == 0 &&
            strcmp(other->target, this->target) == 0 && strcmp(other->reason, this->reason) == 0)
            return true;
    }
    return false;
}

static void print_rejections(const ns_text_report *report)
{
    char text[NS_MESSAGE_SIZE + 256];
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = &report->result->cases[i];
        if (result->verdict != NS_VERDICT_REJECTED || told_before(report->result, i))
            continue;
        fprintf(report->out, "\n%srejected%s %s on %s\n", ns_text_colour(report, NS_VERDICT_REJECTED),
                ns_text_plain(report), result->op, result->target);
        snprintf(text, sizeof text, "%s", result->reason ? result->reason : "");
        ns_text_wrap(report->out, 2, text);
    }
}

/* Rows of a verdict that needs its reason told one by one. */
static void print_reasons(const ns_text_report *report, ns_verdict verdict)
{
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = &report->result->cases[i];
        if (result->verdict != verdict)
            continue;
        fprintf(report->out, "\n%s%s%s %s %s on %s\n", ns_text_colour(report, verdict),
                ns_verdict_words(verdict), ns_text_plain(report), result->op, result->name, result->target);
        ns_text_wrap(report->out, 2, result->reason);
    }
}

/* Rows of one operator that meet a defect, in one line. */
static void print_rows_with(const ns_text_report *report, ns_defect defect)
{
    char text[NS_MESSAGE_SIZE];
    size_t used = 0;
    for (int i = 0; i < report->result->case_count; i++) {
        const ns_case_result *result = &report->result->cases[i];
        if (ns_report_meets(result, defect) && used < sizeof text)
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
        for (int i = 0; i < report->result->case_count; i++)
            met = met || ns_report_meets(&report->result->cases[i], defect);
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
        const ns_case_result *result = &report->result->cases[i];
        if (!result->note || (told && strcmp(told->where, result->where) == 0))
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
        const ns_case_result *result = &report->result->cases[i];
        if (!result->part_count)
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

/* What the figures mean. */
static void print_legend(const ns_text_report *report)
{
    ns_text_wrap(report->out, 0,
                 "max, mean: error against ideal in steps of the output's scale. limit: what was allowed "
                 "between eval and quantised at the worst element. scales at floor: activations whose "
                 "scale is the least one.");
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

void ns_report_text(const ns_suite_result *result, bool colour, FILE *out)
{
    ns_text_report report = {.result = result, .colour = colour, .out = out};
    ns_text_table(&report);
    print_rejections(&report);
    print_parts(&report);
    print_notes(&report);
    print_defects(&report);
    print_reasons(&report, NS_VERDICT_INACCURATE);
    print_reasons(&report, NS_VERDICT_INVALID);
    for (int i = 0; i < result->case_count;)
        i = result->cases[i].verdict == NS_VERDICT_FAIL ? print_failure(&report, i) : i + 1;
    print_summary(&report);
}
