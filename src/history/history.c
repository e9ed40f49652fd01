#include "history/internal.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/system.h"
#include "npuscope/version.h"

/* Milliseconds that a writer waits for another. */
enum { PATIENCE = 60000 };

/* What brings the schema from version i to i + 1 (PRAGMA user_version); what stands here is never changed. */
static const char *const migrations[] = {
    "CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, version TEXT NOT NULL,"
    " vela TEXT NOT NULL, catalogue TEXT NOT NULL, seed INTEGER NOT NULL);"
    "CREATE TABLE rows (run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, number INTEGER NOT NULL,"
    " op TEXT NOT NULL, name TEXT NOT NULL, target TEXT NOT NULL, verdict TEXT NOT NULL, sqnr_db REAL,"
    " max_steps REAL, PRIMARY KEY (run, number)) WITHOUT ROWID;",
    "ALTER TABLE runs ADD COLUMN label TEXT NOT NULL DEFAULT '';",
    "ALTER TABLE runs ADD COLUMN source TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE items (run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, list TEXT NOT NULL,"
    " key TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (run, list, key)) WITHOUT ROWID;",
};
enum { SCHEMA = sizeof migrations / sizeof migrations[0] };

static ns_code fail(const ns_history *h, ns_error *error)
{
    const int code = sqlite3_errcode(h->db);
    return ns_fail(error,
                   code == SQLITE_NOMEM                            ? NS_ERROR_MEMORY
                   : code == SQLITE_NOTADB || code == SQLITE_ERROR ? NS_ERROR_INPUT
                                                                   : NS_ERROR_IO,
                   "%s: %s", h->path, sqlite3_errmsg(h->db));
}

ns_code ns_history_run_sql(const ns_history *h, const char *sql, ns_error *error)
{
    return sqlite3_exec(h->db, sql, NULL, NULL, NULL) == SQLITE_OK ? NS_OK : fail(h, error);
}

ns_code ns_history_prepare(const ns_history *h, const char *sql, sqlite3_stmt **out, ns_error *error)
{
    return sqlite3_prepare_v2(h->db, sql, -1, out, NULL) == SQLITE_OK ? NS_OK : fail(h, error);
}

static ns_code read_number(const ns_history *h, const char *sql, int64_t *out, ns_error *error)
{
    sqlite3_stmt *statement = NULL;
    NS_TRY(ns_history_prepare(h, sql, &statement, error));
    const bool row = sqlite3_step(statement) == SQLITE_ROW;
    if (row)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return row ? NS_OK : fail(h, error);
}

/* ---- opening ---- */

/* Within a transaction, so that of two that open an old database one migrates. */
static ns_code migrate(const ns_history *h, ns_error *error)
{
    int64_t version = 0;
    NS_TRY(read_number(h, "PRAGMA user_version", &version, error));
    if (version < 0 || version > SCHEMA)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s has schema %lld; this npuscope knows up to %d: use a newer one", h->path,
                       (long long)version, SCHEMA);
    for (; version < SCHEMA; version++) {
        char sql[64];
        NS_TRY(ns_history_run_sql(h, migrations[version], error));
        snprintf(sql, sizeof sql, "PRAGMA user_version = %lld", (long long)version + 1);
        NS_TRY(ns_history_run_sql(h, sql, error));
    }
    return NS_OK;
}

/* Everything that the database declares, as text. */
static ns_code read_schema(const ns_history *h, char **out, ns_error *error)
{
    sqlite3_stmt *statement = NULL;
    NS_TRY(
        ns_history_prepare(h,
                           "SELECT coalesce(group_concat(type || name || coalesce(sql, ''), char(10)), '') "
                           "FROM (SELECT * FROM sqlite_master ORDER BY name)",
                           &statement, error));
    const bool row = sqlite3_step(statement) == SQLITE_ROW;
    const char *text = row ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    *out = text ? strdup(text) : NULL;
    const ns_code code = *out  ? NS_OK
                         : row ? ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", h->path)
                               : fail(h, error);
    sqlite3_finalize(statement);
    return code;
}

/* What a database of `version` declares, in one that is made for it in memory. */
static ns_code make_schema(int64_t version, char **out, ns_error *error)
{
    ns_history h = {.path = "a history in memory"};
    ns_code code = sqlite3_open(":memory:", &h.db) == SQLITE_OK ? NS_OK : fail(&h, error);
    for (int i = 0; code == NS_OK && i < version; i++)
        code = ns_history_run_sql(&h, migrations[i], error);
    if (code == NS_OK)
        code = read_schema(&h, out, error);
    sqlite3_close(h.db);
    return code;
}

