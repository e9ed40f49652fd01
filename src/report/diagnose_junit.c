#include <string.h>

#include <math.h>

#include "report/interface.h"
#include "report/internal.h"

static void append_stage(ns_buffer *buffer, const ns_diagnose_precision *precision, int index)
{
    const ns_diagnose_stage *stage = &precision->stages[index];
    char a[32], b[32];
    ns_buffer_format(buffer, "    <testcase classname=\"npuscope.precision.%s\" name=\"", stage->op);
    ns_report_escape(buffer, stage->output);
    ns_buffer_format(buffer, "\" time=\"0\">\n");
    for (int i = 0; i < precision->blame_count; i++) {
        const ns_diagnose_blame *blame = &precision->blame[i];
        if (blame->stage != index)
            continue;
        ns_buffer_format(buffer, "      <failure type=\"%s\" message=\"",
                         ns_diagnose_cause_text(ns_diagnose_cause_family(blame->cause)));
        if (isfinite(blame->gain_db))
            ns_buffer_format(buffer, "costs %.1f dB%s; ", blame->gain_db, ns_diagnose_company(precision, i));
        ns_report_escape(buffer, blame->why);
        if (blame->mend_count) {
            ns_buffer_format(buffer, "; mend: ");
            ns_report_escape(buffer, blame->mends[0].text);
        }
        ns_buffer_format(buffer, "\"/>\n");
    }
    ns_buffer_format(buffer,
                     "      <system-out>local %.4g steps (%s), alone %s</system-out>\n    </testcase>\n",
                     stage->local_steps, ns_diagnose_decibels(stage->local_db, a),
                     ns_diagnose_decibels(stage->alone_db, b));
}

static void append_configuration(ns_buffer *buffer, const ns_diagnose_compile *row)
{
    ns_buffer_format(buffer,
                     "    <testcase classname=\"npuscope.compile.%s\" name=\"%s Vela %s\" time=\"0\">\n",
                     row->accelerator, row->memory_mode, row->vela);
    if (row->is_finding) {
        ns_buffer_format(buffer, "      <failure type=\"%s\" message=\"", row->verdict);
        const char *words = ns_diagnose_compile_words(row, buffer->arena);
        ns_report_escape(buffer, words && *words ? words : row->verdict);
        ns_buffer_format(buffer, "\"/>\n");
    } else if (strcmp(row->verdict, "unknown") == 0) { /* nothing to compare with */
        ns_buffer_format(buffer, "      <skipped message=\"");
        ns_report_escape(buffer, row->reason ? row->reason : row->verdict);
        ns_buffer_format(buffer, "\"/>\n");
    }
    ns_buffer_format(buffer, "    </testcase>\n");
}

/* A verdict that fails and blames no stage is a row of its own. */
static bool has_verdict(const ns_diagnose_precision *precision)
{
    return precision && ns_diagnose_verdict_fails(precision->verdict) && !precision->blame_count;
}

static void append_verdict(ns_buffer *buffer, const ns_diagnose_precision *precision)
{
    ns_buffer_format(buffer,
                     "    <testcase classname=\"npuscope.precision\" name=\"verdict\" time=\"0\">\n"
                     "      <failure type=\"%s\" message=\"",
                     ns_diagnose_verdict_text(precision->verdict));
    ns_report_escape(buffer, precision->reason);
    for (int i = 0; i < precision->note_count; i++) {
        ns_buffer_format(buffer, "; ");
        ns_report_escape(buffer, precision->notes[i]);
    }
    ns_buffer_format(buffer, "\"/>\n    </testcase>\n");
}

static int findings_of(const ns_diagnose_result *result)
{
    int findings = 0;
    for (int i = 0; i < result->compile_count; i++)
        findings += result->compile[i].is_finding;
    return findings;
}

static void count(const ns_diagnose_result *result, int *tests, int *failures)
{
    const ns_diagnose_precision *precision = result->precision;
    *tests += (precision ? precision->stage_count : 0) + has_verdict(precision) + result->compile_count;
    *failures += (precision ? precision->blame_count : 0) + has_verdict(precision) + findings_of(result);
    for (int i = 0; i < result->part_count; i++)
        count(&result->parts[i], tests, failures);
}

static void append_suite(ns_buffer *buffer, const ns_diagnose_result *result, const char *half, int tests,
                         int failures)
{
    ns_buffer_format(buffer, "  <testsuite name=\"");
    if (result->part) {
        ns_report_escape(buffer, result->part);
        ns_buffer_format(buffer, ": ");
    }
    ns_buffer_format(buffer, "%s\" tests=\"%d\" failures=\"%d\">\n", half, tests, failures);
}

static void append_suites(ns_buffer *buffer, const ns_diagnose_result *result)
{
    const ns_diagnose_precision *precision = result->precision;
    const int stages = precision ? precision->stage_count : 0;
    append_suite(buffer, result, "precision", stages + has_verdict(precision),
                 precision ? precision->blame_count + has_verdict(precision) : 0);
    if (has_verdict(precision))
        append_verdict(buffer, precision);
    for (int i = 0; i < stages; i++)
        append_stage(buffer, precision, i);
    ns_buffer_format(buffer, "  </testsuite>\n");
    append_suite(buffer, result, "compile", result->compile_count, findings_of(result));
    for (int i = 0; i < result->compile_count; i++)
        append_configuration(buffer, &result->compile[i]);
    ns_buffer_format(buffer, "  </testsuite>\n");
}

ns_code ns_report_diagnose_junit(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                 ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    int tests = 0, failures = 0;
    count(result, &tests, &failures);
    ns_buffer_format(
        &buffer, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%d\" failures=\"%d\">\n",
        tests, failures);
    if (!result->part_count)
        append_suites(&buffer, result);
    for (int i = 0; i < result->part_count; i++)
        append_suites(&buffer, &result->parts[i]);
    ns_buffer_format(&buffer, "</testsuites>\n");
    if (buffer.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the JUnit report");
    *out = (ns_bytes){buffer.data, buffer.size};
    return NS_OK;
}
