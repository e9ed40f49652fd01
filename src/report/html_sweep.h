/* HTML sweep: a curve over all codes. */
#ifndef NS_REPORT_HTML_SWEEP_H
#define NS_REPORT_HTML_SWEEP_H

#include "base/bytes.h"
#include "npuscope/sweep.h"

/* Curve and figures of a sweep. `vela_missing`: why the NPU did not run though it was wanted; or NULL. */
void ns_html_sweep(ns_buffer *buffer, const ns_sweep_result *sweep, const char *vela_missing);

#endif
