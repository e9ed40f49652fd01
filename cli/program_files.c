#include "shared.h"

#include <string.h>

#include "base/interface.h"
#include "program/interface.h"

/* A FlatBuffer with the file identifier ET and two digits, or a bundle of one. */
bool ns_program_files_probe(ns_bytes bytes)
{
    return ns_bytes_contains(bytes, 4, 4) &&
           (memcmp(bytes.data + 4, "ET", 2) == 0 || ns_program_is_bundle(bytes.data, bytes.size));
}

static ns_code npy_type_of(const ns_program_tensor *tensor, ns_npy_type *type, ns_error *error)
{
    switch (tensor->scalar) {
    case NS_SCALAR_BOOL:
        *type = NS_NPY_BOOL;
        return NS_OK;
    case NS_SCALAR_INT8:
        *type = NS_NPY_INT8;
        return NS_OK;
    case NS_SCALAR_INT16:
        *type = NS_NPY_INT16;
        return NS_OK;
    case NS_SCALAR_INT32:
        *type = NS_NPY_INT32;
        return NS_OK;
    case NS_SCALAR_INT64:
        *type = NS_NPY_INT64;
        return NS_OK;
    case NS_SCALAR_UINT8:
        *type = NS_NPY_UINT8;
        return NS_OK;
    case NS_SCALAR_UINT16:
    case NS_SCALAR_BITS16:
    case NS_SCALAR_BFLOAT16: /* NumPy has no bfloat16: its bits */
        *type = NS_NPY_UINT16;
        return NS_OK;
    case NS_SCALAR_UINT32:
        *type = NS_NPY_UINT32;
        return NS_OK;
    case NS_SCALAR_UINT64:
        *type = NS_NPY_UINT64;
        return NS_OK;
    case NS_SCALAR_FLOAT16:
        *type = NS_NPY_FLOAT16;
        return NS_OK;
    case NS_SCALAR_FLOAT32:
        *type = NS_NPY_FLOAT32;
        return NS_OK;
    case NS_SCALAR_FLOAT64:
        *type = NS_NPY_FLOAT64;
        return NS_OK;
    case NS_SCALAR_COUNT:
        break;
    }
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "tensors of %s in .npy files",
                   ns_scalar_text(tensor->scalar));
}

ns_code ns_program_files_describe(const ns_program_tensor *tensor, ns_npy *array, ns_error *error)
{
    *array = (ns_npy){.item_size = (size_t)ns_scalar_bytes(tensor->scalar), .rank = tensor->rank};
    if (tensor->rank > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "a tensor of rank %d (at most %d)", tensor->rank,
                       NS_MAX_RANK);
    memcpy(array->shape, tensor->shape, (size_t)tensor->rank * sizeof array->shape[0]);
    array->count = tensor->count;
    return npy_type_of(tensor, &array->type, error);
}

/* Fewer along the first dim of a dynamic shape, and the same along the others. */
static bool is_part(const ns_program_tensor *tensor, const ns_npy *array)
{
    return tensor->dynamic && tensor->rank > 0 && array->rank == tensor->rank && array->shape[0] > 0 &&
           array->shape[0] < tensor->shape[0] &&
           memcmp(array->shape + 1, tensor->shape + 1,
                  (size_t)(tensor->rank - 1) * sizeof tensor->shape[0]) == 0;
}

/* Several of the tensor along a leading axis. */
static bool is_row(const ns_program_tensor *tensor, const ns_npy *array)
{
    return array->rank > 0 && array->shape[0] > 0 &&
           ns_input_same_but_ones(array->rank - 1, array->shape + 1, tensor->rank, tensor->shape);
}

/* From a file's order to the memory's, one sample after the other; what a part of a dynamic shape leaves is
 * filled with zeros. */
static ns_code arrange(const ns_program_tensor *tensor, const ns_npy *array, int64_t samples, size_t size,
                       ns_arena *arena, ns_bytes *out, ns_error *error)
{
    uint8_t *memory = ns_arena_alloc(arena, size, (size_t)samples), *whole = array->data;
    if (memory && array->count * array->item_size < size) {
        whole = ns_arena_alloc(arena, size, 1);
        if (whole)
            memcpy(whole, array->data, array->count * array->item_size);
    }
    if (!memory || !whole)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the program's inputs");
    for (int64_t i = 0; i < samples; i++)
        ns_program_to_memory_order(tensor, whole + (size_t)i * size, memory + (size_t)i * size);
    *out = (ns_bytes){memory, size};
    return NS_OK;
}

