#include "recorded/files.h"

#include <string.h>

#include "base/file.h"
#include "formats/npy.h"

ns_code ns_recorded_bytes(const char *folder, const char *name, ns_arena *arena, ns_bytes *out,
                          ns_error *error)
{
    if (strpbrk(name, "/\\") || strcmp(name, "..") == 0 || !*name)
        return ns_fail(error, NS_ERROR_INPUT, "%s: a file of a case lies in its folder, not elsewhere",
                       folder);
    const char *path = ns_arena_format(arena, "%s/%s", folder, name);
    return path ? ns_file_read(path, arena, out, error)
                : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", folder);
}

ns_code ns_recorded_json(const char *folder, const char *name, ns_arena *arena, json_t **out, ns_error *error)
{
    ns_bytes bytes;
    json_error_t problem;
    NS_TRY(ns_recorded_bytes(folder, name, arena, &bytes, error));
    *out = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &problem);
    if (!*out)
        return ns_fail(error, NS_ERROR_INPUT, "%s/%s:%d: %s", folder, name, problem.line, problem.text);
    return NS_OK;
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

ns_code ns_recorded_array(const char *folder, const char *name, ns_arena *arena, ns_tensor *out,
                          ns_error *error)
{
    ns_bytes bytes;
    ns_npy array;
    NS_TRY(ns_recorded_bytes(folder, name, arena, &bytes, error));
    NS_TRY(ns_npy_read(bytes, name, arena, &array, error));
    NS_TRY(ns_tensor_new(arena, NS_DTYPE_FP32, array.rank, array.shape, out, error));
    for (size_t i = 0; i < array.count; i++)
        if (!number_at(&array, i, (float *)out->data + i))
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s/%s: values of type %s", folder, name,
                           ns_npy_type_text(array.type));
    return NS_OK;
}

ns_code ns_recorded_integers(const char *folder, const char *name, ns_arena *arena, ns_tensor *out,
                             ns_error *error)
{
    ns_bytes bytes;
    ns_npy array;
    NS_TRY(ns_recorded_bytes(folder, name, arena, &bytes, error));
    NS_TRY(ns_npy_read(bytes, name, arena, &array, error));
    NS_TRY(ns_tensor_new(arena, NS_DTYPE_INT32, array.rank, array.shape, out, error));
    for (size_t i = 0; i < array.count; i++) {
        const int64_t value = array.type == NS_NPY_INT64   ? ((const int64_t *)array.data)[i]
                              : array.type == NS_NPY_INT32 ? ((const int32_t *)array.data)[i]
                              : array.type == NS_NPY_BOOL  ? ((const int8_t *)array.data)[i] != 0
                                                           : INT64_MAX;
        if (value != (int32_t)value)
            return ns_fail(error, NS_ERROR_INPUT, "%s/%s: element %zu is no whole number of 32 bits (%s)",
                           folder, name, i, ns_npy_type_text(array.type));
        ((int32_t *)out->data)[i] = (int32_t)value;
    }
    return NS_OK;
}
