/* Results of the parts of a split run, put together in one database: the same whatever the order, and however
 * often a part is merged.
 *
 * A document becomes items, each with a key of its own (docs/many.md); what it shares with the other parts of
 * its run is the run's source. Times are left out: they differ from one run to the next. Of a document's
 * lists one item is in memory at a time. */
#include <jansson.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "history/internal.h"

#define FIELDS 6

/* Each kind of document: what names its run, and its lists of items with what names an item of one. */
static const struct kind {
    const char *schema, *command;
    const char *source[FIELDS];
    struct {
        const char *list; /* "": the document is the item; an object's member is one too */
        const char *key[FIELDS];
    } items[2];
} kinds[] = {
    {"npuscope/suite/1",
     "suite",
     {"version", "vela", "vela_flags", "catalogue", "seed"},
     {{"cases", {"op", "case", "target", "accelerator"}}}},
    {"npuscope/vela-diff/1",
     "vela-diff",
     {"version", "seed", "releases"},
     {{"graphs", {"graph", "accelerator"}}}},
    {"npuscope/diagnose/1",
     "diagnose",
     {"version", "model"},
     {{"compile", {"accelerator", "memory_mode", "vela", "flags"}}, {"precision", {NULL}}}},
    {"npuscope/sweeps/1", "sweep", {"seed"}, {{"sweeps", {"op", "case", "target"}}}},
    {"npuscope/sweep/1", "sweep", {NULL}, {{"", {"op", "case", "target"}}}},
    {"npuscope/search/1", "sweep", {"seed"}, {{"", {"op", "case", "target"}}}},
    {"npuscope/fuzz-vela/1", "fuzz-vela", {"seed"}, {{"", {"first", "shard", "shards"}}}},
};

/* All lists of the kinds. */
static const char *const lists[] = {"cases", "graphs", "compile", "precision", "sweeps", NULL};
enum { LISTS = sizeof lists / sizeof lists[0] - 1 };

typedef struct merging {
    ns_history *history;
    sqlite3_stmt *count, *put;
    ns_pieces *pieces;
    ns_pieces_place places[LISTS]; /* of the document's lists */
    json_t *known;                 /* the history's runs: a run's source: its number */
    ns_arena *scratch;             /* of one row */
    const char *file, *label;
    const struct kind *kind;
    int64_t run;
    int list, row; /* which of the kind's lists is read, which of its rows */
    ns_history_merged *counts;
} merging;

/* ---- documents ---- */

/* Takes out what says how long something took. */
static void forget_times(json_t *value)
{
    json_t *member;
    size_t index;
    const char *name;
    void *next;
    if (json_is_array(value)) {
        json_array_foreach(value, index, member) forget_times(member);
        return;
    }
    json_object_foreach_safe(value, next, name, member)
    {
        if (strcmp(name, "seconds") == 0 || strcmp(name, "reducing") == 0)
            json_object_del(value, name);
        else
            forget_times(member);
    }
}

/* The fields' values in one JSON array: text that is the same for the same values. */
static ns_code join(const json_t *object, const char *const *fields, const char *more, int nth, char **out,
                    ns_error *error)
{
    json_t *list = json_array();
    bool complete = list != NULL;
    for (int i = 0; complete && i < FIELDS && fields[i]; i++) {
        json_t *value = json_object_get(object, fields[i]);
        complete = json_array_append_new(list, value ? json_incref(value) : json_null()) == 0;
    }
    if (complete && more)
        complete = json_array_append_new(list, json_string(more)) == 0;
    if (complete && nth)
        complete = json_array_append_new(list, json_integer(nth)) == 0;
    *out = complete ? json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(list);
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory to merge a result");
}

/* ---- rows ---- */

/* How often each name was met in the file. A table of the connection's own, which is in memory as far as
 * SQLite's cache goes. */
static const char seen[] = "CREATE TEMP TABLE IF NOT EXISTS seen (list TEXT, key TEXT, nth INTEGER, "
                           "PRIMARY KEY (list, key)) WITHOUT ROWID; DELETE FROM seen";
