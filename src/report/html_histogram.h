/* HTML histogram: bars of errors by size. */
#ifndef NS_REPORT_HTML_HISTOGRAM_H
#define NS_REPORT_HTML_HISTOGRAM_H

#include "base/bytes.h"
#include "npuscope/measure.h"

/* Bars: how many of something have an error in each bin of NS_ERROR_BIN_BOUNDS, on a logarithmic scale, with
 * the number over each bar. `what` says what is counted: "elements". */
void ns_html_histogram(ns_buffer *buffer, const size_t bins[NS_ERROR_BINS], const char *what);

#endif
