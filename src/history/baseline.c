#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "history/internal.h"

/* What is left to rounding between machines. */
#define SAME_DB 0.1
#define SAME_STEPS 0.1

const char *ns_change_text(ns_change change)
{
    static const char *const texts[] = {
#define NS_CHANGE(NAME, text, sentence) text,
#include "npuscope/changes.def"
#undef NS_CHANGE
    };
    return texts[change];
}

/* ---- rows ---- */

ns_row_figures ns_history_figures(const ns_case_result *result)
{
    ns_row_figures figures = {result->verdict, NAN, NAN};
    for (int i = 0; i < result->stage_count; i++) {
        const ns_stage_result *stage = &result->stages[i];
        if (stage->measured && stage->stage != NS_STAGE_IDEAL && stage->stage <= NS_STAGE_EVAL) {
            figures.sqnr_db = stage->sqnr_db;
            figures.max_steps = stage->max_steps;
        }
    }
    return figures;
}

ns_code ns_history_of_result(const ns_suite_result *result, ns_arena *arena, ns_history_run *out,
                             ns_error *error)
{
    *out = (ns_history_run){.seed = (int64_t)result->seed, .count = result->case_count};
    out->rows = NS_ARENA_ARRAY(arena, (size_t)result->case_count, ns_history_row);
    if (!out->rows)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the rows of a run");
    for (int i = 0; i < result->case_count; i++) {
        const ns_case_result *one = &result->cases[i];
        out->rows[i] = (ns_history_row){one->op, one->name, one->target, ns_history_figures(one)};
    }
    return NS_OK;
}

/* ---- JSON ---- */

static bool find_verdict(const char *text, ns_verdict *out)
{
    for (int v = 0; text && v < NS_VERDICT_COUNT; v++)
        if (strcmp(ns_verdict_text((ns_verdict)v), text) == 0) {
            *out = (ns_verdict)v;
            return true;
        }
    return false;
}

/* null stands for an output without error. */
static double real_of(const json_t *value, double otherwise)
{
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static void read_figures(const json_t *row, ns_row_figures *out)
{
    const json_t *stages = json_object_get(row, "stages");
    for (size_t i = 0; i < json_array_size(stages); i++) {
        const json_t *stage = json_array_get(stages, i);
        const char *name = json_string_value(json_object_get(stage, "name"));
        const json_t *steps = json_object_get(stage, "max_steps");
        if (!name || (strcmp(name, "quantised") != 0 && strcmp(name, "eval") != 0) || !json_is_number(steps))
            continue;
        out->max_steps = json_number_value(steps);
        out->sqnr_db = real_of(json_object_get(stage, "sqnr_db"), INFINITY);
    }
}

bool ns_history_row_of_json(const json_t *json, ns_history_row *out)
{
    *out = (ns_history_row){json_string_value(json_object_get(json, "op")),
                            json_string_value(json_object_get(json, "case")),
                            json_string_value(json_object_get(json, "target")),
                            {NS_VERDICT_PASS, NAN, NAN}};
    if (!out->op || !out->name || !out->target ||
        !find_verdict(json_string_value(json_object_get(json, "verdict")), &out->figures.verdict))
        return false;
    read_figures(json, &out->figures);
    return true;
}

static bool keep_row(const ns_history_row *row, ns_arena *arena, ns_history_row *out)
{
    *out = (ns_history_row){ns_arena_string(arena, row->op), ns_arena_string(arena, row->name),
                            ns_arena_string(arena, row->target), row->figures};
    return out->op && out->name && out->target;
}

static ns_code read_rows(const char *path, const json_t *root, ns_arena *arena, ns_history_run *out,
                         ns_error *error)
{
    const json_t *cases = json_object_get(root, "cases");
    const char *schema = json_string_value(json_object_get(root, "schema"));
    if (!schema || strcmp(schema, "npuscope/suite/1") != 0 || !json_is_array(cases))
        return ns_fail(error, NS_ERROR_INPUT, "%s is no result of npuscope suite --json", path);
    *out = (ns_history_run){.seed = json_integer_value(json_object_get(root, "seed")),
                            .rows = NS_ARENA_ARRAY(arena, json_array_size(cases), ns_history_row)};
    if (!out->rows)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its rows", path);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        ns_history_row row;
        if (!ns_history_row_of_json(json_array_get(cases, i), &row))
            return ns_fail(error, NS_ERROR_INPUT, "%s: row %zu has no op, case, target or verdict", path, i);
        if (!keep_row(&row, arena, &out->rows[out->count++]))
            return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its rows", path);
    }
    return NS_OK;
}

ns_code ns_history_parse_json(const char *name, ns_bytes bytes, ns_arena *arena, ns_history_run *out,
                              ns_error *error)
{
    json_t *root = NULL;
    NS_TRY(ns_json_parse(bytes, name, &root, error));
    const ns_code code = read_rows(name, root, arena, out, error);
    json_decref(root);
    return code;
}

ns_code ns_history_read_json(const char *path, ns_arena *arena, ns_history_run *out, ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_file_read(path, arena, &bytes, error));
    return ns_history_parse_json(path, bytes, arena, out, error);
}

/* ---- comparing ---- */

/* The larger, the worse. */
static int badness(ns_verdict verdict)
{
    static const int values[NS_VERDICT_COUNT] = {
        [NS_VERDICT_PASS] = 0,    [NS_VERDICT_INACCURATE] = 1, [NS_VERDICT_NOT_COMPILED] = 2,
        [NS_VERDICT_SKIPPED] = 3, [NS_VERDICT_REJECTED] = 4,   [NS_VERDICT_FAIL] = 5,
        [NS_VERDICT_INVALID] = 6};
    return values[verdict];
}