static const char count_seen[] = "INSERT INTO seen VALUES (?, ?, 0) ON CONFLICT DO UPDATE SET nth = nth + 1 "
                                 "RETURNING nth";

static ns_code prepare(merging *m, ns_error *error)
{
    NS_TRY(ns_history_run_sql(m->history, seen, error));
    NS_TRY(ns_history_prepare(m->history, count_seen, &m->count, error));
    return ns_history_prepare(m->history, "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", &m->put, error);
}

/* How many items before this one have its key: several rows of one name are told by their order. */
static ns_code number_of(merging *m, const char *list, const char *key, int *out, ns_error *error)
{
    ns_history_bind_text(m->count, 1, list);
    ns_history_bind_text(m->count, 2, key);
    if (sqlite3_step(m->count) == SQLITE_ROW)
        *out = sqlite3_column_int(m->count, 0);
    return ns_history_again(m->history, m->count, error);
}

static ns_code put_item(merging *m, const char *list, const char *key, const char *json, ns_error *error)
{
    sqlite3_bind_int64(m->put, 1, m->run);
    ns_history_bind_text(m->put, 2, list);
    ns_history_bind_text(m->put, 3, key);
    ns_history_bind_text(m->put, 4, json);
    m->counts->items++;
    (void)sqlite3_step(m->put);
    return ns_history_again(m->history, m->put, error);
}

static ns_code add_item(merging *m, const char *list, const char *const *fields, const json_t *item, int nth,
                        ns_error *error)
{
    char *key = NULL, *text = json_dumps(item, JSON_COMPACT | JSON_SORT_KEYS);
    ns_code code = text ? join(item, fields, NULL, nth, &key, error)
                        : ns_fail(error, NS_ERROR_MEMORY, "no memory to merge a result");
    if (code == NS_OK)
        code = put_item(m, list, key, text, error);
    free(key);
    free(text);
    return code;
}

/* What history compares: of the suite alone. The row's number is made of its key, so that it does not turn on
 * the order of merging. */
static ns_code add_row(void *context, const ns_history_row *row, ns_error *error)
{
    merging *m = context;
    int nth = 0;
    ns_arena_reset(m->scratch);
    const char *key = ns_arena_format(m->scratch, "%s\n%s\n%s", row->op, row->name, row->target);
    if (key)
        NS_TRY(number_of(m, "", key, &nth, error));
    key = key ? ns_arena_format(m->scratch, "%s\n%d", key, nth) : NULL;
    if (!key)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to merge a result");
    const uint64_t hash = ns_bytes_hash((ns_bytes){(const uint8_t *)key, strlen(key)});
    m->counts->rows++;
    return ns_history_put_row(m->history, m->run, (int64_t)(hash >> 1), row, error);
}

/* An item of the list that is at hand. */
static ns_code take_item(void *context, json_t *item, ns_error *error)
{
    merging *m = context;
    const char *list = m->kind->items[m->list].list, *const *fields = m->kind->items[m->list].key;
    char *key = NULL;
    int nth = 0;
    ns_history_row row;
    if (!json_is_object(item))
        return ns_fail(error, NS_ERROR_INPUT, "%s: an item of '%s' is no object", m->file, list);
    forget_times(item);
    NS_TRY(join(item, fields, NULL, 0, &key, error));
    const ns_code code = number_of(m, list, key, &nth, error);
    free(key);
    NS_TRY(code);
    NS_TRY(add_item(m, list, fields, item, nth, error));
    if (m->kind != &kinds[0])
        return NS_OK;
    if (!ns_history_row_of_json(item, &row))
        return ns_fail(error, NS_ERROR_INPUT, "%s: row %d has no op, case, target or verdict", m->file,
                       m->row);
    m->row++;
    return add_row(m, &row, error);
}

