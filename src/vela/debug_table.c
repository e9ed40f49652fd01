/* <table name="queue">
 * <![CDATA[
 * "offset","cmdstream_id"
 * 264,1
 * ]]>
 * A cell in quotation marks may hold commas; a quotation mark within is doubled (ethosu/regor/common, Vela
 * 5.1.0, writes RFC 4180). */
#define _GNU_SOURCE
#include "vela/internal.h"

#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS 512

/* The text between "<![CDATA[" and "]]>" of the table; empty where there is none. */
static ns_bytes find_text(ns_bytes file, const char *name, ns_arena *arena)
{
    static const char begin[] = "<![CDATA[", end[] = "]]>";
    const char *tag = ns_arena_format(arena, "<table name=\"%s\">", name);
    const uint8_t *at = tag ? memmem(file.data, file.size, tag, strlen(tag)) : NULL;
    if (!at)
        return (ns_bytes){0};
    const uint8_t *limit = file.data + file.size;
    at = memmem(at, (size_t)(limit - at), begin, sizeof begin - 1);
    if (!at)
        return (ns_bytes){0};
    at += sizeof begin - 1;
    const uint8_t *last = memmem(at, (size_t)(limit - at), end, sizeof end - 1);
    return last ? (ns_bytes){at, (size_t)(last - at)} : (ns_bytes){0};
}

/* Takes one cell at *at, which ends at a comma or at `end`; NULL when memory is out. */
static const char *take_cell(const char **at, const char *end, ns_arena *arena)
{
    const char *p = *at;
    char *text = NS_ARENA_ARRAY(arena, (size_t)(end - p) + 1, char);
    size_t size = 0;
    bool quoted = p < end && *p == '"';
    p += quoted;
    while (text && p < end) {
        if (quoted && *p == '"' && !(p + 1 < end && p[1] == '"')) {
            quoted = false;
            p++;
            continue;
        }
        if (!quoted && *p == ',')
            break;
        p += quoted && *p == '"';
        text[size++] = *p++;
    }
    *at = p < end ? p + 1 : end;
    return text;
}

/* The cells of one line; *count of them, at most MAX_COLUMNS. */
static ns_code take_line(const char *line, const char *end, ns_arena *arena, const char **cells, int *count,
                         ns_error *error)
{
    bool more = true;
    for (*count = 0; more; (*count)++) {
        if (*count == MAX_COLUMNS)
            return ns_fail(error, NS_ERROR_INPUT, "a line has over %d cells", MAX_COLUMNS);
        const char *before = line;
        cells[*count] = take_cell(&line, end, arena);
        if (!cells[*count])
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a table");
        more = line < end || (line > before && line[-1] == ',');
    }
    return NS_OK;
}

static ns_code add_row(ns_debug_table *table, const char **cells, int count, int capacity, ns_error *error)
{
    if (count != table->columns)
        return ns_fail(error, NS_ERROR_INPUT, "row %d has %d cells, and the heading %d", table->rows, count,
                       table->columns);
    if (table->rows == capacity)
        return ns_fail(error, NS_ERROR_INTERNAL, "more rows than lines");
    memcpy(table->cells + (size_t)table->rows * (size_t)table->columns, cells, (size_t)count * sizeof *cells);
    table->rows++;
    return NS_OK;
}

static ns_code read_lines(ns_bytes text, ns_arena *arena, ns_debug_table *out, ns_error *error)
{
    const char *cells[MAX_COLUMNS], *p = (const char *)text.data, *limit = p + text.size;
    int capacity = 0, count = 0;
    for (size_t i = 0; i < text.size; i++)
        capacity += p[i] == '\n';
    while (p < limit) {
        const char *end = memchr(p, '\n', (size_t)(limit - p));
        end = end ? end : limit;
        if (end > p) {
            NS_TRY(take_line(p, end, arena, cells, &count, error));
            if (out->columns) {
                NS_TRY(add_row(out, cells, count, capacity, error));
            } else {
                out->columns = count;
                out->heading = ns_arena_copy(arena, cells, (size_t)count * sizeof *cells);
                out->cells = NS_ARENA_ARRAY(arena, (size_t)count * (size_t)(capacity + 1), const char *);
                if (!out->heading || !out->cells)
                    return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d lines", capacity);
            }
        }
        p = end + 1;
    }
    return NS_OK;
}

ns_code ns_debug_table_read(ns_bytes file, const char *name, ns_arena *arena, ns_debug_table *out,
                            ns_error *error)
{
    *out = (ns_debug_table){.name = name};
    if (read_lines(find_text(file, name, arena), arena, out, error) != NS_OK)
        return ns_add_context(error, "Vela's debug database, table %s", name);
    return NS_OK;
}

const char *ns_debug_table_text(const ns_debug_table *table, int row, const char *column)
{
    for (int i = 0; i < table->columns; i++)
        if (strcmp(table->heading[i], column) == 0)
            return table->cells[(size_t)row * (size_t)table->columns + (size_t)i];
    return "";
}

int64_t ns_debug_table_number(const ns_debug_table *table, int row, const char *column, int64_t missing)
{
    const char *text = ns_debug_table_text(table, row, column);
    char *end = NULL;
    const int64_t value = strtoll(text, &end, 0);
    return end == text || *end ? missing : value;
}

static int by_value(const void *a, const void *b)
{
    const ns_debug_entry *x = a, *y = b;
    return x->value != y->value ? (x->value > y->value) - (x->value < y->value)
                                : (x->row > y->row) - (x->row < y->row);
}

ns_code ns_debug_table_index(const ns_debug_table *table, const char *column, ns_arena *arena,
                             ns_debug_index *out, ns_error *error)
{
    *out = (ns_debug_index){0, NS_ARENA_ARRAY(arena, (size_t)table->rows, ns_debug_entry)};
    if (!out->entries)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a debug database");
    for (int i = 0; i < table->rows; i++) {
        const int64_t value = ns_debug_table_number(table, i, column, INT64_MIN);
        if (value != INT64_MIN)
            out->entries[out->count++] = (ns_debug_entry){value, i};
    }
    if (out->count)
        qsort(out->entries, (size_t)out->count, sizeof *out->entries, by_value);
    return NS_OK;
}

int ns_debug_index_row(const ns_debug_index *index, int64_t value)
{
    int low = 0, high = index->count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (index->entries[middle].value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < index->count && index->entries[low].value == value ? index->entries[low].row : -1;
}
