/* Markdown: the summary that a CI job shows: counts, a row per operator and target, and what failed. */
#include "report/report.h"

/* Cells of a table: '|' would end them. */
static void append_cell(ns_buffer *buffer, const char *text)
{
    for (; *text; text++)
        if (*text == '|')
            ns_buffer_append(buffer, "\\|", 2);
        else
            ns_buffer_append(buffer, *text == '\n' ? " " : text, 1);
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
    double worst = 0;
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
    append_cell(buffer, result->cases[index].op);
    ns_buffer_format(buffer, " | ");
    append_cell(buffer, result->cases[index].target);
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        ns_buffer_format(buffer, " | %d", counts[v]);
    ns_buffer_format(buffer, " | %.4g |\n", worst);
}

ns_code ns_report_markdown(const ns_suite_result *result, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_buffer_format(&buffer, "### npuscope suite: %d cases", result->case_count);
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        ns_buffer_format(&buffer, ", %d %s", result->counts[v], ns_verdict_summary((ns_verdict)v));
    ns_buffer_format(&buffer, "\n\n");
    if (result->vela)
        ns_buffer_format(&buffer, "Compiled with Vela %s.\n\n", result->vela);
    if (result->vela_missing)
        ns_buffer_format(&buffer, "**The NPU did not run:** %s\n\n", result->vela_missing);
    ns_buffer_format(&buffer, "| operator | target");
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        ns_buffer_format(&buffer, " | %s", ns_verdict_summary((ns_verdict)v));
    ns_buffer_format(&buffer, " | largest error in steps |\n|---|---");
    for (int v = 0; v <= NS_VERDICT_COUNT; v++)
        ns_buffer_format(&buffer, "|---:");
    ns_buffer_format(&buffer, "|\n");
    for (int i = 0; i < result->case_count; i++)
        if (is_first(result, i))
            append_group(&buffer, result, i);
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *one = &result->cases[i];
        if (one->verdict != NS_VERDICT_FAIL)
            continue;
        ns_buffer_format(&buffer, "\n- **%s %s on %s**, at fault: %s. ", one->op, one->name, one->target,
                         ns_stage_blame(one->at_fault));
        append_cell(&buffer, one->reason ? one->reason : "");
        ns_buffer_format(&buffer, "\n");
    }
    if (buffer.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the markdown report");
    *out = (ns_bytes){buffer.data, buffer.size};
    return NS_OK;
}
