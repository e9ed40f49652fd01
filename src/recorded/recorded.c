#include "recorded/interface.h"

#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "ir/interface.h"
#include "ir/operator.h"
#include "ops/families/reductions.h"
#include "ops/operators.h"

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

/* ---- memory formats ---- */

/* The logical axis of each axis in memory: input->dim_order where it is a permutation; else the identity. */
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

typedef int64_t memory_order[NS_MAX_RANK];

/* Whether the axes of some input lie in another order in memory; `orders` gets each input's. */
static bool read_orders(const json_t *info, const ns_aten_program *program, memory_order *orders)
{
    bool others = false;
    for (int i = 0; i < program->input_count; i++) {
        const int rank = program->nodes[program->inputs[i]].rank;
        read_order(json_array_get(json_object_get(info, "inputs"), (size_t)i), rank, orders[i]);
        for (int axis = 0; axis < rank; axis++)
            others = others || orders[i][axis] != axis;
    }
    return others;
}

typedef struct memory_walk {
    const ns_aten_program *from;
    ns_aten_program *to;
    int *map;                /* by node of `from` */
    const int64_t **formats; /* by node of `from`; NULL: row-major */
    int input;               /* those that were met */
} memory_walk;

/* The input as it lies in memory, and what brings it into logical order. */
static ns_code add_input(memory_walk *w, int n, const int64_t *order, ns_error *error)
{
    const ns_aten_node *node = &w->from->nodes[n];
    int64_t shape[NS_MAX_RANK], back[NS_MAX_RANK];
    bool moves = false;
    for (int i = 0; i < node->rank; i++) {
        shape[i] = node->shape[order[i]];
        back[order[i]] = i;
        moves = moves || order[i] != i;
    }
    NS_TRY(ns_aten_add_typed_input(w->to, node->name, node->dtype, node->rank, shape, &w->map[n], error));
    if (!moves)
        return NS_OK;
    w->formats[n] = order;
    return ns_decompose_reorder(w->to, back, &w->map[n], error);
}

/* PyTorch keeps the memory format of an operand, where the result is no view. */
static const int64_t *format_of(const memory_walk *w, const ns_aten_node *node)
{
    for (int i = 0; !node->op->only_view && i < node->input_count; i++)
        if (node->inputs[i] >= 0 && w->formats[node->inputs[i]] &&
            w->from->nodes[node->inputs[i]].rank == node->rank)
            return w->formats[node->inputs[i]];
    return NULL;
}

static ns_code add_node(memory_walk *w, int n, memory_order *orders, ns_error *error)
{
    const ns_aten_node *node = &w->from->nodes[n];
    if (node->kind == NS_ATEN_INPUT)
        return add_input(w, n, orders[w->input++], error);
    if (node->kind == NS_ATEN_PARAMETER)
        return ns_aten_add_constant(w->to, node, &w->map[n], error);
    int *inputs = NS_ARENA_ARRAY(w->to->arena, (size_t)node->input_count, int);
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", node->name);
    for (int i = 0; i < node->input_count; i++)
        inputs[i] = node->inputs[i] < 0 ? -1 : w->map[node->inputs[i]];
    w->formats[n] = format_of(w, node);
    return ns_aten_add_copy(w->to, node, inputs, &w->map[n], error);
}

/* Inputs and outputs as they lie in memory, with what brings them into logical order and back
 * (normalize_delegate_io_layout_pass.py). */
static ns_code to_memory_order(const json_t *info, ns_arena *arena, ns_aten_program **program,
                               ns_error *error)
{
    const ns_aten_program *from = *program;
    const size_t count = (size_t)from->node_count;
    memory_walk w = {.from = from,
                     .map = NS_ARENA_ARRAY(arena, count, int),
                     .formats = NS_ARENA_ARRAY(arena, count, const int64_t *)};
    memory_order *orders = NS_ARENA_ARRAY(arena, (size_t)from->input_count, memory_order);
    if (!w.map || !w.formats || !orders)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for memory formats");
    if (!read_orders(info, from, orders))
        return NS_OK;
    NS_TRY(ns_aten_program_new(arena, &w.to, error));
    for (int n = 0; n < from->node_count; n++)
        NS_TRY(add_node(&w, n, orders, error));
    for (int o = 0; o < from->output_count; o++) {
        int node = w.map[from->outputs[o]];
        if (w.formats[from->outputs[o]])
            NS_TRY(ns_decompose_reorder(w.to, w.formats[from->outputs[o]], &node, error));
        NS_TRY(ns_aten_add_output(w.to, node, error));
    }
    *program = w.to;
    return NS_OK;
}

/* ---- inputs ---- */

/* An input's raw values, of its node's type. */
static ns_code read_input(const ns_case_files *files, int index, const ns_aten_node *node, ns_arena *arena,
                          ns_tensor *out, ns_error *error)
{
    const char *name = ns_arena_format(arena, "i%d.bin", index);
    ns_bytes bytes;
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", files->where);
    NS_TRY(ns_case_bytes(files, name, arena, &bytes, error));
    NS_TRY(ns_tensor_new(arena, node->dtype, node->rank, node->shape, out, error));
    const size_t wanted = ns_tensor_count(out) * (size_t)ns_dtype_bytes(node->dtype);
    if (bytes.size != wanted)
        return ns_fail(error, NS_ERROR_INPUT, "%s/%s has %zu bytes; input '%s' of %zu %s needs %zu",
                       files->where, name, bytes.size, node->name, ns_tensor_count(out),
                       ns_dtype_text(node->dtype), wanted);
    if (wanted)
        memcpy(out->data, bytes.data, wanted);
    return NS_OK;
}

static ns_code read_case(const ns_case_files *files, const json_t *info, ns_arena *arena, ns_recorded *out,
                         ns_error *error)
{
    read_settings(info, &out->settings);
    NS_TRY(ns_recorded_float_graph(files, arena, &out->program, error));
    NS_TRY(to_memory_order(info, arena, &out->program, error));
    const ns_aten_program *program = out->program;
    out->inputs = NS_ARENA_ARRAY(arena, (size_t)program->input_count, ns_tensor);
    if (!out->inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its inputs", files->where);
    for (int i = 0; i < program->input_count; i++)
        NS_TRY(read_input(files, i, &program->nodes[program->inputs[i]], arena, &out->inputs[i], error));
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
