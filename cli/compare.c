/* npuscope compare: how far two tensors, or the outputs of two runs, are apart. */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/interface.h"
#include "formats/npy.h"
#include "npuscope/compare.h"
#include "options.h"
#include "rows.h"

typedef struct compare_settings {
    double qtol, atol, rtol, min_sqnr;
    const char *json;
} compare_settings;

/* Two tensors and what was found. */
typedef struct pair {
    const char *title;
    ns_npy a, b;
    bool comparable; /* the same kind of number, and shapes that differ by dims of 1 at most */
    bool same;       /* within what was allowed */
    ns_comparison comparison;
} pair;

typedef struct compare_run {
    ns_cli *cli;
    const compare_settings *settings;
    int count;
    pair *pairs;
} compare_run;

#define OPTION(field) offsetof(compare_settings, field)

static const ns_option options[] = {
    {0, "qtol", NS_OPTION_REAL, "N", OPTION(qtol), "steps that integers may differ by (default 0)"},
    {0, "atol", NS_OPTION_REAL, "X", OPTION(atol), "absolute error that reals may have (default 0)"},
    {0, "rtol", NS_OPTION_REAL, "X", OPTION(rtol), "error of reals relative to B's value (default 0)"},
    {0, "min-sqnr", NS_OPTION_REAL, "DB", OPTION(min_sqnr),
     "least SQNR of each tensor; without a tolerance nothing else counts"},
    NS_ROW_JSON(json),
    {0},
};

static bool is_real(ns_npy_type type)
{
    return type == NS_NPY_FLOAT32 || type == NS_NPY_FLOAT64;
}

/* Element `i` as a double: exact but for 64-bit integers beyond 2^53, which no TOSA type holds. */
static double element(const ns_npy *array, size_t i)
{
    switch (array->type) {
    case NS_NPY_BOOL:
    case NS_NPY_UINT8:
        return ((const uint8_t *)array->data)[i];
    case NS_NPY_INT8:
        return ((const int8_t *)array->data)[i];
    case NS_NPY_INT16:
        return ((const int16_t *)array->data)[i];
    case NS_NPY_UINT16:
        return ((const uint16_t *)array->data)[i];
    case NS_NPY_INT32:
        return ((const int32_t *)array->data)[i];
    case NS_NPY_UINT32:
        return ((const uint32_t *)array->data)[i];
    case NS_NPY_INT64:
        return (double)((const int64_t *)array->data)[i];
    case NS_NPY_UINT64:
        return (double)((const uint64_t *)array->data)[i];
    case NS_NPY_FLOAT32:
        return ((const float *)array->data)[i];
    default:
        return ((const double *)array->data)[i];
    }
}

/* "[0, 3, 2]" */
static const char *position(const ns_npy *array, size_t index, char *text, size_t size)
{
    int64_t at[NS_MAX_RANK] = {0};
    for (int d = array->rank - 1; d >= 0; d--) {
        at[d] = (int64_t)(index % (size_t)array->shape[d]);
        index /= (size_t)array->shape[d];
    }
    size_t used = (size_t)snprintf(text, size, "[");
    for (int d = 0; d < array->rank && used < size; d++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", d ? ", " : "", (long long)at[d]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}

static ns_code load(const char *path, ns_arena *arena, ns_npy *array, ns_error *error)
{
    NS_TRY(ns_npy_load(path, arena, array, error));
    if (array->type == NS_NPY_BYTES || array->type == NS_NPY_OBJECT || array->type == NS_NPY_FLOAT16)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: elements of type %s are not compared", path,
                       ns_npy_type_text(array->type));
    return NS_OK;
}

static void preset(void *settings)
{
    ((compare_settings *)settings)->min_sqnr = NAN;
}

/* Whether the shapes are the same but for dims of 1. */
static bool same_but_for_ones(const ns_npy *a, const ns_npy *b)
{
    int i = 0, k = 0;
    for (;;) {
        while (i < a->rank && a->shape[i] == 1)
            i++;
        while (k < b->rank && b->shape[k] == 1)
            k++;
        if (i == a->rank || k == b->rank)
            return i == a->rank && k == b->rank;
        if (a->shape[i++] != b->shape[k++])
            return false;
    }
}

static bool same_shape(const ns_npy *a, const ns_npy *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, sizeof a->shape) == 0;
}

