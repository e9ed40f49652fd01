/* What report gives the rooms above it. */
#ifndef NS_REPORT_INTERFACE_H
#define NS_REPORT_INTERFACE_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/interface.h"
#include "npuscope/diagnose.h"
#include "npuscope/measure.h"
#include "npuscope/search.h"
#include "npuscope/sweep.h"

/* ---- diagnose.c ---- */

/* Diagnose: what is to blame in a model, for people and for programs. */

/* The verdict first, then each blamed stage, then what is not to blame; then the compile half. */
void ns_report_diagnose_text(const ns_diagnose_result *result, FILE *out);

/* The document npuscope/diagnose/1 (docs/diagnose.schema.json), in memory of `arena`. */
ns_code ns_report_diagnose_json(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                ns_error *error);

/* A row for each stage, comma-separated, with a heading. */
ns_code ns_report_diagnose_csv(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                               ns_error *error);

/* JUnit XML: a test case for each stage, failed where it is blamed, and one for each configuration. */
ns_code ns_report_diagnose_junit(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                 ns_error *error);

/* A summary for a CI job's page. */
ns_code ns_report_diagnose_markdown(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                    ns_error *error);

/* Node data for Model Explorer with Arm's TOSA adapter: each stage's share of the error at the output in
 * percent, at the operator that it is named after. Nodes are <region>/op<index> there. */
ns_code ns_report_diagnose_nodes(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                 ns_error *error);

/* One self-contained page: verdict, findings with the table's curve, the way to float, the stages as a graph
 * coloured by their share of the loss, the error at the output. */
ns_code ns_report_diagnose_html(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out,
                                ns_error *error);

/* ---- diagnose_compile.c ---- */

/* Diagnose, compile half: which configurations are right, and each finding, for people. */

/* A line of counts, then a paragraph for each finding with all configurations that show it, then refusals. */
void ns_report_diagnose_compile_text(const ns_diagnose_result *result, FILE *out);

/* The first operation that departs, a line or more. */
void ns_report_diagnose_departure(const ns_diagnose_departure *first, FILE *out);

/* ---- page.c ---- */

/* Page: parts of a self-contained HTML page, for commands whose results no report of its own shows. A page
 * that could not be made is NULL, which only ns_page_finish takes: it says so. */
typedef struct ns_page ns_page;

typedef enum ns_page_kind { NS_PAGE_TEXT, NS_PAGE_NUMBER } ns_page_kind;
typedef enum ns_page_tone { NS_PAGE_PLAIN, NS_PAGE_GOOD, NS_PAGE_DOUBT, NS_PAGE_BAD } ns_page_tone;

typedef struct ns_page_column {
    const char *title; /* with the unit: "max error, steps" */
    ns_page_kind kind;
} ns_page_column;

/* `what`: the line beside the title. */
ns_page *ns_page_begin(ns_arena *arena, const char *title, const char *what);
void ns_page_heading(ns_page *page, const char *text);
void ns_page_note(ns_page *page, const char *text);

/* A table that sorts and filters by each column; cells follow row by row. `heads` must live until its end. */
void ns_page_table(ns_page *page, const char *caption, int columns, const ns_page_column *heads);
void ns_page_text(ns_page *page, const char *text);
void ns_page_number(ns_page *page, double value, const char *format);
/* A number coloured by the size of an error in steps. */
void ns_page_heat(ns_page *page, double value, const char *format, double steps);
void ns_page_word(ns_page *page, const char *word, ns_page_tone tone);
void ns_page_table_end(ns_page *page);

/* Bars of how many of something have an error in each bin of NS_ERROR_BIN_BOUNDS. */
void ns_page_bars(ns_page *page, const char *caption, const size_t bins[NS_ERROR_BINS], const char *what);

/* A square for each of rows x columns values, by row, coloured by their size; NaN and 0: none. Below it what
 * the colours mean, in `unit`. */
void ns_page_map(ns_page *page, const char *caption, const char *unit, int rows, int columns,
                 const double *values);

/* Curve and figures of a sweep. */
void ns_page_sweep(ns_page *page, const ns_sweep_result *sweep, const char *vela_missing);

/* `what` for the message: "the HTML page". */
ns_code ns_page_finish(ns_page *page, const char *what, ns_bytes *out, ns_error *error);

/* ---- search.c ---- */

/* Reports of a search for bad inputs: text, and the document npuscope/search/1 (docs/sweep.md). */

/* Within 100 columns: the worst element with what it depends on, the kinds of inputs, counts by error. */
void ns_report_search_text(const ns_search_result *result, FILE *out);

ns_code ns_report_search_json(const ns_search_result *result, ns_arena *arena, ns_bytes *out,
                              ns_error *error);

/* ---- sweep.c ---- */

/* Reports of a sweep: text, and the document npuscope/sweep/1 (docs/sweep.md). */

/* Within 100 columns: figures, the counts by error, an error curve of the stage over the codes. */
void ns_report_sweep_text(const ns_sweep_result *result, FILE *out);

ns_code ns_report_sweep_json(const ns_sweep_result *result, ns_arena *arena, ns_bytes *out, ns_error *error);

/* Counts by error, a line each; `what` is counted: "codes". The same as "bins", an array of
 * objects. */
void ns_report_bins(const size_t bins[NS_ERROR_BINS], const char *what, FILE *out);
void ns_report_bins_json(ns_json *json, const size_t bins[NS_ERROR_BINS], const char *what);

#endif
