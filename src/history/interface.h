/* What history gives the rooms above it: runs of the suite in an SQLite database, with the schema's version
 * in it. Several writers may use one database at once: each run is one transaction, and a writer waits for
 * the other. */
#ifndef NS_HISTORY_INTERFACE_H
#define NS_HISTORY_INTERFACE_H

#include "base/bytes.h"
#include "npuscope/suite.h"

/* ---- baseline.c ---- */

/* Baseline: a run of the suite against an earlier one. */

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

/* ---- history.c ---- */

typedef struct ns_history ns_history;

typedef struct ns_history_entry {
    int64_t id;
    const char *time;                               /* "2026-05-01T12:00:00Z" */
    const char *version, *vela, *catalogue, *label; /* "": none */
    int64_t seed, counts[NS_VERDICT_COUNT];
} ns_history_entry;

/* Opens a database and brings its schema up to date; makes it where `create`. NS_ERROR_INPUT: no database, or
 * one of a newer npuscope; NS_ERROR_IO: what SQLite says. */
ns_code ns_history_open(const char *path, bool create, ns_history **out, ns_error *error);
void ns_history_close(ns_history *history); /* NULL is allowed */

/* Adds a run; *id is its number. `label` may be NULL. */
ns_code ns_history_add(ns_history *history, const ns_suite_result *result, const char *label, int64_t *id,
                       ns_error *error);

/* What merging found. */
typedef struct ns_history_merged {
    int runs; /* that were not there */
    int rows, items;
} ns_history_merged;

/* Puts the results of one part of a split run into the run that they belong to, which is made where there is
 * none: the JSON of suite, sweep, diagnose, vela-diff or fuzz-vela, or the database of `suite --history`. In
 * one transaction; a result that is there already is replaced. `label` may be NULL. The counts are added to.
 */
ns_code ns_history_merge(ns_history *history, const char *file, const char *label, ns_history_merged *counts,
                         ns_error *error);

/* All runs, the oldest first. */
ns_code ns_history_list(ns_history *history, ns_arena *arena, ns_history_entry **out, int *count,
                        ns_error *error);

/* The rows of run `id`; NS_ERROR_USAGE where there is none. */
ns_code ns_history_read(ns_history *history, int64_t id, ns_arena *arena, ns_history_run *out,
                        ns_error *error);

/* Removes all but the last `keep` runs; *removed of them. */
ns_code ns_history_prune(ns_history *history, int64_t keep, int *removed, ns_error *error);

#endif