/* A stranger's views, triggers and computed columns would be run by whoever reads or writes: there are none.
 */
static ns_code check_schema(const ns_history *h, int64_t version, ns_error *error)
{
    char *has = NULL, *wanted = NULL;
    ns_code code = version < 0 || version > SCHEMA ? NS_OK : make_schema(version, &wanted, error);
    if (code == NS_OK && wanted)
        code = read_schema(h, &has, error);
    if (code == NS_OK && wanted && strcmp(has, wanted) != 0)
        code = ns_fail(error, NS_ERROR_INPUT, "%s is a database of something else", h->path);
    free(has);
    free(wanted);
    return code;
}

static ns_code bring_up_to_date(const ns_history *h, ns_error *error)
{
    int64_t version = 0;
    /* One transaction: another process may be migrating. */
    NS_TRY(ns_history_run_sql(h, "BEGIN", error));
    ns_code code = read_number(h, "PRAGMA user_version", &version, error);
    if (code == NS_OK)
        code = check_schema(h, version, error);
    ns_history_run_sql(h, "END", NULL);
    if (code != NS_OK || version == SCHEMA)
        return code;
    NS_TRY(ns_history_run_sql(h, "BEGIN IMMEDIATE", error));
    code = migrate(h, error);
    if (code == NS_OK)
        return ns_history_run_sql(h, "COMMIT", error);
    ns_history_run_sql(h, "ROLLBACK", NULL);
    return code;
}

ns_code ns_history_open(const char *path, bool create, ns_history **out, ns_error *error)
{
    ns_history *h = calloc(1, sizeof *h);
    *out = NULL;
    if (!h || !(h->path = strdup(path))) {
        free(h);
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", path);
    }
    const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    ns_code code = sqlite3_open_v2(path, &h->db, flags, NULL) == SQLITE_OK ? NS_OK : fail(h, error);
    if (code == NS_OK) {
        sqlite3_busy_timeout(h->db, PATIENCE);
        code = ns_history_run_sql(h, "PRAGMA foreign_keys = ON", error);
    }
    if (code == NS_OK)
        code = bring_up_to_date(h, error);
    if (code != NS_OK) {
        ns_history_close(h);
        return code;
    }
    *out = h;
    return NS_OK;
}

void ns_history_close(ns_history *h)
{
    if (!h)
        return;
    sqlite3_close(h->db);
    free((char *)h->path);
    free(h);
}

/* ---- adding ---- */

void ns_history_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    sqlite3_bind_text(statement, index, text ? text : "", -1, SQLITE_TRANSIENT);
}

/* Runs a statement that gives no rows, and forgets it. */
ns_code ns_history_finish(const ns_history *h, sqlite3_stmt *statement, ns_error *error)
{
    const bool done = sqlite3_step(statement) == SQLITE_DONE;
    const ns_code code = done ? NS_OK : fail(h, error);
    sqlite3_finalize(statement);
    return code;
}

ns_code ns_history_again(const ns_history *h, sqlite3_stmt *statement, ns_error *error)
{
    return sqlite3_reset(statement) == SQLITE_OK ? NS_OK : fail(h, error);
}

