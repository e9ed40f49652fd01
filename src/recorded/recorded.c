#include "recorded/recorded.h"

#include <math.h>
#include <string.h>

#include "recorded/files.h"
#include "recorded/float_graph.h"

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

/* The test's arguments may leave out what its quantiser is configured with. */
static void read_settings(const json_t *info, ns_recorded *out)
{
    const json_t *params = json_object_get(info, "params");
    const json_t *epsilon = observer_epsilon(info, "set_global", "input");
    const json_t *per_channel = json_object_get(params, "per_channel_quantization");
    const json_t *global = json_object_get(json_object_get(info, "quantizer"), "set_global");
    const char *scheme = json_string_value(json_object_get(json_object_get(global, "weight"), "qscheme"));
    const char *board = json_string_value(json_object_get(info, "board"));
    if (!json_is_number(epsilon))
        epsilon = json_object_get(params, "epsilon");
    out->epsilon = json_is_number(epsilon) ? json_number_value(epsilon) : NAN;
    out->per_channel = scheme ? strstr(scheme, "per_channel") != NULL : !json_is_false(per_channel);
    if (json_is_true(
            json_object_get(params, "u55_subset"))) /* a test of what U55 does not take names no board */
        out->target = NS_TARGET_U55;
    for (size_t i = 0; board && i < sizeof boards / sizeof boards[0]; i++)
        if (strcmp(boards[i].board, board) == 0)
            out->target = boards[i].target;
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
static ns_code read_input(const char *folder, int index, const json_t *info, const ns_aten_node *node,
                          ns_arena *arena, ns_tensor *out, ns_error *error)
{
    const char *name = ns_arena_format(arena, "i%d.bin", index);
    ns_bytes bytes;
    int64_t order[NS_MAX_RANK];
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", folder);
    NS_TRY(ns_recorded_bytes(folder, name, arena, &bytes, error));
    NS_TRY(ns_tensor_new(arena, node->dtype, node->rank, node->shape, out, error));
    const size_t wanted = ns_tensor_count(out) * (size_t)ns_dtype_bytes(node->dtype);
    if (bytes.size != wanted)
        return ns_fail(error, NS_ERROR_INPUT, "%s/%s has %zu bytes; input '%s' of %zu %s needs %zu", folder,
                       name, bytes.size, node->name, ns_tensor_count(out), ns_dtype_text(node->dtype),
                       wanted);
    read_order(json_array_get(json_object_get(info, "inputs"), (size_t)index), node->rank, order);
    reorder(out, order, bytes.data);
    return NS_OK;
}

static ns_code read_case(const char *folder, const json_t *info, ns_arena *arena, ns_recorded *out,
                         ns_error *error)
{
    read_settings(info, out);
    NS_TRY(ns_recorded_float_graph(folder, arena, &out->program, error));
    const ns_aten_program *program = out->program;
    out->inputs = NS_ARENA_ARRAY(arena, (size_t)program->input_count, ns_tensor);
    if (!out->inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its inputs", folder);
    for (int i = 0; i < program->input_count; i++)
        NS_TRY(
            read_input(folder, i, info, &program->nodes[program->inputs[i]], arena, &out->inputs[i], error));
    return NS_OK;
}

ns_code ns_recorded_read(const char *folder, ns_arena *arena, ns_recorded *out, ns_error *error)
{
    json_t *info = NULL;
    *out = (ns_recorded){.epsilon = NAN, .target = NS_TARGET_U85};
    NS_TRY(ns_recorded_json(folder, "info.json", arena, &info, error));
    const ns_code code = read_case(folder, info, arena, out, error);
    json_decref(info);
    return code;
}
