/* Rows of a run: all in memory, or those that passed in a file, each read again when it is asked for.
 *
 * What a row points to is copied, saved and loaded by one walk over it. In the file a struct stands as it was
 * in memory, with its old addresses: they tell what there is to load, and what outlives the run (names,
 * limits) is still there. */
#include "suite/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/interface.h"
#include "base/system.h"

#define AT_ONCE 4 /* rows that are loaded at a time */

struct ns_suite_rows {
    ns_case_result **kept; /* by row; NULL: it waits at its place in the file */
    uint64_t *places;
    FILE *file; /* NULL: none could be made, and all rows are kept */
    uint64_t size;
    struct {
        ns_arena *arena;
        ns_case_result row;
        int index; /* -1: none */
    } loaded[AT_ONCE];
    int next;
    ns_error error; /* the first in reading; code NS_OK: none */
};

/* ---- what a row points to ---- */

typedef enum direction { COPY, SAVE, LOAD } direction;

typedef struct walk {
    direction direction;
    ns_arena *arena; /* of copies, and of what is loaded */
    FILE *file;
    bool failed;
} walk;

/* `size` bytes at *at, which becomes the copy's address; nothing of NULL. */
static void carry(walk *w, void *at, size_t size)
{
    void *data;
    memcpy(&data, at, sizeof data);
    if (!data || w->failed)
        return;
    if (w->direction == SAVE) {
        w->failed = fwrite(data, 1, size, w->file) != size;
        return;
    }
    void *copy = w->direction == COPY ? ns_arena_copy(w->arena, data, size) : ns_arena_take(w->arena, size);
    w->failed = !copy || (w->direction == LOAD && fread(copy, 1, size, w->file) != size);
    memcpy(at, &copy, sizeof copy);
}

static void carry_text(walk *w, const char **text)
{
    size_t size = *text && w->direction != LOAD ? strlen(*text) + 1 : 0, *length = &size;
    if (!*text)
        return;
    if (w->direction == SAVE)
        carry(w, &length, sizeof size);
    else if (w->direction == LOAD)
        w->failed = w->failed || fread(&size, sizeof size, 1, w->file) != 1;
    carry(w, text, size);
}

static void carry_stages(walk *w, ns_case_result *row)
{
    carry(w, &row->stages, (size_t)row->stage_count * sizeof *row->stages);
    for (int i = 0; !w->failed && i < row->stage_count; i++) {
        ns_stage_result *stage = &row->stages[i];
        carry_text(w, &stage->reason);
        carry(w, &stage->operands, (size_t)stage->operand_count * sizeof *stage->operands);
        for (int k = 0; !w->failed && k < stage->operand_count; k++)
            carry_text(w, &stage->operands[k].name);
    }
}

/* The accelerators' names are the table's. */
static void carry_configurations(walk *w, ns_case_result *row)
{
    carry(w, &row->configurations, (size_t)row->configuration_count * sizeof *row->configurations);
    for (int i = 0; !w->failed && i < row->configuration_count; i++) {
        ns_configuration *one = (ns_configuration *)&row->configurations[i];
        carry_text(w, &one->flags);
        carry_text(w, &one->reason);
    }
}

static void carry_row(walk *w, ns_case_result *row)
{
    carry_stages(w, row);
    carry(w, &row->outputs, (size_t)row->output_count * sizeof *row->outputs);
    carry(w, &row->defects, (size_t)row->defect_count * sizeof *row->defects);
    carry_configurations(w, row);
    carry_text(w, &row->note);
    carry(w, &row->off, (size_t)row->off_count * sizeof *row->off);
    for (int i = 0; !w->failed && i < row->off_count; i++)
        carry_text(w, (const char **)&row->off[i]);
    carry_text(w, &row->reason);
}

static ns_code copy_row(ns_case_result *row, ns_arena *arena, ns_error *error)
{
    walk w = {.direction = COPY, .arena = arena};
    carry_row(&w, row);
    if (!w.failed && row->details)
        w.failed = (row->details = ns_details_copy(row->details, arena)) == NULL;
    return w.failed ? ns_fail(error, NS_ERROR_MEMORY, "no memory for the results") : NS_OK;
}

/* ---- the file ---- */

static const char temporary[] = "the folder for temporary files";

