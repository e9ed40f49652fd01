#include "program_files.h"

#include <string.h>

#include "base/file.h"
#include "program/order.h"
#include "run.h"

/* A FlatBuffer with the file identifier ET and two digits. */
bool ns_program_files_probe(ns_bytes bytes)
{
    return ns_bytes_contains(bytes, 4, 4) && memcmp(bytes.data + 4, "ET", 2) == 0;
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

static ns_code load_input(ns_cli *cli, const char *name, const ns_program_tensor *tensor, const char *file,
                          ns_bytes *out, ns_error *error)
{
    ns_npy wanted, array;
    char expected[128], is[128];
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
    if (array.type != wanted.type || array.rank != wanted.rank ||
        memcmp(array.shape, wanted.shape, (size_t)wanted.rank * sizeof wanted.shape[0]) != 0)
        return ns_fail(error, NS_ERROR_INPUT, "input '%s': %s is %s; expected %s", name, file,
                       ns_npy_describe(&array, is, sizeof is), expected);
    uint8_t *memory = ns_arena_alloc(cli->arena, size, 1);
    if (!memory)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for input '%s'", name);
    ns_program_to_memory_order(tensor, array.data, memory);
    *out = (ns_bytes){memory, size};
    return NS_OK;
}

ns_code ns_program_files_load(ns_cli *cli, const ns_text_list *inputs, const ns_program *program,
                              const void **data, size_t *sizes, ns_error *error)
{
    const int count = ns_program_input_count(program);
    ns_run_tensor *names = NS_ARENA_ARRAY(cli->arena, (size_t)count, ns_run_tensor);
    for (int i = 0; names && i < count; i++) {
        names[i].name = ns_arena_format(cli->arena, "in%d", i);
        if (!names[i].name)
            names = NULL;
    }
    if (!names)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs");
    for (int i = 0; i < inputs->count; i++) {
        int index = 0;
        const char *file = NULL;
        ns_bytes bytes;
        NS_TRY(ns_run_find_input(inputs->values[i], i, count, names, &index, &file, error));
        if (data[index])
            return ns_fail(error, NS_ERROR_USAGE, "input '%s' is given twice", names[index].name);
        if (!ns_program_input(program, index))
            return ns_fail(error, NS_ERROR_USAGE,
                           "input '%s' is no tensor: the program holds its value, and %s cannot change it",
                           names[index].name, file);
        NS_TRY(load_input(cli, names[index].name, ns_program_input(program, index), file, &bytes, error));
        data[index] = bytes.data ? bytes.data : (const void *)"";
        sizes[index] = bytes.size;
    }
    for (int i = 0; i < count; i++) {
        ns_npy wanted;
        char text[128];
        if (data[i] || !ns_program_input(program, i))
            continue;
        NS_TRY(ns_program_files_describe(ns_program_input(program, i), &wanted, error));
        return ns_fail(error, NS_ERROR_USAGE, "input '%s' is missing: expected %s (-i in%d=FILE)",
                       names[i].name, ns_npy_describe(&wanted, text, sizeof text), i);
    }
    return NS_OK;
}
