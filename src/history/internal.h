/* What the files of history give each other. */
#ifndef NS_HISTORY_INTERNAL_H
#define NS_HISTORY_INTERNAL_H

#include <sqlite3.h>

#include "history/interface.h"

struct ns_history {
    sqlite3 *db;
    const char *path;
};

struct json_t;

/* ---- pieces.c ---- */

/* Where in a file a list begins; offset 0: nowhere. */
typedef struct ns_pieces_place {
    int64_t offset;
    int line;
} ns_pieces_place;

typedef struct ns_pieces ns_pieces;

/* NS_ERROR_IO: no regular file. `path` must outlive it. */
ns_code ns_pieces_open(const char *path, ns_pieces **out, ns_error *error);
void ns_pieces_close(ns_pieces *pieces); /* NULL is allowed */

/* Whether the file is an SQLite database: asked first. */
ns_code ns_pieces_is_database(ns_pieces *pieces, bool *out, ns_error *error);

/* The document, an object, without the arrays among its members that are called one of `lists` (NULL ends
 * them): null stands in their place, and places[i] says where they are. The caller gives it back with
 * json_decref. NS_ERROR_INPUT for bad JSON outside of those arrays, and for a key that is there twice. */
ns_code ns_pieces_members(ns_pieces *pieces, const char *const *lists, struct json_t **out,
                          ns_pieces_place *places, ns_error *error);

/* Gives `take` each element of the list at `place`. NS_ERROR_INPUT for bad JSON, and what `take` says. */
typedef ns_code (*ns_pieces_take)(void *context, struct json_t *element, ns_error *error);
ns_code ns_pieces_elements(ns_pieces *pieces, ns_pieces_place place, ns_pieces_take take, void *context,
                           ns_error *error);

/* ---- baseline.c ---- */

/* A row of the suite's JSON; its texts live as long as `json`. False where it lacks op, case, target or
 * verdict. */
bool ns_history_row_of_json(const struct json_t *json, ns_history_row *out);

/* ---- history.c ---- */

ns_code ns_history_run_sql(const ns_history *history, const char *sql, ns_error *error);
ns_code ns_history_prepare(const ns_history *history, const char *sql, sqlite3_stmt **out, ns_error *error);
void ns_history_bind_text(sqlite3_stmt *statement, int index, const char *text);

/* Runs a statement that gives no rows, and forgets it. */
ns_code ns_history_finish(const ns_history *history, sqlite3_stmt *statement, ns_error *error);

/* Behind a step: the statement is ready for the next. What the step failed with is told here. */
ns_code ns_history_again(const ns_history *history, sqlite3_stmt *statement, ns_error *error);

/* A row of run `run`, in place of the one of its number. */
ns_code ns_history_put_row(const ns_history *history, int64_t run, int64_t number, const ns_history_row *row,
                           ns_error *error);

/* Gives `take` each row of run `run`, by their numbers; a row's texts live until it returns. */
typedef ns_code (*ns_history_take)(void *context, const ns_history_row *row, ns_error *error);
ns_code ns_history_each(const ns_history *history, int64_t run, ns_history_take take, void *context,
                        ns_error *error);

#endif
