#include "report/report.h"

#include <math.h>
#include <string.h>

#include "report/internal.h"

static void append_attribute(ns_buffer *buffer, const char *name, const char *value)
{
    ns_buffer_format(buffer, " %s=\"", name);
    ns_report_escape(buffer, value);
    ns_buffer_append(buffer, "\"", 1);
}

static void append_stage(ns_buffer *buffer, const ns_case_result *result, const ns_stage_result *stage)
{
    char index[128];
    ns_buffer_format(buffer, "%s: %s", ns_stage_text(stage->stage), ns_verdict_text(stage->verdict));
    if (stage->measured && isnan(stage->max_abs_error))
        ns_buffer_format(buffer, ", no float reference; %zu elements beyond the tolerance", stage->beyond);
    else if (stage->measured && isnan(stage->max_steps))
        ns_buffer_format(buffer, ", at most %.6g from ideal, %.4g dB; no scale is known",
                         stage->max_abs_error, stage->sqnr_db);
    else if (stage->measured)
        ns_buffer_format(
            buffer, ", at most %.6g steps from ideal, %.6g on average, %.4g dB; worst at %s",
            stage->max_steps, stage->mean_steps, stage->sqnr_db,
            ns_report_index(ns_report_output(result, stage), stage->worst_element, index, sizeof index));
    ns_buffer_append(buffer, "\n", 1);
}

static void append_case(ns_buffer *buffer, const ns_case_result *result)
{
    ns_buffer_format(buffer, "    <testcase");
    append_attribute(buffer, "name", result->name);
    ns_buffer_format(buffer, " classname=\"npuscope.");
    ns_report_escape(buffer, result->target);
    ns_buffer_append(buffer, ".", 1);
    ns_report_escape(buffer, result->op);
    ns_buffer_format(buffer, "\" time=\"%.6f\">\n", result->seconds);
    if (result->verdict == NS_VERDICT_FAIL) {
        ns_buffer_format(buffer, "      <failure");
        append_attribute(buffer, "type", ns_stage_blame(result->at_fault));
        append_attribute(buffer, "message", result->reason ? result->reason : "");
        ns_buffer_format(buffer, "/>\n");
    } else if (result->verdict == NS_VERDICT_NOT_COMPILED || result->verdict == NS_VERDICT_INVALID) {
        ns_buffer_format(buffer, "      <error type=\"%s\"", ns_verdict_text(result->verdict));
        append_attribute(buffer, "message", result->reason ? result->reason : "");
        ns_buffer_format(buffer, "/>\n");
    } else if (result->verdict == NS_VERDICT_REJECTED || result->verdict == NS_VERDICT_SKIPPED) {
        ns_buffer_format(buffer, "      <skipped");
        append_attribute(buffer, "message", result->reason ? result->reason : "");
        ns_buffer_format(buffer, "/>\n");
    }
    ns_buffer_format(buffer, "      <system-out>");
    for (int i = 0; i < result->stage_count; i++)
        if (ns_stage_reference(result->stages[i].stage) != result->stages[i].stage)
            append_stage(buffer, result, &result->stages[i]);
    ns_buffer_format(buffer, "</system-out>\n    </testcase>\n");
}

/* The attributes that both the whole and each test suite have. */
static void append_counts(ns_buffer *buffer, const ns_suite_result *result, int from, int to)
{
    int failed = 0, errors = 0, skipped = 0;
    double seconds = 0;
    for (int i = from; i < to; i++) {
        const ns_case_result *row = ns_suite_case(result, i);
        failed += row->verdict == NS_VERDICT_FAIL;
        errors += row->verdict == NS_VERDICT_NOT_COMPILED || row->verdict == NS_VERDICT_INVALID;
        skipped += row->verdict == NS_VERDICT_REJECTED || row->verdict == NS_VERDICT_SKIPPED;
        seconds += row->seconds;
    }
    ns_buffer_format(buffer, " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=\"%.6f\">\n",
                     to - from, failed, errors, skipped, seconds);
}

/* The first row behind `start` that is of another operator. */
static int end_of_suite(const ns_suite_result *result, int start)
{
    const char *op = ns_suite_case(result, start)->op;
    int end = start + 1;
    while (end < result->case_count && strcmp(ns_suite_case(result, end)->op, op) == 0)
        end++;
    return end;
}

ns_code ns_report_junit(const ns_suite_result *result, ns_buffer *buffer, ns_error *error)
{
    ns_buffer_format(buffer,
                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"npuscope suite\"");
    append_counts(buffer, result, 0, result->case_count);
    for (int start = 0, end; start < result->case_count; start = end) {
        end = end_of_suite(result, start);
        ns_buffer_format(buffer, "  <testsuite");
        append_attribute(buffer, "name", ns_suite_case(result, start)->op);
        append_counts(buffer, result, start, end);
        for (int i = start; i < end; i++)
            append_case(buffer, ns_suite_case(result, i));
        ns_buffer_format(buffer, "  </testsuite>\n");
    }
    ns_buffer_format(buffer, "</testsuites>\n");
    return ns_buffer_finish(buffer, "the JUnit report", error);
}
