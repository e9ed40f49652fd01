#include "recorded/interface.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/interface.h"
#include "formats/interface.h"

static const ns_zip_member *find_member(const ns_case_files *files, const char *name)
{
    for (int i = 0; i < files->member_count; i++)
        if (strcmp(files->members[i].name + files->prefix, name) == 0)
            return &files->members[i];
    return NULL;
}

bool ns_case_has(const ns_case_files *files, const char *name)
{
    char path[PATH_MAX];
    struct stat info;
    if (files->zipped)
        return find_member(files, name) != NULL;
    return snprintf(path, sizeof path, "%s/%s", files->where, name) < (int)sizeof path &&
           stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* The largest number in `name`, or `most` if that is larger; numbers are cut at INT_MAX / 10. */
static int largest_number(const char *name, int most)
{
    for (int number = 0; *name; name++, number = 0) {
        for (; *name >= '0' && *name <= '9' && number < INT_MAX / 10; name++)
            number = 10 * number + (*name - '0');
        most = number > most ? number : most;
        if (!*name)
            break;
    }
    return most;
}

int ns_case_largest_number(const ns_case_files *files)
{
    int most = 0;
    for (int i = 0; files->zipped && i < files->member_count; i++)
        most = largest_number(files->members[i].name + files->prefix, most);
    DIR *folder = files->zipped ? NULL : opendir(files->where);
    if (!files->zipped && !folder)
        return INT_MAX;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        most = largest_number(entry->d_name, most);
    if (folder)
        closedir(folder);
    return most;
}

ns_code ns_case_bytes(const ns_case_files *files, const char *name, ns_arena *arena, ns_bytes *out,
                      ns_error *error)
{
    if (strpbrk(name, "/\\") || strcmp(name, "..") == 0 || !*name)
        return ns_fail(error, NS_ERROR_INPUT, "%s: a file of a case lies in its folder, not elsewhere",
                       files->where);
    if (files->problem)
        return ns_fail(error, NS_ERROR_INPUT, "%s", files->problem);
    if (files->zipped) {
        const ns_zip_member *member = find_member(files, name);
        *out = member ? member->bytes : (ns_bytes){0};
        return member ? NS_OK : ns_fail(error, NS_ERROR_IO, "%s/%s: no such file", files->where, name);
    }
    const char *path = ns_arena_format(arena, "%s/%s", files->where, name);
    return path ? ns_file_read(path, arena, out, error)
                : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", files->where);
}

ns_code ns_case_json(const ns_case_files *files, const char *name, ns_arena *arena, json_t **out,
                     ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_case_bytes(files, name, arena, &bytes, error));
    const char *what = ns_arena_format(arena, "%s/%s", files->where, name);
    return what ? ns_json_parse(bytes, what, out, error)
                : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", name);
}

/* Element `i` of an array of numbers. */
static bool number_at(const ns_npy *array, size_t i, float *out)
{
    switch (array->type) {
    case NS_NPY_FLOAT32:
        *out = ((const float *)array->data)[i];
        return true;
    case NS_NPY_FLOAT64:
        *out = (float)((const double *)array->data)[i];
        return true;
    case NS_NPY_INT64:
        *out = (float)((const int64_t *)array->data)[i];
        return true;
    case NS_NPY_INT32:
        *out = (float)((const int32_t *)array->data)[i];
        return true;
    case NS_NPY_BOOL:
        *out = ((const int8_t *)array->data)[i] != 0;
        return true;
    default:
        return false;
    }
}

ns_code ns_case_array(const ns_case_files *files, const char *name, ns_arena *arena, ns_tensor *out,
                      ns_error *error)
{
    ns_bytes bytes;
    ns_npy array;
    NS_TRY(ns_case_bytes(files, name, arena, &bytes, error));
    NS_TRY(ns_npy_read(bytes, name, arena, &array, error));
    NS_TRY(ns_tensor_new(arena, NS_DTYPE_FP32, array.rank, array.shape, out, error));
    for (size_t i = 0; i < array.count; i++)
        if (!number_at(&array, i, (float *)out->data + i))
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s/%s: values of type %s", files->where, name,
                           ns_npy_type_text(array.type));
    return NS_OK;
}

/* Element `i` of an array of whole numbers or truth values. */
static bool whole_at(const ns_npy *array, size_t i, int64_t *out)
{
    switch (array->type) {
    case NS_NPY_INT64:
        *out = ((const int64_t *)array->data)[i];
        return true;
    case NS_NPY_INT32:
        *out = ((const int32_t *)array->data)[i];
        return true;
    case NS_NPY_INT16:
        *out = ((const int16_t *)array->data)[i];
        return true;
    case NS_NPY_INT8:
        *out = ((const int8_t *)array->data)[i];
        return true;
    case NS_NPY_UINT8:
        *out = ((const uint8_t *)array->data)[i];
        return true;
    case NS_NPY_UINT16:
        *out = ((const uint16_t *)array->data)[i];
        return true;
    case NS_NPY_BOOL:
        *out = ((const int8_t *)array->data)[i] != 0;
        return true;
    default:
        return false;
    }
}

ns_code ns_case_whole(const ns_case_files *files, const char *name, ns_dtype dtype, ns_arena *arena,
                      ns_tensor *out, ns_error *error)
{
    const bool truth = dtype == NS_DTYPE_BOOL;
    const int64_t least = truth ? 0 : ns_dtype_min(dtype), most = truth ? 1 : ns_dtype_max(dtype);
    ns_bytes bytes;
    ns_npy array;
    NS_TRY(ns_case_bytes(files, name, arena, &bytes, error));
    NS_TRY(ns_npy_read(bytes, name, arena, &array, error));
    NS_TRY(ns_tensor_new(arena, dtype, array.rank, array.shape, out, error));
    for (size_t i = 0; i < array.count; i++) {
        int64_t value = 0;
        const bool whole = whole_at(&array, i, &value);
        if ((array.type == NS_NPY_UINT8 && dtype == NS_DTYPE_INT8) ||
            (array.type == NS_NPY_UINT16 && dtype == NS_DTYPE_INT16)) /* the bits, as streams hold them */
            value = value > most ? value - 2 * (most + 1) : value;
        if (!whole || value < least || value > most)
            return ns_fail(error, NS_ERROR_INPUT, "%s/%s: element %zu is no %s (the file is of %s)",
                           files->where, name, i, ns_dtype_text(dtype), ns_npy_type_text(array.type));
        ns_tensor_set(out, i, value);
    }
    return NS_OK;
}

ns_code ns_case_integers(const ns_case_files *files, const char *name, ns_arena *arena, ns_tensor *out,
                         ns_error *error)
{
    return ns_case_whole(files, name, NS_DTYPE_INT32, arena, out, error);
}

ns_code ns_case_is_real(const ns_case_files *files, const char *name, ns_arena *arena, bool *out,
                        ns_error *error)
{
    ns_bytes bytes;
    ns_npy array;
    NS_TRY(ns_case_bytes(files, name, arena, &bytes, error));
    NS_TRY(ns_npy_read(bytes, name, arena, &array, error));
    *out = array.type == NS_NPY_FLOAT32 || array.type == NS_NPY_FLOAT64;
    return NS_OK;
}
