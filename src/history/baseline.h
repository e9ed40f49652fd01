/* Baseline: a run of the suite against an earlier one. */
#ifndef NS_HISTORY_BASELINE_H
#define NS_HISTORY_BASELINE_H

#include "base/bytes.h"
#include "npuscope/suite.h"

/* A row of a run, by what names it. */
typedef struct ns_history_row {
    const char *op, *name, *target;
    ns_row_figures figures;
} ns_history_row;

/* What is compared of a run. */
typedef struct ns_history_run {
    int64_t seed;
    int count;
    ns_history_row *rows;
} ns_history_run;

ns_row_figures ns_history_figures(const ns_case_result *result);
ns_code ns_history_of_result(const ns_suite_result *result, ns_arena *arena, ns_history_run *out,
                             ns_error *error);

/* The JSON document of an earlier run. NS_ERROR_INPUT where it is none. The first takes its bytes; messages
 * call them `name`. */
ns_code ns_history_parse_json(const char *name, ns_bytes bytes, ns_arena *arena, ns_history_run *out,
                              ns_error *error);
ns_code ns_history_read_json(const char *path, ns_arena *arena, ns_history_run *out, ns_error *error);

/* `after` against `before`, which messages and reports call `file`. NS_ERROR_USAGE where their seeds differ:
 * their data are others. */
ns_code ns_history_compare(const char *file, const ns_history_run *before, const ns_history_run *after,
                           ns_arena *arena, const ns_suite_baseline **out, ns_error *error);

/* How many earlier rows have the name of row `index`. */
int ns_history_number_of(const ns_history_run *run, int index);

#endif