static ns_code add_list(merging *m, const json_t *document, ns_error *error)
{
    const char *name = m->kind->items[m->list].list;
    const json_t *list = *name ? json_object_get(document, name) : document;
    int which = 0;
    if (json_is_object(list))
        return add_item(m, *name ? name : m->kind->command, m->kind->items[m->list].key, list, 0, error);
    while (lists[which] && strcmp(lists[which], name) != 0)
        which++;
    if (lists[which] && m->places[which].offset)
        return ns_pieces_elements(m->pieces, m->places[which], take_item, m, error);
    return m->kind == &kinds[0]
               ? ns_fail(error, NS_ERROR_INPUT, "%s is no result of npuscope suite --json", m->file)
               : NS_OK;
}

/* ---- runs ---- */

static ns_code know_run(const merging *m, const char *source, int64_t run, ns_error *error)
{
    return json_object_set_new_nocheck(m->known, source, json_integer(run)) == 0
               ? NS_OK
               : ns_fail(error, NS_ERROR_MEMORY, "no memory to merge a result");
}

/* Of several runs of one source the first. */
static ns_code know_runs(const merging *m, ns_error *error)
{
    sqlite3_stmt *statement = NULL;
    ns_code code = NS_OK;
    NS_TRY(ns_history_prepare(m->history, "SELECT source, id FROM runs WHERE source <> '' ORDER BY id DESC",
                              &statement, error));
    while (code == NS_OK && sqlite3_step(statement) == SQLITE_ROW) {
        const char *source = (const char *)sqlite3_column_text(statement, 0);
        code = know_run(m, source ? source : "", sqlite3_column_int64(statement, 1), error);
    }
    sqlite3_finalize(statement);
    return code;
}

static ns_code open_run(merging *m, const char *source, const ns_history_entry *entry, ns_error *error)
{
    sqlite3_stmt *statement = NULL;
    const json_t *known = json_object_get(m->known, source);
    m->run = json_integer_value(known);
    if (known)
        return NS_OK;
    NS_TRY(ns_history_prepare(m->history,
                              "INSERT INTO runs (time, version, vela, catalogue, seed, label, source) VALUES "
                              "('', ?, ?, ?, ?, ?, ?)",
                              &statement, error));
    ns_history_bind_text(statement, 1, entry->version);
    ns_history_bind_text(statement, 2, entry->vela);
    ns_history_bind_text(statement, 3, entry->catalogue);
    sqlite3_bind_int64(statement, 4, entry->seed);
    ns_history_bind_text(statement, 5, m->label);
    ns_history_bind_text(statement, 6, source);
    NS_TRY(ns_history_finish(m->history, statement, error));
    m->counts->runs++;
    m->run = sqlite3_last_insert_rowid(m->history->db);
    return know_run(m, source, m->run, error);
}

static const char *member(const json_t *document, const char *name)
{
    const char *text = json_string_value(json_object_get(document, name));
    return text ? text : "";
}

/* The run that a document's results belong to. */
static ns_code open_document(merging *m, json_t *document, ns_error *error)
{
    char *source = NULL;
    const json_t *catalogue = json_object_get(document, "catalogue");
    const ns_history_entry entry = {.version = member(document, "version"),
                                    .vela = member(document, "vela"),
                                    .catalogue =
                                        json_is_string(catalogue) || !strcmp(m->kind->command, "suite")
                                            ? member(document, "catalogue")
                                            : m->kind->command,
                                    .seed = json_integer_value(json_object_get(document, "seed"))};
    char *fields = NULL;
    forget_times(document);
    NS_TRY(join(document, m->kind->source, m->label, 0, &fields, error));
    source = json_dumps(json_object_get(document, "schema"), JSON_ENCODE_ANY);
    char *full = NULL;
    const size_t size = source ? strlen(source) + strlen(fields) + 1 : 0;
    if (source && (full = malloc(size)))
        snprintf(full, size, "%s%s", source, fields);
    ns_code code = full ? open_run(m, full, &entry, error)
                        : ns_fail(error, NS_ERROR_MEMORY, "no memory to merge a result");
    if (code == NS_OK)
        code = ns_history_run_sql(m->history, "DELETE FROM seen", error);
    free(full);
    free(source);
    free(fields);
    return code;
}

static const struct kind *kind_of(const json_t *document)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].schema, member(document, "schema")) == 0)
            return &kinds[i];
    return NULL;
}

