/* HTML case: one row of the page, and its details. */
#ifndef NS_REPORT_HTML_CASE_H
#define NS_REPORT_HTML_CASE_H

#include "report/report.h"

/* A row that opens into the details of its case. */
void ns_html_case(ns_buffer *buffer, const ns_suite_result *result, int index);

#endif
