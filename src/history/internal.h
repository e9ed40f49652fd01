/* What the files of history give each other. */
#ifndef NS_HISTORY_INTERNAL_H
#define NS_HISTORY_INTERNAL_H

#include <sqlite3.h>

#include "history/interface.h"

struct ns_history {
    sqlite3 *db;
    const char *path;
};

/* ---- history.c ---- */

ns_code ns_history_run_sql(const ns_history *history, const char *sql, ns_error *error);
ns_code ns_history_prepare(const ns_history *history, const char *sql, sqlite3_stmt **out, ns_error *error);
void ns_history_bind_text(sqlite3_stmt *statement, int index, const char *text);

/* Runs a statement that gives no rows, and forgets it. */
ns_code ns_history_finish(const ns_history *history, sqlite3_stmt *statement, ns_error *error);

/* A row of run `run`, in place of the one of its number. */
ns_code ns_history_put_row(const ns_history *history, int64_t run, int64_t number, const ns_history_row *row,
                           ns_error *error);

#endif
