/* Text table: the rows, and what the paragraphs under it share. */
#ifndef NS_REPORT_TEXT_TABLE_H
#define NS_REPORT_TEXT_TABLE_H

#include "report/report.h"

typedef struct ns_text_report {
    const ns_suite_result *result;
    bool colour;
    FILE *out;
    int op_width, target_width, case_width;
} ns_text_report;

/* The colour of a verdict, and the end of it; "" without colour. */
const char *ns_text_colour(const ns_text_report *report, ns_verdict verdict);
const char *ns_text_plain(const ns_text_report *report);

/* A number in at most 6 columns, or a dB figure in at most 5; "-" for NaN. Returns `text`. */
const char *ns_text_number(double value, int decimals, char *text, size_t size);

/* Prints `text` broken at spaces, each line indented; a longer word is broken where the line ends. */
void ns_text_wrap(FILE *out, int indent, const char *text);

/* The table: its heading and a line for each row. */
void ns_text_table(ns_text_report *report);

#endif
