/* Markup: what the parts of the suite's page share. All of them append to a buffer whose `failed` the caller
 * looks at once, at the end. */
#ifndef NS_REPORT_MARKUP_H
#define NS_REPORT_MARKUP_H

#include "report/report.h"

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

#endif
