/* Reports of a sweep: text, and the document npuscope/sweep/1 (docs/sweep.md). */
#ifndef NS_REPORT_SWEEP_H
#define NS_REPORT_SWEEP_H

#include <stdio.h>

#include "base/json.h"
#include "npuscope/sweep.h"

/* Within 100 columns: figures, the counts by error, an error curve of the stage over the codes. */
void ns_report_sweep_text(const ns_sweep_result *result, FILE *out);

ns_code ns_report_sweep_json(const ns_sweep_result *result, ns_arena *arena, ns_bytes *out, ns_error *error);

/* Counts by error, a line each; `what` is counted: "codes". The same as "bins", an array of
 * objects. */
void ns_report_bins(const size_t bins[NS_ERROR_BINS], const char *what, FILE *out);
void ns_report_bins_json(ns_json *json, const size_t bins[NS_ERROR_BINS], const char *what);

#endif
