/* Markdown: the summary that a CI job shows: counts, a row per operator and target, and what failed. */
#include "report/report.h"

/* Rows and reasons that are listed; the rest is counted. */
enum { SHOWN = 25 };

/* Text in a line or a cell: '|' would end a cell, and a reader of Markdown obeys HTML and stars. */
static void append_text(ns_buffer *buffer, const char *text)
{
    for (; *text; text++)
        if (*text == '<')
            ns_buffer_format(buffer, "&lt;");
        else if (*text == '&')
            ns_buffer_format(buffer, "&amp;");
        else if (strchr("|*`\\[", *text))
            ns_buffer_format(buffer, "\\%c", *text);
        else
            ns_buffer_append(buffer, (unsigned char)*text < ' ' ? " " : text, 1);
}

/* As much of a reason as a summary has room for, ended at a word. */
static void append_reason(ns_buffer *buffer, const char *reason)
{
    enum { ROOM = 200 };
    size_t length = strlen(reason);
    if (length > ROOM) {
        for (length = ROOM; length > ROOM / 2 && reason[length] != ' ';)
            length--;
    }
    char *text = ns_arena_format(buffer->arena, "%.*s%s", (int)length, reason, reason[length] ? " .." : "");
    buffer->failed = buffer->failed || !text;
    append_text(buffer, text ? text : "");
}

static void append_row(ns_buffer *buffer, const ns_case_result *one)
{
    append_text(buffer, one->op);
    ns_buffer_format(buffer, " ");
    append_text(buffer, one->name);
    ns_buffer_format(buffer, " on ");
    append_text(buffer, one->target);
}

static bool same_group(const ns_case_result *a, const ns_case_result *b)
{
    return strcmp(a->op, b->op) == 0 && strcmp(a->target, b->target) == 0;
}

static bool is_first(const ns_suite_result *result, int index)
{
    for (int i = 0; i < index; i++)
        if (same_group(&result->cases[i], &result->cases[index]))
            return false;
    return true;
}

static void append_group(ns_buffer *buffer, const ns_suite_result *result, int index)
{
    int counts[NS_VERDICT_COUNT] = {0};
    double worst = -1;
    for (int i = index; i < result->case_count; i++) {
        const ns_case_result *one = &result->cases[i];
        if (!same_group(one, &result->cases[index]))
            continue;
        counts[one->verdict]++;
        for (int s = 0; s < one->stage_count; s++)
            if (one->stages[s].measured && one->stages[s].max_steps > worst)
                worst = one->stages[s].max_steps;
    }
    ns_buffer_format(buffer, "| ");
    append_text(buffer, result->cases[index].op);
    ns_buffer_format(buffer, " | ");
    append_text(buffer, result->cases[index].target);
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        if (ns_report_counts(result, (ns_verdict)v))
            ns_buffer_format(buffer, " | %d", counts[v]);
    if (worst >= 0)
        ns_buffer_format(buffer, " | %.4g |\n", worst);
    else
        ns_buffer_format(buffer, " | - |\n");
}

static void append_more(ns_buffer *buffer, int count)
{
    if (count > SHOWN)
        ns_buffer_format(buffer, "\nand %d more\n", count - SHOWN);
}

static void append_failures(ns_buffer *buffer, const ns_suite_result *result)
{
    int count = 0;
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *one = &result->cases[i];
        if (one->verdict != NS_VERDICT_FAIL)
            continue;
        if (count == 0)
            ns_buffer_format(buffer, "\n#### Failed\n\n| row | at fault | why |\n|---|---|---|\n");
        if (count++ >= SHOWN)
            continue;
        ns_buffer_format(buffer, "| ");
        append_row(buffer, one);
        ns_buffer_format(buffer, " | %s | ", ns_stage_blame(one->at_fault));
        append_reason(buffer, one->reason ? one->reason : "");
        ns_buffer_format(buffer, " |\n");
    }
    append_more(buffer, count);
}

/* What got worse or better since an earlier run. */
static void append_baseline(ns_buffer *buffer, const ns_suite_baseline *baseline)
{
    int count = 0;
    ns_buffer_format(buffer, "\n#### Against ");
    append_text(buffer, baseline->file);
    ns_buffer_format(buffer, "\n\n");
    for (int c = NS_CHANGE_COUNT - 1; c >= 0; c--)
        ns_buffer_format(buffer, "%d %s%s", baseline->counts[c], ns_change_text((ns_change)c),
                         c ? ", " : "\n\n");
    for (int i = 0; i < baseline->row_count; i++) {
        const ns_row_change *row = &baseline->rows[i];
        if (row->change != NS_CHANGE_WORSE && row->change != NS_CHANGE_BETTER)
            continue;
        if (count++ >= SHOWN)
            continue;
        ns_buffer_format(buffer, "- %s: ", ns_change_text(row->change));
        append_text(buffer, row->op);
        ns_buffer_format(buffer, " ");
        append_text(buffer, row->name);
        ns_buffer_format(buffer, " on ");
        append_text(buffer, row->target);
        ns_buffer_format(buffer, ": %s, %.4g dB, %.4g steps; was %s, %.4g dB, %.4g steps\n",
                         ns_verdict_words(row->after.verdict), row->after.sqnr_db, row->after.max_steps,
                         ns_verdict_words(row->before.verdict), row->before.sqnr_db, row->before.max_steps);
    }
    append_more(buffer, count);
}

