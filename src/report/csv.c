/* Comma-separated values as RFC 4180 has them: a line of column names, then one for each stage of each row.
 * What was not measured is empty. */
#include <math.h>
#include <string.h>

#include "report/report.h"

#define COLUMNS                                                                                     \
    "op,case,target,accelerator,verdict,at_fault,stage,stage_verdict,max_steps,mean_steps,sqnr_db," \
    "max_difference_steps,beyond_tolerance,reason,limit_steps,scales,scales_at_floor,input_codes,"  \
    "output_codes,known_defects"

static void add_quoted(ns_buffer *buffer, const char *text)
{
    ns_buffer_append(buffer, "\"", 1);
    for (; *text; text++) {
        if (*text == '"')
            ns_buffer_append(buffer, text, 1);
        ns_buffer_append(buffer, text, 1);
    }
    ns_buffer_append(buffer, "\"", 1);
}

static void add_text(ns_buffer *buffer, const char *text)
{
    if (strpbrk(text, ",\"\r\n"))
        add_quoted(buffer, text);
    else
        ns_buffer_append(buffer, text, strlen(text));
    ns_buffer_append(buffer, ",", 1);
}

static void add_number(ns_buffer *buffer, bool known, double value)
{
    if (known && isfinite(value))
        ns_buffer_format(buffer, "%.9g", value);
    else if (known && !isnan(value))
        ns_buffer_format(buffer, "%s", value > 0 ? "inf" : "-inf");
    ns_buffer_append(buffer, ",", 1);
}

static void add_stage(ns_buffer *buffer, const ns_case_result *result, const ns_stage_result *stage)
{
    const bool compared = stage->measured && *ns_report_reference(stage);
    add_text(buffer, result->op);
    add_text(buffer, result->name);
    add_text(buffer, result->target);
    add_text(buffer, result->accelerator);
    add_text(buffer, ns_verdict_text(result->verdict));
    add_text(buffer, result->verdict == NS_VERDICT_FAIL ? ns_stage_blame(result->at_fault) : "");
    add_text(buffer, ns_stage_text(stage->stage));
    add_text(buffer, ns_verdict_text(stage->verdict));
    add_number(buffer, stage->measured, stage->max_steps);
    add_number(buffer, stage->measured, stage->mean_steps);
    add_number(buffer, stage->measured, stage->sqnr_db);
    add_number(buffer, compared, stage->max_difference_steps);
    add_number(buffer, compared, (double)stage->beyond);
    add_quoted(buffer, stage->reason ? stage->reason : "");
    ns_buffer_append(buffer, ",", 1);
    add_number(buffer, compared && result->scale > 0, stage->worst_tolerance / result->scale);
    add_number(buffer, result->scale_count > 0, result->scale_count);
    add_number(buffer, result->scale_count > 0, result->floor_count);
    add_number(buffer, result->input_codes.distinct > 0, (double)result->input_codes.distinct);
    add_number(buffer, result->output_codes.distinct > 0, (double)result->output_codes.distinct);
    for (int i = 0; i < result->defect_count; i++)
        ns_buffer_format(buffer, "%s%s", i ? " " : "", ns_defect_get_info(result->defects[i])->id);
    ns_buffer_append(buffer, "\r\n", 2);
}

ns_code ns_report_csv(const ns_suite_result *result, ns_buffer *buffer, ns_error *error)
{
    ns_buffer_format(buffer, "%s\r\n", COLUMNS);
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *row = ns_suite_case(result, i);
        for (int s = 0; s < row->stage_count; s++)
            add_stage(buffer, row, &row->stages[s]);
    }
    return ns_buffer_finish(buffer, "the CSV report", error);
}
