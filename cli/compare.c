/* npuscope compare: how far two tensors, or the outputs of two runs, are apart. */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/interface.h"
#include "formats/interface.h"
#include "measure/interface.h"
#include "npuscope/compare.h"
#include "npuscope/measure.h"
#include "options.h"
#include "report/interface.h"
#include "rows.h"

typedef struct compare_settings {
    double qtol, atol, rtol, min_sqnr;
    const char *json, *html;
} compare_settings;

/* Two tensors and what was found. */
typedef struct pair {
    const char *title;
    ns_npy a, b;
    const char *alone; /* the side that has it; NULL: both */
    bool comparable;   /* the same kind of number, and shapes that differ by dims of 1 at most */
    bool same;         /* within what was allowed */
    ns_comparison comparison;
} pair;

typedef struct compare_run {
    ns_cli *cli;
    const compare_settings *settings;
    int count;
    pair *pairs;
} compare_run;

/* The arrays of one side: a file's one, a folder's .npy files with those of folders in it, an archive's. */
typedef struct array_list {
    int count, capacity;
    const char **names; /* sorted: "out0", "taps/0003_RESCALE" */
    ns_npy *arrays;
    bool single; /* an .npy file */
} array_list;

#define OPTION(field) offsetof(compare_settings, field)

static const ns_option options[] = {
    {0, "qtol", NS_OPTION_REAL, "N", OPTION(qtol), "steps that integers may differ by (default 0)"},
    {0, "atol", NS_OPTION_REAL, "X", OPTION(atol), "absolute error that reals may have (default 0)"},
    {0, "rtol", NS_OPTION_REAL, "X", OPTION(rtol), "error of reals relative to B's value (default 0)"},
    {0, "min-sqnr", NS_OPTION_REAL, "DB", OPTION(min_sqnr),
     "least SQNR of each tensor; without a tolerance nothing else counts"},
    NS_ROW_JSON(json),
    {0, "html", NS_OPTION_OUTPUT, "FILE", OPTION(html),
     "also write one self-contained page: each tensor's differences by\nsize, and where they are"},
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

/* What is compared element by element; bytes, as Vela's archives hold, one by one. */
static ns_code take(const char *name, ns_npy *array, ns_error *error)
{
    if (array->type == NS_NPY_BYTES) {
        array->type = NS_NPY_UINT8;
        array->count *= array->item_size;
        array->rank = 1;
        array->shape[0] = (int64_t)array->count;
        array->item_size = 1;
    }
    if (array->type == NS_NPY_OBJECT || array->type == NS_NPY_FLOAT16)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: elements of type %s are not compared", name,
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
    if (p->alone) {
        fprintf(out, "%s  ONLY IN %s: %s\n", p->title, p->alone, a_text);
        return;
    }
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

/* Either may be NULL: the other side has none of that name. */
static void compare_arrays(compare_run *run, const char *title, const ns_npy *a, const ns_npy *b)
{
    const compare_settings *settings = run->settings;
    pair *p = &run->pairs[run->count++];
    p->title = title;
    p->a = a ? *a : *b;
    p->b = b ? *b : *a;
    p->alone = !a ? "B" : !b ? "A" : NULL;
    p->comparable = !p->alone && same_but_for_ones(&p->a, &p->b) && is_real(p->a.type) == is_real(p->b.type);
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
    ns_json_text(json, "only_in", p->alone);
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
    return ns_cli_write(run->cli, run->settings->json, bytes, error);
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* ---- the arrays of a side ---- */

static ns_code add_array(array_list *list, const char *name, const ns_npy *array, ns_arena *arena,
                         ns_error *error)
{
    if (list->count == list->capacity) {
        const int capacity = 2 * list->capacity + 16;
        const char **names = NS_ARENA_ARRAY(arena, (size_t)capacity, const char *);
        ns_npy *arrays = NS_ARENA_ARRAY(arena, (size_t)capacity, ns_npy);
        if (!names || !arrays)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d tensors", capacity);
        if (list->count) {
            memcpy(names, list->names, (size_t)list->count * sizeof *names);
            memcpy(arrays, list->arrays, (size_t)list->count * sizeof *arrays);
        }
        *list = (array_list){list->count, capacity, names, arrays};
    }
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
    int at = list->count++;
    for (; at > 0 && strcmp(list->names[at - 1], name) > 0; at--) {
        list->names[at] = list->names[at - 1];
        list->arrays[at] = list->arrays[at - 1];
    }
    list->names[at] = name;
    list->arrays[at] = *array;
    return NS_OK;
}

/* `name` without ".npy", behind `prefix`. */
static const char *title_of(const char *prefix, const char *name, ns_arena *arena)
{
    const size_t length = strlen(name);
    const bool npy = length > 4 && strcmp(name + length - 4, ".npy") == 0;
    return ns_arena_format(arena, "%s%.*s", prefix, (int)(npy ? length - 4 : length), name);
}

/* Links that lead round in a circle end here. */
enum { DEEPEST = 8 };

static ns_code list_folder(array_list *list, const char *path, const char *prefix, int depth, ns_arena *arena,
                           ns_error *error)
{
    struct dirent **entries = NULL;
    const int count = depth < DEEPEST ? scandir(path, &entries, NULL, alphasort) : 0;
    ns_code code = count < 0 ? ns_fail(error, NS_ERROR_IO, "%s: it cannot be read", path) : NS_OK;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name, *inside = ns_arena_format(arena, "%s/%s", path, name);
        const size_t length = strlen(name);
        ns_npy array;
        if (code == NS_OK && !inside)
            code = ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        else if (code == NS_OK && name[0] != '.' && is_folder(inside))
            code = list_folder(list, inside, ns_arena_format(arena, "%s%s/", prefix, name), depth + 1, arena,
                               error);
        else if (code == NS_OK && length > 4 && strcmp(name + length - 4, ".npy") == 0) {
            code = ns_npy_load(inside, arena, &array, error);
            if (code == NS_OK)
                code = take(inside, &array, error);
            if (code == NS_OK)
                code = add_array(list, title_of(prefix, name, arena), &array, arena, error);
        }
        free(entries[i]);
    }
    free(entries);
    return code;
}

static ns_code list_archive(array_list *list, const char *path, ns_bytes bytes, ns_arena *arena,
                            ns_error *error)
{
    ns_zip zip;
    NS_TRY(ns_zip_read(bytes, path, "an archive of arrays", arena, &zip, error));
    for (int i = 0; i < zip.count; i++) {
        ns_npy array;
        if (!ns_npy_probe(zip.members[i].bytes))
            continue;
        const char *what = ns_arena_format(arena, "%s: %s", path, zip.members[i].name);
        NS_TRY(ns_npy_read(zip.members[i].bytes, what ? what : path, arena, &array, error));
        if (array.type == NS_NPY_OBJECT) /* Vela's quantization: never unpickled */
            continue;
        NS_TRY(take(path, &array, error));
        NS_TRY(add_array(list, title_of("", zip.members[i].name, arena), &array, arena, error));
    }
    return NS_OK;
}

static ns_code list_arrays(array_list *list, const char *path, ns_arena *arena, ns_error *error)
{
    ns_bytes bytes;
    ns_npy array;
    *list = (array_list){0};
    if (is_folder(path)) {
        NS_TRY(list_folder(list, path, "", 0, arena, error));
        return list->count ? NS_OK : ns_fail(error, NS_ERROR_INPUT, "%s: holds no .npy file", path);
    }
    NS_TRY(ns_file_read(path, arena, &bytes, error));
    if (ns_zip_probe(bytes)) {
        NS_TRY(list_archive(list, path, bytes, arena, error));
        return list->count ? NS_OK : ns_fail(error, NS_ERROR_INPUT, "%s: holds no array", path);
    }
    NS_TRY(ns_npy_read(bytes, path, arena, &array, error));
    NS_TRY(take(path, &array, error));
    NS_TRY(add_array(list, "tensor", &array, arena, error));
    list->single = true;
    return NS_OK;
}

/* Both sides' arrays by name. */
static ns_code compare(compare_run *run, const char *a_path, const char *b_path, bool *same, ns_error *error)
{
    array_list a, b;
    NS_TRY(list_arrays(&a, a_path, run->cli->arena, error));
    NS_TRY(list_arrays(&b, b_path, run->cli->arena, error));
    if (a.single != b.single)
        return ns_fail(error, NS_ERROR_USAGE, "%s and %s: one is a single array and the other is not", a_path,
                       b_path);
    run->pairs = NS_ARENA_ARRAY(run->cli->arena, (size_t)a.count + (size_t)b.count, pair);
    if (!run->pairs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d tensors", a.count + b.count);
    for (int i = 0, k = 0; i < a.count || k < b.count;) {
        const int order = i == a.count ? 1 : k == b.count ? -1 : strcmp(a.names[i], b.names[k]);
        compare_arrays(run, order <= 0 ? a.names[i] : b.names[k], order <= 0 ? &a.arrays[i] : NULL,
                       order >= 0 ? &b.arrays[k] : NULL);
        i += order <= 0;
        k += order >= 0;
    }
    *same = true;
    int equal = 0;
    for (int i = 0; i < run->count; i++) {
        *same = *same && run->pairs[i].same;
        equal += run->pairs[i].same;
    }
    if (run->count > 1)
        fprintf(run->cli->out, "%d of %d tensors %s\n", equal, run->count,
                isnan(run->settings->min_sqnr) ? "within tolerance" : "as wanted");
    return NS_OK;
}

/* ---- the page ---- */

/* In steps where both are integers; of reals the share of B's largest value, in millionths. */
static double size_of(const pair *p, size_t i, double largest)
{
    const double difference = fabs(element(&p->a, i) - element(&p->b, i));
    return !is_real(p->b.type) ? difference : largest > 0 ? difference / largest * 1e6 : difference;
}

static double largest_of(const ns_npy *array)
{
    double largest = 0;
    for (size_t i = 0; i < array->count; i++)
        largest = fmax(largest, fabs(element(array, i)));
    return largest;
}

/* Rows and columns of the last axis, at most MOST each: of a larger array a square is the largest of several.
 */
static ns_code add_map(ns_page *page, const pair *p, double largest, ns_arena *arena, ns_error *error)
{
    enum { MOST = 128 };
    const size_t width = p->a.rank && p->a.shape[p->a.rank - 1] > 0 ? (size_t)p->a.shape[p->a.rank - 1] : 1;
    const size_t height = p->a.count / width;
    const size_t across = (width + MOST - 1) / MOST, down = (height + MOST - 1) / MOST;
    const int columns = (int)((width + across - 1) / across), rows = (int)((height + down - 1) / down);
    double *values = NS_ARENA_ARRAY(arena, (size_t)columns * (size_t)rows, double);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the page");
    for (size_t i = 0; i < p->a.count; i++) {
        double *to = &values[i / width / down * (size_t)columns + i % width / across];
        *to = fmax(*to, size_of(p, i, largest));
    }
    ns_page_map(page,
                across * down > 1
                    ? "where they are: rows of the last axis, the largest difference of several elements"
                    : "where they are: rows of the last axis",
                rows, columns, values);
    return NS_OK;
}

static ns_code add_pictures(ns_page *page, const pair *p, ns_arena *arena, ns_error *error)
{
    const double largest = largest_of(&p->b);
    size_t bins[NS_ERROR_BINS] = {0};
    ns_page_heading(page, p->title);
    for (size_t i = 0; i < p->a.count; i++)
        bins[ns_error_bin(size_of(p, i, largest))]++;
    ns_page_bars(page,
                 is_real(p->b.type) ? "elements by difference, in millionths of B's largest value"
                                    : "elements by difference, in steps",
                 bins, "elements");
    return add_map(page, p, largest, arena, error);
}

static ns_code write_html(const compare_run *run, const char *a, const char *b, ns_error *error)
{
    static const ns_page_column columns[] = {{"tensor", NS_PAGE_TEXT},      {"A", NS_PAGE_TEXT},
                                             {"B", NS_PAGE_TEXT},           {"result", NS_PAGE_TEXT},
                                             {"differ", NS_PAGE_NUMBER},    {"elements", NS_PAGE_NUMBER},
                                             {"max error", NS_PAGE_NUMBER}, {"mean error", NS_PAGE_NUMBER},
                                             {"SQNR, dB", NS_PAGE_NUMBER}};
    ns_arena *arena = run->cli->arena;
    ns_bytes bytes;
    const char *what = ns_arena_format(arena, "A: %s, B: %s", a, b);
    ns_page *page = what ? ns_page_begin(arena, "npuscope compare", what) : NULL;
    if (!page)
        return ns_page_finish(NULL, "the HTML page", &bytes, error);
    ns_page_table(page, "tensors", sizeof columns / sizeof columns[0], columns);
    for (int i = 0; i < run->count; i++) {
        const pair *p = &run->pairs[i];
        const ns_comparison *c = &p->comparison;
        char text[128];
        ns_page_text(page, p->title);
        ns_page_text(page, p->alone && *p->alone == 'B' ? "-" : ns_npy_describe(&p->a, text, sizeof text));
        ns_page_text(page, p->alone && *p->alone == 'A' ? "-" : ns_npy_describe(&p->b, text, sizeof text));
        ns_page_word(page,
                     !p->comparable     ? "not comparable"
                     : !p->same         ? "differs"
                     : c->max_error > 0 ? "within"
                                        : "equal",
                     p->same ? NS_PAGE_GOOD : NS_PAGE_BAD);
        ns_page_number(page, p->comparable ? (double)c->differences : NAN, "%.0f");
        ns_page_number(page, (double)p->a.count, "%.0f");
        ns_page_heat(page, p->comparable ? c->max_error : NAN, "%.6g",
                     p->comparable && !is_real(p->b.type) ? c->max_error : NAN);
        ns_page_number(page, p->comparable ? c->mean_error : NAN, "%.6g");
        ns_page_number(page, p->comparable ? c->sqnr_db : NAN, "%.2f");
    }
    ns_page_table_end(page);
    for (int i = 0; i < run->count; i++)
        if (run->pairs[i].comparable && run->pairs[i].comparison.max_error > 0)
            NS_TRY(add_pictures(page, &run->pairs[i], arena, error));
    NS_TRY(ns_page_finish(page, "the HTML page", &bytes, error));
    return ns_cli_write(run->cli, run->settings->html, bytes, error);
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
    NS_TRY(compare(&run, a, b, &same, error));
    if (settings->json)
        NS_TRY(write_json(&run, a, b, same, error));
    if (settings->html)
        NS_TRY(write_html(&run, a, b, error));
    return same ? NS_OK : ns_fail(error, NS_ERROR_MISMATCH, "%s and %s differ", a, b);
}

const ns_subcommand ns_subcommand_compare = {
    .operands = "A B",
    .operand_min = 2,
    .operand_max = 2,
    .details = "A and B are .npy files, archives of them (.npz), or folders: all .npy files in them, such as "
               "`npuscope\n"
               "run -o` and `--tap` write, by name. B is the reference:\n"
               "SQNR and --rtol are relative to it. Exit code 1 when an element differs by more than\n"
               "the tolerance, a tensor's SQNR is below --min-sqnr, or shapes (but for dims of 1) or kinds\n"
               "of number differ.",
    .options = options,
    .settings_size = sizeof(compare_settings),
    .preset = preset,
    .run = run,
};
