/* The diagnosis for a CI job's page. */
#include <math.h>

#include "report/interface.h"
#include "report/internal.h"

/* Text in a line or a cell: '|' would end a cell, and a reader of Markdown obeys HTML and stars. */
static void append_text(ns_buffer *buffer, const char *text)
{
    for (; text && *text; text++)
        if (*text == '<')
            ns_buffer_format(buffer, "&lt;");
        else if (strchr("|*`\\[", *text))
            ns_buffer_format(buffer, "\\%c", *text);
        else
            ns_buffer_append(buffer, (unsigned char)*text < ' ' ? " " : text, 1);
}

static void append_blame(ns_buffer *buffer, const ns_diagnose_precision *precision)
{
    char a[32], b[32];
    if (precision->blame_count)
        ns_buffer_format(buffer, "\n| operator | output | cause | costs | ideal | mended | why | mend |\n"
                                 "|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < precision->blame_count; i++) {
        const ns_diagnose_blame *blame = &precision->blame[i];
        const ns_diagnose_stage *stage = &precision->stages[blame->stage];
        ns_buffer_format(buffer, "| %s %s", stage->op, stage->function ? stage->function : "");
        append_text(buffer, stage->location ? ", " : "");
        append_text(buffer, stage->location);
        ns_buffer_format(buffer, " | ");
        append_text(buffer, stage->output);
        ns_buffer_format(buffer, " | %s | ", ns_diagnose_cause_text(blame->cause));
        ns_buffer_format(buffer, isfinite(blame->gain_db) ? "%.1f dB" : "not known", blame->gain_db);
        ns_buffer_format(buffer, " | %s | %s | ", ns_diagnose_decibels(blame->knocked_out_db, a),
                         ns_diagnose_decibels(blame->mended_db, b));
        append_text(buffer, blame->why);
        ns_buffer_format(buffer, " | ");
        append_text(buffer, blame->mend_count ? blame->mends[0].text : "");
        ns_buffer_format(buffer, " |\n");
    }
}

static void append_precision(ns_buffer *buffer, const ns_diagnose_result *result)
{
    const ns_diagnose_precision *precision = result->precision;
    char headline[NS_DIAGNOSE_HEADLINE];
    const int bold = (int)strcspn(ns_diagnose_headline(result, headline), ":");
    char a[32], b[32];
    ns_buffer_format(
        buffer, "**%.*s**%s. %s against the float model: %s; limit by weights, constants and inputs: %s.\n",
        bold, headline, headline + bold, precision->measured ? "Measured" : "Expected",
        ns_diagnose_decibels(precision->against_float_db, a), ns_diagnose_decibels(precision->limit_db, b));
    append_blame(buffer, precision);
    if (*ns_diagnose_all_mends(precision, headline))
        ns_buffer_format(buffer, "\n%s\n", headline);
    for (int i = 0; i < precision->note_count; i++) {
        ns_buffer_format(buffer, i ? "- " : "\n- ");
        append_text(buffer, precision->notes[i]);
        ns_buffer_append(buffer, "\n", 1);
    }
}

static void append_compile(ns_buffer *buffer, const ns_diagnose_result *result)
{
    ns_buffer_format(buffer, "\n| accelerator | memory mode | Vela | verdict | first wrong | reason |\n"
                             "|---|---|---|---|---|---|\n");
    for (int i = 0; i < result->compile_count; i++) {
        const ns_diagnose_compile *row = &result->compile[i];
        ns_buffer_format(buffer, "| %s | %s | %s | %s | ", row->accelerator, row->memory_mode, row->vela,
                         row->verdict);
        append_text(buffer, row->departs ? row->first_wrong.operation : "");
        ns_buffer_format(buffer, " | ");
        append_text(buffer, ns_diagnose_compile_words(row, buffer->arena));
        ns_buffer_format(buffer, " |\n");
    }
}

static void append_result(ns_buffer *buffer, const ns_diagnose_result *result)
{
    if (result->part)
        ns_buffer_format(buffer, "#### %s\n\n", result->part);
    if (result->precision)
        append_precision(buffer, result);
    else if (result->precision_missing) {
        ns_buffer_format(buffer, "**not judged**: ");
        append_text(buffer, result->precision_missing);
        ns_buffer_format(buffer, "\n");
    }
    if (result->compile_count)
        append_compile(buffer, result);
    for (int i = 0; i < result->part_count; i++) {
        ns_buffer_format(buffer, i ? "\n" : "");
        append_result(buffer, &result->parts[i]);
    }
}

ns_code ns_report_diagnose_markdown(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                    ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_buffer_format(&buffer, "### npuscope diagnose: ");
    append_text(&buffer, result->model);
    ns_buffer_format(&buffer, "\n\n");
    append_result(&buffer, result);
    if (buffer.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the markdown report");
    *out = (ns_bytes){buffer.data, buffer.size};
    return NS_OK;
}