static ns_code add_run(const ns_history *h, const ns_suite_result *result, const char *label, ns_error *error)
{
    sqlite3_stmt *statement = NULL;
    char text[32];
    const time_t now = time(NULL);
    struct tm parts;
    ns_system_date(now, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    NS_TRY(ns_history_prepare(
        h, "INSERT INTO runs (time, version, vela, catalogue, seed, label) VALUES (?, ?, ?, ?, ?, ?)",
        &statement, error));
    ns_history_bind_text(statement, 1, text);
    ns_history_bind_text(statement, 2, NS_VERSION_TEXT);
    ns_history_bind_text(statement, 3, result->vela);
    ns_history_bind_text(statement, 4, result->catalogue);
    sqlite3_bind_int64(statement, 5, (int64_t)result->seed);
    ns_history_bind_text(statement, 6, label);
    return ns_history_finish(h, statement, error);
}

/* NaN, nothing was measured, is NULL. */
static void bind_real(sqlite3_stmt *statement, int index, double value)
{
    if (!isnan(value))
        sqlite3_bind_double(statement, index, value);
}

ns_code ns_history_put_row(const ns_history *h, int64_t run, int64_t number, const ns_history_row *row,
                           ns_error *error)
{
    sqlite3_stmt *statement = NULL;
    const ns_row_figures figures = row->figures;
    NS_TRY(ns_history_prepare(h, "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)", &statement,
                              error));
    sqlite3_bind_int64(statement, 1, run);
    sqlite3_bind_int64(statement, 2, number);
    ns_history_bind_text(statement, 3, row->op);
    ns_history_bind_text(statement, 4, row->name);
    ns_history_bind_text(statement, 5, row->target);
    ns_history_bind_text(statement, 6, ns_verdict_text(figures.verdict));
    bind_real(statement, 7, figures.sqnr_db);
    bind_real(statement, 8, figures.max_steps);
    return ns_history_finish(h, statement, error);
}

static ns_code add_all(const ns_history *h, const ns_suite_result *result, const char *label, int64_t *id,
                       ns_error *error)
{
    NS_TRY(add_run(h, result, label, error));
    *id = sqlite3_last_insert_rowid(h->db);
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *one = ns_suite_case(result, i);
        const ns_history_row row = {one->op, one->name, one->target, ns_history_figures(one)};
        NS_TRY(ns_history_put_row(h, *id, i, &row, error));
    }
    return ns_suite_check(result, error);
}

ns_code ns_history_add(ns_history *h, const ns_suite_result *result, const char *label, int64_t *id,
                       ns_error *error)
{
    NS_TRY(ns_history_run_sql(h, "BEGIN IMMEDIATE", error));
    const ns_code code = add_all(h, result, label, id, error);
    if (code == NS_OK)
        return ns_history_run_sql(h, "COMMIT", error);
    ns_history_run_sql(h, "ROLLBACK", NULL);
    return code;
}

/* ---- reading ---- */

static const char *text_at(sqlite3_stmt *statement, int column, ns_arena *arena)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return ns_arena_string(arena, text ? text : "");
}

static ns_code no_memory(const ns_history *h, ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its runs", h->path);
}

static bool find_verdict(const char *text, ns_verdict *out)
{
    for (int v = 0; v < NS_VERDICT_COUNT; v++)
        if (strcmp(ns_verdict_text((ns_verdict)v), text) == 0) {
            *out = (ns_verdict)v;
            return true;
        }
    return false;
}

/* Of all entries, which lie by their ids, in one walk over the rows. */
static ns_code count_verdicts(const ns_history *h, ns_history_entry *entries, int count, ns_error *error)
{
    sqlite3_stmt *statement = NULL;
    NS_TRY(ns_history_prepare(h, "SELECT run, verdict, count(*) FROM rows GROUP BY run, verdict ORDER BY run",
                              &statement, error));
    int code, i = 0;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const int64_t run = sqlite3_column_int64(statement, 0);
        const char *text = (const char *)sqlite3_column_text(statement, 1);
        ns_verdict verdict;
        while (i < count && entries[i].id < run)
            i++;
        if (i < count && entries[i].id == run && text && find_verdict(text, &verdict))
            entries[i].counts[verdict] = sqlite3_column_int64(statement, 2);
    }
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? NS_OK : fail(h, error);
}

static bool read_entry(sqlite3_stmt *statement, ns_arena *arena, ns_history_entry *out)
{
    *out = (ns_history_entry){.id = sqlite3_column_int64(statement, 0),
                              .time = text_at(statement, 1, arena),
                              .version = text_at(statement, 2, arena),
                              .vela = text_at(statement, 3, arena),
                              .catalogue = text_at(statement, 4, arena),
                              .seed = sqlite3_column_int64(statement, 5),
                              .label = text_at(statement, 6, arena)};
    return out->time && out->version && out->vela && out->catalogue && out->label;
}

ns_code ns_history_list(ns_history *h, ns_arena *arena, ns_history_entry **out, int *count, ns_error *error)
{
    sqlite3_stmt *statement = NULL;
    int64_t runs = 0;
    *count = 0;
    NS_TRY(read_number(h, "SELECT count(*) FROM runs", &runs, error));
    *out = NS_ARENA_ARRAY(arena, (size_t)runs, ns_history_entry);
    if (!*out)
        return no_memory(h, error);
    NS_TRY(ns_history_prepare(h,
                              "SELECT id, time, version, vela, catalogue, seed, label FROM runs ORDER BY id",
                              &statement, error));
    bool complete = true;
    while (complete && *count < runs && sqlite3_step(statement) == SQLITE_ROW)
        complete = read_entry(statement, arena, &(*out)[(*count)++]);
    sqlite3_finalize(statement);
    return complete ? count_verdicts(h, *out, *count, error) : no_memory(h, error);
}