/* Without --min-sqnr the tolerance decides; with it the SQNR, and the tolerance where one is given. */
static bool is_same(const compare_settings *settings, const ns_comparison *c)
{
    if (isnan(settings->min_sqnr))
        return c->differences == 0;
    const bool tolerance = settings->qtol > 0 || settings->atol > 0 || settings->rtol > 0;
    return c->sqnr_db >= settings->min_sqnr && (!tolerance || c->differences == 0);
}

static void print_pair(const compare_settings *settings, const pair *p, FILE *out)
{
    char a_text[128], b_text[128], at[128];
    const ns_comparison *c = &p->comparison;
    ns_npy_describe(&p->a, a_text, sizeof a_text);
    ns_npy_describe(&p->b, b_text, sizeof b_text);
    if (!p->comparable) {
        fprintf(out, "%s  DIFFERENT KIND: %s and %s\n", p->title, a_text, b_text);
        return;
    }
    fprintf(out, "%s  %s", p->title, a_text);
    if (!same_shape(&p->a, &p->b))
        fprintf(out, " (as %s)", b_text);
    fprintf(out, "  max error %.6g  mean error %.6g  SQNR ", c->max_error, c->mean_error);
    fprintf(out,
            isinf(c->sqnr_db) && c->sqnr_db > 0 ? "inf  "
            : isfinite(c->sqnr_db)              ? "%.2f dB  "
                                                : "none  ",
            c->sqnr_db);
    if (c->differences == 0)
        fprintf(out, c->max_error == 0 ? "equal" : "within tolerance");
    else
        fprintf(out, "%zu of %zu differ", c->differences, c->count);
    if (!isnan(settings->min_sqnr))
        fprintf(out, c->sqnr_db >= settings->min_sqnr ? ", at least %g dB" : ", NOT %g dB",
                settings->min_sqnr);
    fprintf(out, "\n");
    if (c->differences > 0)
        fprintf(out, "%s  first difference at %s: %.9g and %.9g\n", p->title,
                position(&p->a, c->first, at, sizeof at), c->first_a, c->first_b);
}

static ns_code compare_files(compare_run *run, const char *title, const char *a_path, const char *b_path,
                             ns_error *error)
{
    const compare_settings *settings = run->settings;
    pair *p = &run->pairs[run->count++];
    p->title = title;
    NS_TRY(load(a_path, run->cli->arena, &p->a, error));
    NS_TRY(load(b_path, run->cli->arena, &p->b, error));
    p->comparable = same_but_for_ones(&p->a, &p->b) && is_real(p->a.type) == is_real(p->b.type);
    if (p->comparable) {
        const ns_tolerance tolerance = is_real(p->b.type) ? (ns_tolerance){settings->atol, settings->rtol}
                                                          : (ns_tolerance){settings->qtol, 0};
        ns_compare_begin(&p->comparison);
        for (size_t i = 0; i < p->a.count; i++)
            ns_compare_add(&p->comparison, &tolerance, element(&p->a, i), element(&p->b, i));
        ns_compare_end(&p->comparison);
        p->same = is_same(settings, &p->comparison);
    }
    print_pair(settings, p, run->cli->out);
    return NS_OK;
}

static void add_tensor(ns_json *json, const char *key, const ns_npy *array)
{
    ns_json_object(json, key);
    ns_json_text(json, "type", ns_npy_type_text(array->type));
    ns_json_integers(json, "shape", array->rank, array->shape);
    ns_json_end(json);
}

static void add_pair(ns_json *json, const pair *p)
{
    const ns_comparison *c = &p->comparison;
    ns_json_object(json, NULL);
    ns_json_text(json, "name", p->title);
    add_tensor(json, "a", &p->a);
    add_tensor(json, "b", &p->b);
    ns_json_bool(json, "comparable", p->comparable);
    ns_json_bool(json, "same", p->same);
    if (p->comparable) {
        ns_json_integer(json, "elements", (int64_t)c->count);
        ns_json_integer(json, "differences", (int64_t)c->differences);
        ns_json_real(json, "max_error", c->max_error);
        ns_json_real(json, "mean_error", c->mean_error);
        ns_json_real(json, "sqnr_db", c->sqnr_db);
        ns_json_bool(json, "exact", c->max_error == 0 && c->differences == 0);
    }
    ns_json_end(json);
}

