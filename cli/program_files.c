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

ns_code ns_program_files_describe(const ns_program_tensor *tensor, ns_npy *array, ns_error *error)
{
    *array = (ns_npy){.item_size = (size_t)ns_scalar_bytes(tensor->scalar), .rank = tensor->rank};
    if (tensor->rank > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "a tensor of rank %d (at most %d)", tensor->rank,
                       NS_MAX_RANK);
    memcpy(array->shape, tensor->shape, (size_t)tensor->rank * sizeof array->shape[0]);
    array->count = tensor->count;
    return ns_npy_type_parse(ns_scalar_text(tensor->scalar), &array->type)
               ? NS_OK
               : ns_fail(error, NS_ERROR_UNSUPPORTED, "tensors of %s in .npy files",
                         ns_scalar_text(tensor->scalar));
}

ns_code ns_program_files_npy(const ns_program_tensor *tensor, const void *memory, ns_arena *arena,
                             ns_bytes *out, ns_error *error)
{
    ns_program_tensor held = *tensor;
    ns_npy array;
    NS_TRY(ns_program_files_describe(tensor, &array, error));
    array.data = ns_arena_alloc(arena, array.count, array.item_size);
    if (!array.data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a tensor of a test case");
    held.data = (void *)(uintptr_t)memory;
    ns_program_from_memory_order(&held, array.data);
    return ns_npy_write(&array, arena, out, error);
}

/* The files of a program's inputs as those of any model. */
static ns_code declare(const ns_program *program, int index, ns_arena *arena, ns_input *out, ns_error *error)
{
    static const int64_t one[NS_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    _Static_assert(NS_MAX_RANK <= 8, "a one for each dim");
    const ns_program_tensor *tensor = ns_program_input(program, index);
    ns_npy array;
    *out = (ns_input){.name = ns_arena_format(arena, "in%d", index), .fixed = !tensor};
    if (!out->name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs");
    if (!tensor)
        return NS_OK;
    NS_TRY(ns_program_files_describe(tensor, &array, error));
    out->type = array.type;
    out->rank = array.rank;
    memcpy(out->shape, array.shape, sizeof out->shape);
    out->least_shape = tensor->dynamic && array.count ? one : NULL;
    return NS_OK;
}

/* Elements of a smaller array at their places in a larger one of zeros. */
static void place(const ns_npy *small, const int64_t *shape, uint8_t *out)
{
    int64_t index[NS_MAX_RANK] = {0};
    for (size_t i = 0; i < small->count; i++) {
        size_t at = 0;
        for (int d = 0; d < small->rank; d++)
            at = at * (size_t)shape[d] + (size_t)index[d];
        memcpy(out + at * small->item_size, (const uint8_t *)small->data + i * small->item_size,
               small->item_size);
        for (int d = small->rank - 1; d >= 0 && ++index[d] == small->shape[d]; d--)
            index[d] = 0;
    }
}

/* From a file's order to the memory's, one sample after the other. A delegate takes the upper bound of a
 * dynamic shape and nothing else: where the program has one, what the file leaves is zeros. */
static ns_code arrange(const ns_program *program, int index, const ns_input *input, ns_arena *arena,
                       ns_program_files *files, ns_error *error)
{
    ns_program_tensor tensor = *ns_program_input(program, index);
    ns_npy array = input->array;
    const bool smaller = memcmp(array.shape, tensor.shape, (size_t)tensor.rank * sizeof *array.shape) != 0;
    if (smaller && !(files->shapes[index] = ns_arena_copy(arena, array.shape, sizeof array.shape)))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a shape");
    if (smaller && ns_program_delegate_count(program)) {
        array.data = ns_arena_alloc(arena, tensor.count, array.item_size);
        if (!array.data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the program's inputs");
        place(&input->array, tensor.shape, array.data);
    } else if (smaller) {
        memcpy(tensor.shape, array.shape, (size_t)tensor.rank * sizeof *array.shape);
        tensor.count = array.count;
    }
    const size_t size = tensor.count * array.item_size;
    uint8_t *memory = ns_arena_alloc(arena, size ? size : 1, (size_t)input->held);
    if (!memory)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the program's inputs");
    for (int64_t i = 0; i < input->held; i++)
        if (input->raw)
            memcpy(memory + (size_t)i * size, (uint8_t *)array.data + (size_t)i * size, size);
        else
            ns_program_to_memory_order(&tensor, (uint8_t *)array.data + (size_t)i * size,
                                       memory + (size_t)i * size);
    files->data[index] = memory;
    files->sizes[index] = size;
    files->held[index] = input->held;
    return NS_OK;
}

ns_code ns_program_files_new(const ns_program *program, ns_arena *arena, ns_program_files *out,
                             ns_error *error)
{
    const size_t count = (size_t)ns_program_input_count(program);
    *out = (ns_program_files){.data = NS_ARENA_ARRAY(arena, count, const void *),
                              .sizes = NS_ARENA_ARRAY(arena, count, size_t),
                              .shapes = NS_ARENA_ARRAY(arena, count, const int64_t *),
                              .held = NS_ARENA_ARRAY(arena, count, int64_t)};
    return out->data && out->sizes && out->shapes && out->held
               ? NS_OK
               : ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs");
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

ns_code ns_program_files_load(ns_cli *cli, const ns_text_list *inputs, const ns_program *program,
                              ns_program_files *out, ns_error *error)
{
    const int count = ns_program_input_count(program);
    ns_input *list = NS_ARENA_ARRAY(cli->arena, (size_t)count, ns_input);
    const ns_input_rules rules = {.files = inputs, .frames = out->with_samples, .optional = true};
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs");
    for (int i = 0; i < count; i++)
        NS_TRY(declare(program, i, cli->arena, &list[i], error));
    NS_TRY(ns_inputs_load(&rules, cli->arena, count, list, &out->samples, error));
    for (int i = 0; i < count; i++) {
        if (list[i].array.data)
            NS_TRY(arrange(program, i, &list[i], cli->arena, out, error));
        NS_TRY(take_default(program, i, list[i].name, out, error));
    }
    return NS_OK;
}