/* A kind without a list is an item as a whole, whatever its members are called. */
static ns_code read_document(merging *m, json_t **out, ns_error *error)
{
    static const char *const none[] = {NULL};
    NS_TRY(ns_pieces_members(m->pieces, lists, out, m->places, error));
    m->kind = kind_of(*out);
    if (!m->kind)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s is no result of suite, sweep, diagnose, vela-diff or fuzz-vela --json", m->file);
    if (*m->kind->items[0].list)
        return NS_OK;
    json_decref(*out);
    return ns_pieces_members(m->pieces, none, out, NULL, error);
}

static ns_code merge_json(merging *m, ns_error *error)
{
    json_t *document = NULL;
    ns_code code = read_document(m, &document, error);
    if (code == NS_OK)
        code = open_document(m, document, error);
    for (m->list = 0; code == NS_OK && m->list < 2 && m->kind->items[m->list].list; m->list++)
        code = add_list(m, document, error);
    json_decref(document);
    return code;
}

/* ---- databases ---- */

/* A run that `suite --history` kept of its part: the same run as the JSON of the same part. */
static ns_code merge_entry(merging *m, const ns_history *from, const ns_history_entry *entry, ns_error *error)
{
    json_t *document = json_pack(
        "{s:s, s:s, s:o, s:n, s:o, s:I}", "schema", kinds[0].schema, "version", entry->version, "vela",
        *entry->vela ? json_string(entry->vela) : json_null(), "vela_flags", "catalogue",
        *entry->catalogue ? json_string(entry->catalogue) : json_null(), "seed", (json_int_t)entry->seed);
    if (!document)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to merge a result");
    m->kind = &kinds[0];
    if (!*m->label)
        m->label = entry->label;
    ns_code code = open_document(m, document, error);
    json_decref(document);
    return code == NS_OK ? ns_history_each(from, entry->id, add_row, m, error) : code;
}

static ns_code merge_database(merging *m, ns_error *error)
{
    ns_history *from = NULL;
    ns_history_entry *entries = NULL;
    int count = 0;
    ns_arena *arena = ns_arena_new();
    ns_code code = arena ? ns_history_open(m->file, false, &from, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory to read it", m->file);
    if (code == NS_OK)
        code = ns_history_list(from, arena, &entries, &count, error);
    for (int i = 0; code == NS_OK && i < count; i++) {
        merging one = *m;
        code = merge_entry(&one, from, &entries[i], error);
    }
    ns_history_close(from);
    ns_arena_free(arena);
    return code;
}

static ns_code merge_file(merging *m, ns_error *error)
{
    bool database = false;
    NS_TRY(ns_pieces_is_database(m->pieces, &database, error));
    NS_TRY(prepare(m, error));
    NS_TRY(know_runs(m, error));
    return database ? merge_database(m, error) : merge_json(m, error);
}

/* A statement that is not at its end would keep the transaction open. */
static ns_code merge_whole(merging *m, ns_error *error)
{
    NS_TRY(ns_history_run_sql(m->history, "BEGIN IMMEDIATE", error));
    const ns_code code = merge_file(m, error);
    sqlite3_finalize(m->count);
    sqlite3_finalize(m->put);
    if (code == NS_OK)
        return ns_history_run_sql(m->history, "COMMIT", error);
    (void)ns_history_run_sql(m->history, "ROLLBACK", NULL);
    return code;
}

ns_code ns_history_merge(ns_history *history, const char *file, const char *label, ns_history_merged *counts,
                         ns_error *error)
{
    merging m = {.history = history,
                 .known = json_object(),
                 .scratch = ns_arena_new(),
                 .file = file,
                 .label = label ? label : "",
                 .counts = counts};
    ns_code code = m.known && m.scratch ? ns_pieces_open(file, &m.pieces, error)
                                        : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory to read it", file);
    if (code == NS_OK)
        code = merge_whole(&m, error);
    ns_pieces_close(m.pieces);
    json_decref(m.known);
    ns_arena_free(m.scratch);
    return code;
}