static bool is_higher(double a, double b, double margin)
{
    return !isnan(a) && !isnan(b) && a != b && a > b + margin;
}

static ns_change judge(const ns_row_figures *before, const ns_row_figures *after)
{
    if (badness(after->verdict) != badness(before->verdict))
        return badness(after->verdict) > badness(before->verdict) ? NS_CHANGE_WORSE : NS_CHANGE_BETTER;
    /* SQNR first: with another scale steps are others. */
    if (is_higher(before->sqnr_db, after->sqnr_db, SAME_DB))
        return NS_CHANGE_WORSE;
    if (is_higher(after->sqnr_db, before->sqnr_db, SAME_DB))
        return NS_CHANGE_BETTER;
    if (is_higher(after->max_steps, before->max_steps, SAME_STEPS))
        return NS_CHANGE_WORSE;
    if (is_higher(before->max_steps, after->max_steps, SAME_STEPS))
        return NS_CHANGE_BETTER;
    return NS_CHANGE_SAME;
}

/* ---- rows by name ---- */

typedef struct named {
    const ns_history_row *row;
    int nth; /* of the rows of its name */
} named;

typedef struct by_name {
    int count;
    named *sorted;
    int *numbers; /* of each row in the run's order: its nth */
} by_name;

static int compare_names(const ns_history_row *a, const ns_history_row *b)
{
    int order = strcmp(a->op, b->op);
    order = order ? order : strcmp(a->name, b->name);
    return order ? order : strcmp(a->target, b->target);
}

/* Rows of one name stay in their order: they lie in one array. */
static int compare_places(const void *a, const void *b)
{
    const ns_history_row *x = ((const named *)a)->row, *y = ((const named *)b)->row;
    const int order = compare_names(x, y);
    return order ? order : (x > y) - (x < y);
}

static int compare_numbers(const void *a, const void *b)
{
    const named *x = a, *y = b;
    const int order = compare_names(x->row, y->row);
    return order ? order : (x->nth > y->nth) - (x->nth < y->nth);
}

static ns_code sort_rows(const ns_history_run *run, ns_arena *arena, by_name *out, ns_error *error)
{
    named *sorted = NS_ARENA_ARRAY(arena, (size_t)run->count, named);
    int *numbers = NS_ARENA_ARRAY(arena, (size_t)run->count, int);
    if (!sorted || !numbers)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d rows", run->count);
    for (int i = 0; i < run->count; i++)
        sorted[i].row = &run->rows[i];
    if (run->count)
        qsort(sorted, (size_t)run->count, sizeof *sorted, compare_places);
    for (int i = 0; i < run->count; i++) {
        if (i > 0 && compare_names(sorted[i - 1].row, sorted[i].row) == 0)
            sorted[i].nth = sorted[i - 1].nth + 1;
        numbers[sorted[i].row - run->rows] = sorted[i].nth;
    }
    *out = (by_name){run->count, sorted, numbers};
    return NS_OK;
}

/* The row of that name, of several of that name the `nth`; NULL: none. */
static const ns_history_row *find_row(const by_name *rows, const ns_history_row *row, int nth)
{
    const named wanted = {row, nth};
    const named *found =
        rows->count ? bsearch(&wanted, rows->sorted, (size_t)rows->count, sizeof wanted, compare_numbers)
                    : NULL;
    return found ? found->row : NULL;
}

static void add(ns_suite_baseline *b, const ns_history_row *row, ns_change change,
                const ns_row_figures *before, const ns_row_figures *after)
{
    const ns_row_change one = {row->op, row->name, row->target, change, *before, *after};
    b->counts[change]++;
    b->all[b->all_count++] = one;
    if (change != NS_CHANGE_SAME)
        b->rows[b->row_count++] = one;
}

ns_code ns_history_compare(const char *file, const ns_history_run *before, const ns_history_run *after,
                           ns_arena *arena, const ns_suite_baseline **out, ns_error *error)
{
    static const ns_row_figures none = {NS_VERDICT_SKIPPED, NAN, NAN};
    if (before->seed != after->seed)
        return ns_fail(error, NS_ERROR_USAGE, "%s has seed %lld, this run %lld: their data are others", file,
                       (long long)before->seed, (long long)after->seed);
    ns_suite_baseline *b = NS_ARENA_NEW(arena, ns_suite_baseline);
    const size_t most = (size_t)before->count + (size_t)after->count;
    if (b)
        b->rows = NS_ARENA_ARRAY(arena, most, ns_row_change);
    if (b)
        b->all = NS_ARENA_ARRAY(arena, most, ns_row_change);
    if (!b || !b->rows || !b->all)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a comparison");
    by_name old_rows, new_rows;
    NS_TRY(sort_rows(before, arena, &old_rows, error));
    NS_TRY(sort_rows(after, arena, &new_rows, error));
    b->file = file;
    for (int i = 0; i < after->count; i++) {
        const ns_history_row *row = &after->rows[i], *old = find_row(&old_rows, row, new_rows.numbers[i]);
        add(b, row, old ? judge(&old->figures, &row->figures) : NS_CHANGE_NEW, old ? &old->figures : &none,
            &row->figures);
    }
    for (int i = 0; i < before->count; i++)
        if (!find_row(&new_rows, &before->rows[i], old_rows.numbers[i]))
            add(b, &before->rows[i], NS_CHANGE_GONE, &before->rows[i].figures, &none);
    *out = b;
    return NS_OK;
}
