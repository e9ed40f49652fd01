/* npuscope compare: how far two tensors, or the outputs of two runs, are apart. */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/npy.h"
#include "measure/compare.h"
#include "options.h"

typedef struct compare_settings {
    double qtol, atol, rtol;
} compare_settings;

static const ns_option options[] = {
    {0, "qtol", NS_OPTION_REAL, "N", offsetof(compare_settings, qtol),
     "steps that integers may differ by (default 0)"},
    {0, "atol", NS_OPTION_REAL, "X", offsetof(compare_settings, atol),
     "absolute error that reals may have (default 0)"},
    {0, "rtol", NS_OPTION_REAL, "X", offsetof(compare_settings, rtol),
     "error of reals relative to B's value (default 0)"},
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

/* Prints one line for a pair of files and, when they differ, a second one. */
static ns_code compare_files(ns_cli *cli, const compare_settings *settings, const char *title,
                             const char *a_path, const char *b_path, bool *same, ns_error *error)
{
    ns_npy a, b;
    char a_text[128], b_text[128];
    NS_TRY(load(a_path, cli->arena, &a, error));
    NS_TRY(load(b_path, cli->arena, &b, error));
    ns_npy_describe(&a, a_text, sizeof a_text);
    ns_npy_describe(&b, b_text, sizeof b_text);
    if (a.rank != b.rank || memcmp(a.shape, b.shape, sizeof a.shape) != 0 ||
        is_real(a.type) != is_real(b.type)) {
        fprintf(cli->out, "%s  DIFFERENT KIND: %s and %s\n", title, a_text, b_text);
        *same = false;
        return NS_OK;
    }
    ns_tolerance tolerance = {settings->qtol, 0};
    if (is_real(b.type))
        tolerance = (ns_tolerance){settings->atol, settings->rtol};
    ns_comparison c;
    ns_compare_begin(&c);
    for (size_t i = 0; i < a.count; i++)
        ns_compare_add(&c, &tolerance, element(&a, i), element(&b, i));
    ns_compare_end(&c);
    fprintf(cli->out, "%s  %s  max error %.6g  mean error %.6g  SQNR ", title, a_text, c.max_error,
            c.mean_error);
    fprintf(cli->out,
            isinf(c.sqnr_db) && c.sqnr_db > 0 ? "inf  "
            : isfinite(c.sqnr_db)             ? "%.2f dB  "
                                              : "none  ",
            c.sqnr_db);
    if (c.differences == 0) {
        fprintf(cli->out, c.max_error == 0 ? "equal\n" : "within tolerance\n");
        return NS_OK;
    }
    fprintf(cli->out, "%zu of %zu differ\n", c.differences, c.count);
    char at[128];
    fprintf(cli->out, "%s  first difference at %s: %.9g and %.9g\n", title,
            position(&a, c.first, at, sizeof at), c.first_a, c.first_b);
    *same = false;
    return NS_OK;
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

static ns_code compare_folders(ns_cli *cli, const compare_settings *settings, const char *a, const char *b,
                               bool *same, ns_error *error)
{
    int a_count = 0, b_count = 0;
    NS_TRY(count_outputs(a, &a_count, error));
    NS_TRY(count_outputs(b, &b_count, error));
    if (a_count != b_count) {
        fprintf(cli->out, "%s has %d outputs, %s has %d\n", a, a_count, b, b_count);
        *same = false;
        return NS_OK;
    }
    for (int i = 0; i < a_count; i++) {
        const char *title = ns_arena_format(cli->arena, "out%d", i);
        const char *a_path = ns_arena_format(cli->arena, "%s/out%d.npy", a, i);
        const char *b_path = ns_arena_format(cli->arena, "%s/out%d.npy", b, i);
        if (!title || !a_path || !b_path)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        NS_TRY(compare_files(cli, settings, title, a_path, b_path, same, error));
    }
    return NS_OK;
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    const compare_settings *settings = settings_;
    (void)operand_count;
    if (settings->qtol < 0 || settings->atol < 0 || settings->rtol < 0)
        return ns_fail(error, NS_ERROR_USAGE, "a tolerance is negative");
    const char *a = operands[0], *b = operands[1];
    bool same = true;
    if (is_folder(a) != is_folder(b))
        return ns_fail(error, NS_ERROR_USAGE, "%s and %s: one is a folder and the other is not", a, b);
    if (is_folder(a))
        NS_TRY(compare_folders(cli, settings, a, b, &same, error));
    else
        NS_TRY(compare_files(cli, settings, "tensor", a, b, &same, error));
    return same ? NS_OK : ns_fail(error, NS_ERROR_MISMATCH, "%s and %s differ", a, b);
}

const ns_subcommand ns_subcommand_compare = {
    .operands = "A B",
    .operand_min = 2,
    .operand_max = 2,
    .details = "A and B are .npy files, or folders that `npuscope run -o` wrote. B is the reference:\n"
               "SQNR and --rtol are relative to it. Exit code 1 when an element differs by more than\n"
               "the tolerance, or shapes or kinds of number do.",
    .options = options,
    .settings_size = sizeof(compare_settings),
    .run = run,
};