/* Known defects of Vela that rows meet, each once. */
static void append_defects(ns_buffer *buffer, const ns_suite_result *result)
{
    bool heading = false;
    for (ns_defect defect = 0; defect < NS_DEFECT_COUNT; defect++) {
        const ns_defect_info *info = ns_defect_get_info(defect);
        int rows = 0;
        for (int i = 0; i < result->case_count; i++)
            rows += ns_report_meets(&result->cases[i], defect);
        if (!rows)
            continue;
        ns_buffer_format(
            buffer, "%s- %s, %d row%s: ", heading ? "" : "\n#### Known defects of Vela that rows meet\n\n",
            info->id, rows, rows == 1 ? "" : "s");
        append_text(buffer, info->what);
        ns_buffer_format(buffer, "; avoided by: ");
        append_text(buffer, *info->avoid ? info->avoid : "nothing known in the graph");
        ns_buffer_format(buffer, "\n");
        heading = true;
    }
}

/* Cases of one's own that cannot be read, with their places. */
static void append_invalid(ns_buffer *buffer, const ns_suite_result *result)
{
    int count = 0;
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *one = &result->cases[i];
        if (one->verdict != NS_VERDICT_INVALID)
            continue;
        if (count == 0)
            ns_buffer_format(buffer, "\n#### Cannot be read\n\n");
        if (count++ >= SHOWN)
            continue;
        ns_buffer_format(buffer, "- ");
        append_row(buffer, one);
        ns_buffer_format(buffer, ": ");
        append_reason(buffer, one->reason);
        ns_buffer_format(buffer, "\n");
    }
    append_more(buffer, count);
}

/* Each reason once. */
static void append_rejections(ns_buffer *buffer, const ns_suite_result *result)
{
    int count = 0;
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *one = &result->cases[i];
        const int rows = ns_report_rejected(result, i);
        if (!rows)
            continue;
        if (count == 0)
            ns_buffer_format(buffer, "\n#### Rejected\n\n");
        if (count++ >= SHOWN)
            continue;
        ns_buffer_format(buffer, "- %d row%s, first ", rows, rows == 1 ? "" : "s");
        append_row(buffer, one);
        ns_buffer_format(buffer, ": ");
        append_reason(buffer, one->reason);
        ns_buffer_format(buffer, "\n");
    }
    append_more(buffer, count);
}

ns_code ns_report_markdown(const ns_suite_result *result, ns_buffer *buffer, ns_error *error)
{
    ns_buffer_format(buffer, "### npuscope suite: %d rows", result->case_count);
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        if (ns_report_counts(result, (ns_verdict)v))
            ns_buffer_format(buffer, ", %d %s", result->counts[v], ns_verdict_counted((ns_verdict)v));
    ns_buffer_format(buffer, "\n\n");
    if (*result->catalogue)
        ns_buffer_format(buffer, "Catalogue %s, seed %llu", result->catalogue,
                         (unsigned long long)result->seed);
    else
        ns_buffer_format(buffer, "Own cases");
    if (result->vela)
        ns_buffer_format(buffer, ", Vela %s", result->vela);
    ns_buffer_format(buffer, ".\n\n");
    if (result->vela_missing) {
        ns_buffer_format(buffer, "**The NPU did not run:** ");
        append_text(buffer, result->vela_missing);
        ns_buffer_format(buffer, "\n\n");
    }
    ns_buffer_format(buffer, "| operator | target");
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        if (ns_report_counts(result, (ns_verdict)v))
            ns_buffer_format(buffer, " | %s", ns_verdict_counted((ns_verdict)v));
    ns_buffer_format(buffer, " | largest error in steps |\n|---|---|---:");
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        if (ns_report_counts(result, (ns_verdict)v))
            ns_buffer_format(buffer, "|---:");
    ns_buffer_format(buffer, "|\n");
    for (int i = 0; i < result->case_count; i++)
        if (is_first(result, i))
            append_group(buffer, result, i);
    if (result->baseline)
        append_baseline(buffer, result->baseline);
    append_failures(buffer, result);
    append_rejections(buffer, result);
    append_invalid(buffer, result);
    append_defects(buffer, result);
    return ns_buffer_finish(buffer, "the markdown report", error);
}