static ns_code begin_rows(ns_suite_rows *rows, int count, ns_arena *arena, ns_error *error)
{
    rows->kept = NS_ARENA_ARRAY(arena, (size_t)count, ns_case_result *);
    rows->places = NS_ARENA_ARRAY(arena, (size_t)count, uint64_t);
    bool complete = rows->kept && rows->places;
    for (int i = 0; complete && i < AT_ONCE; i++) {
        rows->loaded[i].index = -1;
        complete = (rows->loaded[i].arena = ns_arena_new_like(arena)) != NULL;
    }
    if (!complete)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the results");
    ns_leftover_lock();
    rows->file = ns_system_scratch();
    ns_leftover_unlock();
    return NS_OK;
}

ns_code ns_rows_begin(ns_suite_result *result, ns_arena *arena, ns_error *error)
{
    result->rows = NS_ARENA_NEW(arena, ns_suite_rows);
    if (!result->rows)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the results");
    const ns_code code = begin_rows(result->rows, result->case_count, arena, error);
    if (code != NS_OK)
        ns_suite_close(result);
    return code;
}

static ns_code save(ns_suite_rows *rows, int index, ns_case_result *row, ns_error *error)
{
    walk w = {.direction = SAVE, .file = rows->file};
    void *whole = row;
    rows->places[index] = rows->size;
    carry(&w, &whole, sizeof *row);
    carry_row(&w, row);
    const off_t end = w.failed ? -1 : ftello(rows->file);
    if (end < 0)
        return ns_fail_system(error, temporary);
    rows->size = (uint64_t)end;
    return NS_OK;
}

/* More than its figures is to be told of the row. */
static bool is_finding(const ns_case_result *row)
{
    return row->verdict != NS_VERDICT_PASS || row->note || row->part_count || row->defect_count;
}

ns_code ns_rows_keep(ns_suite_result *result, int index, ns_case_result *row, ns_arena *arena,
                     ns_error *error)
{
    ns_suite_rows *rows = result->rows;
    result->counts[row->verdict]++;
    if (rows && rows->file && !is_finding(row) && !row->details)
        return save(rows, index, row, error);
    ns_case_result *place = rows ? NS_ARENA_NEW(arena, ns_case_result) : &result->cases[index];
    if (!place)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the results");
    *place = *row;
    if (rows)
        rows->kept[index] = place;
    return copy_row(place, arena, error);
}

/* ---- reading ---- */

static ns_code load(ns_suite_rows *rows, uint64_t place, ns_arena *arena, ns_case_result *out,
                    ns_error *error)
{
    walk w = {.direction = LOAD, .arena = arena, .file = rows->file};
    if (fseeko(rows->file, (off_t)place, SEEK_SET) != 0 || fread(out, sizeof *out, 1, rows->file) != 1)
        return ns_fail_system(error, temporary);
    carry_row(&w, out);
    if (w.failed && ns_arena_was_short(arena))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a result");
    return w.failed ? ns_fail_system(error, temporary) : NS_OK;
}

const ns_case_result *ns_suite_case(const ns_suite_result *result, int index)
{
    static const ns_case_result none = {.op = "", .name = "", .target = "", .accelerator = ""};
    ns_suite_rows *rows = result->rows;
    if (!rows || rows->kept[index])
        return rows ? rows->kept[index] : &result->cases[index];
    for (int i = 0; i < AT_ONCE; i++)
        if (rows->loaded[i].index == index)
            return &rows->loaded[i].row;
    const int slot = rows->next++ % AT_ONCE;
    ns_arena_reset(rows->loaded[slot].arena);
    rows->loaded[slot].index = -1;
    ns_error error = {0};
    if (load(rows, rows->places[index], rows->loaded[slot].arena, &rows->loaded[slot].row, &error) != NS_OK) {
        rows->error = error;
        return &none;
    }
    rows->loaded[slot].index = index;
    return &rows->loaded[slot].row;
}

const ns_case_result *ns_suite_finding(const ns_suite_result *result, int index)
{
    const ns_case_result *row = result->rows ? result->rows->kept[index] : &result->cases[index];
    return row && is_finding(row) ? row : NULL;
}

ns_code ns_suite_check(const ns_suite_result *result, ns_error *error)
{
    if (!result->rows || result->rows->error.code == NS_OK)
        return NS_OK;
    if (error)
        *error = result->rows->error;
    return result->rows->error.code;
}

void ns_suite_close(ns_suite_result *result)
{
    ns_suite_rows *rows = result ? result->rows : NULL;
    if (!rows)
        return;
    if (rows->file)
        fclose(rows->file);
    rows->file = NULL;
    for (int i = 0; i < AT_ONCE; i++) {
        ns_arena_free(rows->loaded[i].arena);
        rows->loaded[i].arena = NULL;
    }
}
