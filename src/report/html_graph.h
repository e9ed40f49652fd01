/* HTML graph: a case's graph as boxes. */
#ifndef NS_REPORT_HTML_GRAPH_H
#define NS_REPORT_HTML_GRAPH_H

#include "report/report.h"

/* The case's graph as boxes, from the top down. */
void ns_html_graph(ns_buffer *buffer, const ns_case_details *details);

#endif
