/* What the files of report give each other. */
#ifndef NS_REPORT_INTERNAL_H
#define NS_REPORT_INTERNAL_H

#include "base/bytes.h"
#include "npuscope/arena.h"
#include "npuscope/diagnose.h"
#include "npuscope/measure.h"
#include "npuscope/sweep.h"
#include "report/interface.h"
#include "report/report.h"

/* ---- diagnose_words.c ---- */

/* What the reports of a diagnosis have in common: figures and places in words. */

/* "12.3 dB", "no error" or "not known". Returns `text`. */
const char *ns_diagnose_decibels(double value, char text[32]);

/* The verdict of both halves, with its reason: "healthy: nothing to blame", or that of the compile half first
 * where only that has findings. Returns `text`. */
enum { NS_DIAGNOSE_HEADLINE = 400 };
const char *ns_diagnose_headline(const ns_diagnose_result *result, char text[NS_DIAGNOSE_HEADLINE]);

/* With whom a blamed stage costs what it costs: faults in series hide each other. "": it does by itself. */
const char *ns_diagnose_company(const ns_diagnose_precision *precision, int index);

/* What the first mends of all blamed stages bring together; "": there is one at most, or none. */
const char *ns_diagnose_all_mends(const ns_diagnose_precision *precision, char text[NS_DIAGNOSE_HEADLINE]);

/* "[1,48,1]". Returns `text`. */
const char *ns_diagnose_shape(const ns_diagnose_stage *stage, char *text, size_t size);

/* "tanh(code * 0.000153) / 3.05e-05, every knot within 0.50 steps"; "": no table, or none that is known. */
const char *ns_diagnose_formula(const ns_diagnose_stage *stage, char *text, size_t size);

/* Has the stage been blamed? */
bool ns_diagnose_is_blamed(const ns_diagnose_precision *precision, int stage);

/* The stage that costs most of those that are not blamed, or -1. */
int ns_diagnose_next(const ns_diagnose_precision *precision);

/* What is said of a configuration in one cell: the reason, the known defect with its proof, what avoids it;
 * "" where there is nothing. NULL: no memory. */
const char *ns_diagnose_compile_words(const ns_diagnose_compile *row, ns_arena *arena);

/* ---- escape.c ---- */

/* Text for XML and HTML: markup characters as entities, control characters as '?'. */

void ns_report_escape(ns_buffer *buffer, const char *text);

/* ---- html_case.c ---- */

/* HTML case: one row of the page, and its details. */

/* A row that opens into the details of its case. */
void ns_html_case(ns_buffer *buffer, const ns_suite_result *result, int index);

/* ---- html_graph.c ---- */

/* HTML graph: a case's graph as boxes. */

/* The case's graph as boxes, from the top down. */
void ns_html_graph(ns_buffer *buffer, const ns_case_details *details);

/* ---- html_sweep.c ---- */

/* HTML sweep: a curve over all codes. */

/* Curve and figures of a sweep. `vela_missing`: why the NPU did not run though it was wanted; or NULL. */
void ns_html_sweep(ns_buffer *buffer, const ns_sweep_result *sweep, const char *vela_missing);

/* ---- markup.c ---- */

/* Markup: what the parts of the suite's page share. All of them append to a buffer whose `failed` the caller
 * looks at once, at the end. */

/* The mark beside a verdict's word, so that colour is not alone in telling verdicts apart. */
const char *ns_html_symbol(ns_verdict verdict);

/* Markup as it stands, and a user's text with its markup characters escaped. */
void ns_html_append(ns_buffer *buffer, const char *markup);
void ns_html_text(ns_buffer *buffer, const char *text);

/* The same for text of several lines, in <pre>. */
void ns_html_lines(ns_buffer *buffer, const char *text);

/* "<b class="pass">..", symbol and word. */
void ns_html_verdict(ns_buffer *buffer, ns_verdict verdict);

/* A number, or "inf", "-inf", "-" for what is none. */
void ns_html_number(ns_buffer *buffer, double value, const char *format);

/* The name by which a link reaches row `index`: operator, case and target, made fit for an address. Row
 * numbers keep rows apart whose names would be the same. Returns `text`. */
const char *ns_html_anchor(const ns_suite_result *result, int index, char *text, size_t size);

/* Bars: how many of something have an error in each bin of NS_ERROR_BIN_BOUNDS, on a logarithmic scale, with
 * the number over each bar. `what` says what is counted: "elements". */
void ns_html_histogram(ns_buffer *buffer, const size_t bins[NS_ERROR_BINS], const char *what);

/* ---- page.c ---- */

/* The next table's cells go to `buffer`, which is a page's own unless it is another report's. */
struct ns_page {
    ns_buffer own, *buffer;
    int columns, column; /* of the table, and of the next cell */
    const ns_page_column *heads;
};

/* A page up to and with <body>, and its end with the script. */
void ns_html_begin(ns_buffer *buffer, const char *title);
void ns_html_end(ns_buffer *buffer);

/* The class by which an error in steps is coloured: "" for none, "e1" (below 1) to "e5" (1,000 and more). */
const char *ns_page_heat_class(double steps);

/* ---- text_failures.c ---- */

/* The columns from which on the suite's table has all that there is. */
#define NS_TEXT_WIDE 100

typedef struct ns_text_report {
    const ns_suite_result *result;
    bool colour, narrow;
    FILE *out;
    int op_width, target_width, case_width;
    int name_width; /* of operator and case together */
} ns_text_report;

/* Rows of a verdict whose reasons are told, each cause once, with all rows that it has. */
void ns_text_failures(const ns_text_report *report);
void ns_text_reasons(const ns_text_report *report, ns_verdict verdict);

/* ---- text_table.c ---- */

/* Text table: the rows, and what the paragraphs under it share. */

/* The colour of a verdict, and the end of it; "" without colour. */
const char *ns_text_colour(const ns_text_report *report, ns_verdict verdict);
const char *ns_text_plain(const ns_text_report *report);

/* A number in at most 6 columns, or a dB figure in at most 5; "-" for NaN. Returns `text`. */
const char *ns_text_number(double value, int decimals, char *text, size_t size);

/* Prints `text` broken at spaces, each line indented; a longer word has a line of its own. */
void ns_text_wrap(FILE *out, int indent, const char *text);

/* The table: its heading and a line for each row. */
void ns_text_table(ns_text_report *report);

#endif
