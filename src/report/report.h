/* Reports: a suite's results as text, JSON, JUnit, Markdown and HTML. They read result structs and compute
 * nothing. */
#ifndef NS_REPORT_REPORT_H
#define NS_REPORT_REPORT_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/interface.h"
#include "npuscope/defects.h"
#include "npuscope/suite.h"
#include "npuscope/vela_diff.h"

/* Columns that no paragraph of the text report exceeds, but for longer words. */
#define NS_REPORT_COLUMNS 80

/* What is to be known about cases that failed or were rejected, each cause once, the table and the summary.
 * Colour is ANSI's. `columns` of a terminal, 0: none: with less than 100 a table without mean errors and
 * floors, in which long names have a line of their own. Nothing is left out of a name. */
void ns_report_text(const ns_suite_result *result, bool colour, size_t columns, FILE *out);

/* "against FILE: .." and a line for each row that is not the same. */
void ns_report_baseline(const ns_suite_baseline *baseline, FILE *out);

/* The names of the selected rows, one line each: operator, case, target. */
void ns_report_list(const ns_suite_result *result, FILE *out);

/* Documents go to `buffer`, which may have a sink; nothing but that is in memory at one time, except for
 * Markdown and HTML, which want all rows in `cases`. NS_ERROR_MEMORY, or what the sink says. */

/* The document npuscope/suite/1 (docs/suite.schema.json). */
ns_code ns_report_json(const ns_suite_result *result, ns_buffer *buffer, ns_error *error);

/* JUnit XML as Jenkins, GitLab and pytest write and read it: a test suite per operator, a test case per row.
 * A rejected case is a skipped test whose message says why. */
ns_code ns_report_junit(const ns_suite_result *result, ns_buffer *buffer, ns_error *error);

/* A table for a spreadsheet: a line for each stage of each row. */
ns_code ns_report_csv(const ns_suite_result *result, ns_buffer *buffer, ns_error *error);

/* A summary for a CI job's page. */
ns_code ns_report_markdown(const ns_suite_result *result, ns_buffer *buffer, ns_error *error);

/* One self-contained page: no network, readable on a phone and in dark mode. */
ns_code ns_report_html(const ns_suite_result *result, ns_buffer *buffer, ns_error *error);

/* What is to be said of a known defect, as members of the object that is open. */
void ns_report_known_defect(ns_json *json, ns_defect defect);

/* How many rows were rejected for the reason of row `index`; 0 unless that row is rejected and the first with
 * its reason, so that a loop over all rows meets each reason once. */
int ns_report_rejected(const ns_suite_result *result, int index);

/* The output that holds the stage's worst element. */
const ns_tensor *ns_report_output(const ns_case_result *result, const ns_stage_result *stage);

/* Whether a summary counts the verdict: the rare ones only where there is such a row. */
bool ns_report_counts(const ns_suite_result *result, ns_verdict verdict);

/* Whether the row's graph meets the known defect. */
bool ns_report_meets(const ns_case_result *result, ns_defect defect);

/* Whether two reasons say the same, but for numbers; NULL is "". */
bool ns_report_same_words(const char *a, const char *b);

/* What the stage was compared with: "quantised"; "": with nothing. */
const char *ns_report_reference(const ns_stage_result *stage);

/* What one stage gave; NULL where the result does not have it. */
const ns_stage_result *ns_report_stage(const ns_case_result *result, ns_stage stage);

/* The stage whose errors are the result's: eval, or of a model that is compiled already npu. NULL: neither
 * ran. */
const ns_stage_result *ns_report_result_stage(const ns_case_result *result);

/* Row-major element `element` of `tensor` as coordinates, "[0, 3]". Returns `text`. */
const char *ns_report_index(const ns_tensor *tensor, size_t element, char *text, size_t size);

/* Fills at[0 .. tensor->rank) with the coordinates of row-major element `element`. */
void ns_report_coordinates(const ns_tensor *tensor, size_t element, int64_t *at);

/* The graphs on which two compilations differ or one is not right, and the counts. */
void ns_report_vela_diff(const ns_vela_diff_result *result, FILE *out);

/* The document npuscope/vela-diff/1, in memory of `arena`. */
ns_code ns_report_vela_diff_json(const ns_vela_diff_result *result, ns_arena *arena, ns_bytes *out,
                                 ns_error *error);

#endif