static ns_code load_input(ns_cli *cli, const char *name, const ns_program_tensor *tensor, const char *file,
                          ns_program_files *files, int index, ns_bytes *out, ns_error *error)
{
    ns_npy wanted, array;
    char expected[128], is[128];
    int64_t samples = 1;
    NS_TRY(ns_file_read(file, cli->arena, out, error));
    NS_TRY(ns_program_files_describe(tensor, &wanted, error));
    ns_npy_describe(&wanted, expected, sizeof expected);
    const size_t size = tensor->count * wanted.item_size;
    if (!ns_npy_probe(*out)) {
        if (out->size != size)
            return ns_fail(error, NS_ERROR_INPUT, "input '%s': %s has %zu bytes; expected %zu for %s", name,
                           file, out->size, size, expected);
        return NS_OK;
    }
    NS_TRY(ns_npy_read(*out, file, cli->arena, &array, error));
    bool fits = ns_input_same_but_ones(array.rank, array.shape, wanted.rank, wanted.shape);
    if (!fits && files->with_samples && is_row(tensor, &array)) {
        fits = true;
        samples = files->held[index] = array.shape[0];
    }
    if (!fits && is_part(tensor, &array)) {
        fits = true;
        files->parts[index] = array.shape[0];
    }
    if (array.type != wanted.type || !fits)
        return ns_fail(error, NS_ERROR_INPUT, "input '%s': %s is %s; expected %s%s", name, file,
                       ns_npy_describe(&array, is, sizeof is), expected,
                       tensor->dynamic ? ", or less along the first dim: the shape is dynamic" : "");
    return arrange(tensor, &array, samples, size, cli->arena, out, error);
}

ns_code ns_program_files_new(const ns_program *program, ns_arena *arena, ns_program_files *out,
                             ns_error *error)
{
    const size_t count = (size_t)ns_program_input_count(program);
    *out = (ns_program_files){.data = NS_ARENA_ARRAY(arena, count, const void *),
                              .sizes = NS_ARENA_ARRAY(arena, count, size_t),
                              .parts = NS_ARENA_ARRAY(arena, count, int64_t),
                              .held = NS_ARENA_ARRAY(arena, count, int64_t)};
    return out->data && out->sizes && out->parts && out->held
               ? NS_OK
               : ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs");
}

static const char *name_of(const void *list, int index)
{
    return ((const char *const *)list)[index];
}

static ns_code make_names(int count, ns_arena *arena, const char ***out, ns_error *error)
{
    const char **names = NS_ARENA_ARRAY(arena, (size_t)count, const char *);
    for (int i = 0; names && i < count; i++) {
        names[i] = ns_arena_format(arena, "in%d", i);
        if (!names[i])
            names = NULL;
    }
    *out = names;
    return names ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs");
}

/* An input that no file gives: the bundle's, or an error. */
static ns_code take_default(const ns_program *program, int index, const char *name, ns_program_files *out,
                            ns_error *error)
{
    ns_npy wanted;
    char text[128];
    if (out->data[index] || !ns_program_input(program, index))
        return NS_OK;
    if (out->test < ns_program_case_count(program))
        out->data[index] = ns_program_case_input(program, out->test, index, &out->sizes[index]);
    if (out->data[index])
        return NS_OK;
    NS_TRY(ns_program_files_describe(ns_program_input(program, index), &wanted, error));
    return ns_fail(error, NS_ERROR_USAGE, "input '%s' is missing: expected %s (-i in%d=FILE)", name,
                   ns_npy_describe(&wanted, text, sizeof text), index);
}

/* As many in each file, or one that is kept for all. */
static ns_code count_samples(ns_program_files *files, const char *name, int index, ns_error *error)
{
    const int64_t held = files->with_samples ? files->held[index] : 0;
    if (held > 1 && files->samples > 1 && held != files->samples)
        return ns_fail(error, NS_ERROR_INPUT, "input '%s' holds %lld samples, another %lld", name,
                       (long long)held, (long long)files->samples);
    files->samples = held > 1 ? held : files->samples;
    return NS_OK;
}

ns_code ns_program_files_load(ns_cli *cli, const ns_text_list *inputs, const ns_program *program,
                              ns_program_files *out, ns_error *error)
{
    const int count = ns_program_input_count(program);
    const char **names;
    NS_TRY(make_names(count, cli->arena, &names, error));
    out->samples = 1;
    for (int i = 0; i < inputs->count; i++) {
        int index = 0;
        const char *file = NULL;
        ns_bytes bytes;
        NS_TRY(ns_input_find(inputs->values[i], i, count, name_of, names, &index, &file, error));
        if (out->data[index])
            return ns_fail(error, NS_ERROR_USAGE, "input '%s' is given twice", names[index]);
        if (!ns_program_input(program, index))
            return ns_fail(error, NS_ERROR_USAGE,
                           "input '%s' is no tensor: the program holds its value, and %s cannot change it",
                           names[index], file);
        NS_TRY(
            load_input(cli, names[index], ns_program_input(program, index), file, out, index, &bytes, error));
        out->data[index] = bytes.data ? bytes.data : (const void *)"";
        out->sizes[index] = bytes.size;
        NS_TRY(count_samples(out, names[index], index, error));
    }
    for (int i = 0; i < count; i++)
        NS_TRY(take_default(program, i, names[i], out, error));
    return NS_OK;
}
