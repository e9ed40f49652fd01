/* npuscope compare: the arrays of one side. */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/interface.h"
#include "base/system.h"
#include "formats/interface.h"
#include "shared.h"

bool ns_npy_is_real(ns_npy_type type)
{
    return type == NS_NPY_FLOAT32 || type == NS_NPY_FLOAT64;
}

double ns_npy_real(const ns_npy *array, size_t i)
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

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static ns_code add_array(ns_array_list *list, const char *name, const ns_npy *array, ns_arena *arena,
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
        *list = (ns_array_list){list->count, capacity, names, arrays};
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

static ns_code list_folder(ns_array_list *list, const char *path, const char *prefix, int depth,
                           ns_arena *arena, ns_error *error)
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

static ns_code list_archive(ns_array_list *list, const char *path, ns_bytes bytes, ns_arena *arena,
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

ns_code ns_arrays_list(ns_array_list *list, const char *path, ns_arena *arena, ns_error *error)
{
    ns_bytes bytes;
    ns_npy array;
    *list = (ns_array_list){0};
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
