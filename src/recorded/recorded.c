#include "recorded/interface.h"

#include <math.h>
#include <string.h>

#include "base/interface.h"

/* Boards that ExecuTorch's pipelines build for, and the target of each. */
static const struct {
    const char *board;
    ns_target target;
} boards[] = {{"corstone-300", NS_TARGET_U55}, {"corstone-320", NS_TARGET_U85}};

/* quantizer.<part>.<tensors>.observer_args.eps, where the configuration has it. */
static const json_t *observer_epsilon(const json_t *info, const char *part, const char *tensors)
{
    const json_t *quantizer = json_object_get(json_object_get(info, "quantizer"), part);
    const json_t *observer = json_object_get(json_object_get(quantizer, tensors), "observer_args");
    return json_object_get(observer, "eps");
}

static double number_of(const json_t *object, const char *key, const json_t *otherwise)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        value = json_object_get(otherwise, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "test_layer_norm.py" is of layer_norm. */
static const char *name_of_file(const char *file, ns_arena *arena)
{
    size_t length = strlen(file);
    const size_t start = strncmp(file, "test_", 5) == 0 ? 5 : 0;
    if (length > start + 3 && strcmp(file + length - 3, ".py") == 0)
        length -= 3;
    const char *name = ns_arena_format(arena, "%.*s", (int)(length - start), file + start);
    return name ? ns_printable_copy(arena, name) : NULL;
}

/* The one operator of the float graph, else what the test's file says, else "program". */
static ns_code read_op(const ns_case_files *files, const json_t *info, ns_arena *arena, const char **out,
                       ns_error *error)
{
    const char *file = json_string_value(json_object_get(info, "file"));
    if (ns_case_has(files, "float.json"))
        NS_TRY(ns_recorded_operator(files, arena, out, error));
    if (!*out)
        *out = file ? name_of_file(file, arena) : "program";
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
}

static void read_target(const json_t *info, ns_recorded_settings *out)
{
    const char *board = json_string_value(json_object_get(info, "board"));
    /* A test of what U55 does not take names no board. */
    out->has_target = json_is_true(json_object_get(json_object_get(info, "params"), "u55_subset"));
    out->target = out->has_target ? NS_TARGET_U55 : NS_TARGET_U85;
    for (size_t i = 0; board && i < sizeof boards / sizeof boards[0]; i++)
        if (strcmp(boards[i].board, board) == 0) {
            out->has_target = true;
            out->target = boards[i].target;
        }
}

/* The test's arguments may leave out what its quantiser is configured with. */
static void read_settings(const json_t *info, ns_recorded_settings *out)
{
    const json_t *params = json_object_get(info, "params"), *compare = json_object_get(info, "compare");
    const json_t *epsilon = observer_epsilon(info, "set_global", "input");
    const json_t *per_channel = json_object_get(params, "per_channel_quantization");
    const json_t *global = json_object_get(json_object_get(info, "quantizer"), "set_global");
    const json_t *delegates = json_object_get(info, "delegates");
    const char *scheme = json_string_value(json_object_get(json_object_get(global, "weight"), "qscheme"));
    *out = (ns_recorded_settings){
        .epsilon = json_is_number(epsilon) ? json_number_value(epsilon) : number_of(params, "epsilon", NULL),
        .qtol = number_of(compare, "qtol", params),
        .atol = number_of(compare, "atol", params),
        .rtol = number_of(compare, "rtol", params),
        .delegates = json_is_integer(delegates) ? (int)json_integer_value(delegates) : -1,
        .per_channel = scheme ? strstr(scheme, "per_channel") != NULL : !json_is_false(per_channel),
    };
    read_target(info, out);
}

/* Values in memory order `order` (dim_order: the logical axis of each axis in memory) into logical order. */
static void reorder(const ns_tensor *tensor, const int64_t *order, const uint8_t *memory)
{
    const size_t size = (size_t)ns_dtype_bytes(tensor->dtype);
    int64_t strides[NS_MAX_RANK] = {0}, position[NS_MAX_RANK] = {0}, step = 1;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        strides[order[i]] = step;
        step *= tensor->shape[order[i]];
    }
    for (size_t k = 0; k < ns_tensor_count(tensor); k++) {
        int64_t at = 0;
        for (int i = 0; i < tensor->rank; i++)
            at += position[i] * strides[i];
        memcpy((char *)tensor->data + k * size, memory + (size_t)at * size, size);
        for (int i = tensor->rank - 1; i >= 0 && ++position[i] == tensor->shape[i]; i--)
            position[i] = 0;
    }
}

/* input->dim_order where it is a permutation; else the identity. */
static void read_order(const json_t *input, int rank, int64_t *order)
{
    const json_t *list = json_object_get(input, "dim_order");
    unsigned seen = 0;
    for (int i = 0; i < rank; i++) {
        order[i] = json_integer_value(json_array_get(list, (size_t)i));
        seen |= order[i] >= 0 && order[i] < rank ? 1u << order[i] : 0;
    }
    for (int i = 0; seen != (1u << rank) - 1 && i < rank; i++)
        order[i] = i;
}

/* An input's raw values, of its node's type, in memory order. */
static ns_code read_input(const ns_case_files *files, int index, const json_t *info, const ns_aten_node *node,
                          ns_arena *arena, ns_tensor *out, ns_error *error)
{
    const char *name = ns_arena_format(arena, "i%d.bin", index);
    ns_bytes bytes;
    int64_t order[NS_MAX_RANK];
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", files->where);
    NS_TRY(ns_case_bytes(files, name, arena, &bytes, error));
    NS_TRY(ns_tensor_new(arena, node->dtype, node->rank, node->shape, out, error));
    const size_t wanted = ns_tensor_count(out) * (size_t)ns_dtype_bytes(node->dtype);
    if (bytes.size != wanted)
        return ns_fail(error, NS_ERROR_INPUT, "%s/%s has %zu bytes; input '%s' of %zu %s needs %zu",
                       files->where, name, bytes.size, node->name, ns_tensor_count(out),
                       ns_dtype_text(node->dtype), wanted);
    read_order(json_array_get(json_object_get(info, "inputs"), (size_t)index), node->rank, order);
    reorder(out, order, bytes.data);
    return NS_OK;
}

static ns_code read_case(const ns_case_files *files, const json_t *info, ns_arena *arena, ns_recorded *out,
                         ns_error *error)
{
    read_settings(info, &out->settings);
    NS_TRY(ns_recorded_float_graph(files, arena, &out->program, error));
    const ns_aten_program *program = out->program;
    out->inputs = NS_ARENA_ARRAY(arena, (size_t)program->input_count, ns_tensor);
    if (!out->inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its inputs", files->where);
    for (int i = 0; i < program->input_count; i++)
        NS_TRY(
            read_input(files, i, info, &program->nodes[program->inputs[i]], arena, &out->inputs[i], error));
    return NS_OK;
}

ns_code ns_recorded_read_settings(const ns_case_files *files, ns_arena *arena, ns_recorded_settings *out,
                                  ns_error *error)
{
    json_t *info = NULL;
    NS_TRY(ns_case_json(files, "info.json", arena, &info, error));
    read_settings(info, out);
    const ns_code code = read_op(files, info, arena, &out->op, error);
    json_decref(info);
    return code;
}

ns_code ns_recorded_read(const ns_case_files *files, ns_arena *arena, ns_recorded *out, ns_error *error)
{
    json_t *info = NULL;
    *out = (ns_recorded){0};
    NS_TRY(ns_case_json(files, "info.json", arena, &info, error));
    const ns_code code = read_case(files, info, arena, out, error);
    json_decref(info);
    return code;
}