static ns_code write_json(const compare_run *run, const char *a, const char *b, bool same, ns_error *error)
{
    ns_bytes bytes;
    ns_buffer buffer = {.arena = run->cli->arena};
    ns_json json = ns_json_begin(&buffer, true, 9);
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/compare/1");
    ns_json_text(&json, "a", a);
    ns_json_text(&json, "b", b);
    ns_json_bool(&json, "same", same);
    ns_json_array(&json, "pairs");
    for (int i = 0; i < run->count; i++)
        add_pair(&json, &run->pairs[i]);
    ns_json_end(&json);
    ns_json_end(&json);
    NS_TRY(ns_json_finish(&json, "the comparison's JSON", &bytes, error));
    return ns_file_write(run->settings->json, bytes, error);
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* out<index>.npy files of a folder: *count is one more than the largest index. */
static ns_code count_outputs(const char *path, int *count, ns_error *error)
{
    DIR *folder = opendir(path);
    if (!folder)
        return ns_fail(error, NS_ERROR_IO, "%s: it cannot be read", path);
    *count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        int index = 0, length = 0;
        if (sscanf(entry->d_name, "out%9d.npy%n", &index, &length) == 1 && length > 0 &&
            !entry->d_name[length] && index >= *count)
            *count = index + 1;
    }
    closedir(folder);
    if (*count == 0)
        return ns_fail(error, NS_ERROR_INPUT, "%s: holds no out<index>.npy", path);
    return NS_OK;
}

static ns_code new_pairs(compare_run *run, int count, ns_error *error)
{
    run->pairs = NS_ARENA_ARRAY(run->cli->arena, (size_t)count, pair);
    return run->pairs ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for %d tensors", count);
}

/* *counts_differ: the folders hold other numbers of outputs, which is said. */
static ns_code compare_folders(compare_run *run, const char *a, const char *b, bool *counts_differ,
                               ns_error *error)
{
    ns_arena *arena = run->cli->arena;
    int a_count = 0, b_count = 0;
    NS_TRY(count_outputs(a, &a_count, error));
    NS_TRY(count_outputs(b, &b_count, error));
    *counts_differ = a_count != b_count;
    if (*counts_differ) {
        fprintf(run->cli->out, "%s has %d outputs, %s has %d\n", a, a_count, b, b_count);
        return NS_OK;
    }
    NS_TRY(new_pairs(run, a_count, error));
    for (int i = 0; i < a_count; i++) {
        const char *title = ns_arena_format(arena, "out%d", i);
        const char *a_path = ns_arena_format(arena, "%s/out%d.npy", a, i);
        const char *b_path = ns_arena_format(arena, "%s/out%d.npy", b, i);
        if (!title || !a_path || !b_path)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        NS_TRY(compare_files(run, title, a_path, b_path, error));
    }
    return NS_OK;
}

static ns_code compare(compare_run *run, const char *a, const char *b, bool *same, ns_error *error)
{
    bool counts_differ = false;
    if (is_folder(a)) {
        NS_TRY(compare_folders(run, a, b, &counts_differ, error));
    } else {
        NS_TRY(new_pairs(run, 1, error));
        NS_TRY(compare_files(run, "tensor", a, b, error));
    }
    *same = !counts_differ;
    for (int i = 0; i < run->count; i++)
        *same = *same && run->pairs[i].same;
    return NS_OK;
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    const compare_settings *settings = settings_;
    (void)operand_count;
    if (settings->qtol < 0 || settings->atol < 0 || settings->rtol < 0)
        return ns_fail(error, NS_ERROR_USAGE, "a tolerance is negative");
    const char *a = operands[0], *b = operands[1];
    compare_run run = {.cli = cli, .settings = settings};
    bool same = true;
    if (is_folder(a) != is_folder(b))
        return ns_fail(error, NS_ERROR_USAGE, "%s and %s: one is a folder and the other is not", a, b);
    NS_TRY(compare(&run, a, b, &same, error));
    if (settings->json)
        NS_TRY(write_json(&run, a, b, same, error));
    return same ? NS_OK : ns_fail(error, NS_ERROR_MISMATCH, "%s and %s differ", a, b);
}

const ns_subcommand ns_subcommand_compare = {
    .operands = "A B",
    .operand_min = 2,
    .operand_max = 2,
    .details = "A and B are .npy files, or folders that `npuscope run -o` wrote. B is the reference:\n"
               "SQNR and --rtol are relative to it. Exit code 1 when an element differs by more than\n"
               "the tolerance, a tensor's SQNR is below --min-sqnr, or shapes (but for dims of 1) or kinds\n"
               "of number differ.",
    .options = options,
    .settings_size = sizeof(compare_settings),
    .preset = preset,
    .run = run,
};