static double real_at(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL ? NAN
                                                                 : sqlite3_column_double(statement, column);
}

static bool read_row(sqlite3_stmt *statement, ns_history_row *out)
{
    const char *text[4];
    for (int i = 0; i < 4; i++)
        text[i] = (const char *)sqlite3_column_text(statement, i);
    *out = (ns_history_row){
        text[0], text[1], text[2], {NS_VERDICT_SKIPPED, real_at(statement, 4), real_at(statement, 5)}};
    if (text[3])
        find_verdict(text[3], &out->figures.verdict);
    return text[0] && text[1] && text[2] && text[3];
}

ns_code ns_history_each(const ns_history *h, int64_t run, ns_history_take take, void *context,
                        ns_error *error)
{
    sqlite3_stmt *rows = NULL;
    NS_TRY(ns_history_prepare(
        h, "SELECT op, name, target, verdict, sqnr_db, max_steps FROM rows WHERE run = ? ORDER BY number",
        &rows, error));
    sqlite3_bind_int64(rows, 1, run);
    ns_code code = NS_OK;
    int step = SQLITE_ROW;
    while (code == NS_OK && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        ns_history_row row;
        code = read_row(rows, &row) ? take(context, &row, error) : no_memory(h, error);
    }
    if (code == NS_OK && step != SQLITE_DONE)
        code = fail(h, error);
    sqlite3_finalize(rows);
    return code;
}

static ns_code read_run(const ns_history *h, int64_t id, sqlite3_stmt *statement, ns_arena *arena,
                        ns_history_run *out, ns_error *error)
{
    sqlite3_bind_int64(statement, 1, id);
    if (sqlite3_step(statement) != SQLITE_ROW)
        return ns_fail(error, NS_ERROR_USAGE, "%s has no run %lld (npuscope history list shows them)",
                       h->path, (long long)id);
    out->seed = sqlite3_column_int64(statement, 0);
    const int64_t rows = sqlite3_column_int64(statement, 1);
    out->rows = NS_ARENA_ARRAY(arena, (size_t)rows, ns_history_row);
    return out->rows ? NS_OK : no_memory(h, error);
}

typedef struct keeping {
    const ns_history *history;
    ns_arena *arena;
    int64_t most;
    ns_history_run *run;
} keeping;

static ns_code keep_row(void *context, const ns_history_row *row, ns_error *error)
{
    const keeping *k = context;
    if (k->run->count >= k->most)
        return NS_OK;
    const ns_history_row copy = {ns_arena_string(k->arena, row->op), ns_arena_string(k->arena, row->name),
                                 ns_arena_string(k->arena, row->target), row->figures};
    k->run->rows[k->run->count++] = copy;
    return copy.op && copy.name && copy.target ? NS_OK : no_memory(k->history, error);
}

ns_code ns_history_read(ns_history *h, int64_t id, ns_arena *arena, ns_history_run *out, ns_error *error)
{
    sqlite3_stmt *head = NULL;
    *out = (ns_history_run){0};
    NS_TRY(ns_history_prepare(
        h, "SELECT seed, (SELECT count(*) FROM rows WHERE run = id) FROM runs WHERE id = ?", &head, error));
    const ns_code code = read_run(h, id, head, arena, out, error);
    keeping kept = {h, arena, code == NS_OK ? sqlite3_column_int64(head, 1) : 0, out};
    sqlite3_finalize(head);
    NS_TRY(code);
    return ns_history_each(h, id, keep_row, &kept, error);
}

ns_code ns_history_prune(ns_history *h, int64_t keep, int *removed, ns_error *error)
{
    sqlite3_stmt *statement = NULL;
    NS_TRY(ns_history_prepare(
        h, "DELETE FROM runs WHERE id NOT IN (SELECT id FROM runs ORDER BY id DESC LIMIT ?)", &statement,
        error));
    sqlite3_bind_int64(statement, 1, keep);
    NS_TRY(ns_history_finish(h, statement, error));
    *removed = sqlite3_changes(h->db);
    return NS_OK;
}
