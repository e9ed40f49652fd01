#include "ir/interface.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "ir/operator.h"

ns_code ns_aten_program_new(ns_arena *arena, ns_aten_program **out, ns_error *error)
{
    *out = NS_ARENA_NEW(arena, ns_aten_program);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for a program");
    (*out)->arena = arena;
    return NS_OK;
}

/* The short form of a node's text ("aten.sum.dim_IntList" -> "sum"). */
static void short_text(const ns_aten_node *node, char *text, size_t size)
{
    const char *whole = ns_aten_text(node), *dot = strchr(whole, '.'), *start = dot ? dot + 1 : whole;
    snprintf(text, size, "%.*s", (int)strcspn(start, "."), start);
}

/* The slot of the node with the name, or the free one where it would be. */
static int *slot_of(const ns_aten_program *program, const char *name)
{
    const uint64_t slots = 2 * (uint64_t)program->node_capacity;
    uint64_t at = ns_bytes_hash((ns_bytes){(const uint8_t *)name, strlen(name)}) & (slots - 1);
    while (program->named[at] && strcmp(program->nodes[program->named[at] - 1].name, name) != 0)
        at = (at + 1) & (slots - 1);
    return &program->named[at];
}

/* `wanted`, made unique with _1, _2, ... */
static const char *make_name(const ns_aten_program *program, const char *wanted)
{
    const int *taken = slot_of(program, wanted), *of_wanted = taken;
    const char *name = *taken ? NULL : ns_arena_string(program->arena, wanted);
    while (*taken) {
        ns_aten_node *first = &program->nodes[*of_wanted - 1];
        name = ns_arena_format(program->arena, "%s_%d", wanted, ++first->namesakes);
        if (!name)
            return NULL;
        taken = slot_of(program, name);
    }
    return name;
}

static ns_code grow(ns_aten_program *program, ns_error *error)
{
    if (program->node_count < program->node_capacity)
        return NS_OK;
    int capacity = program->node_capacity ? program->node_capacity * 2 : 16;
    while (capacity <= program->node_count)
        capacity *= 2;
    ns_aten_node *nodes = NS_ARENA_ARRAY(program->arena, (size_t)capacity, ns_aten_node);
    int *named = NS_ARENA_ARRAY(program->arena, 2 * (size_t)capacity, int);
    if (!nodes || !named)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for %d nodes", capacity);
    if (program->node_count)
        memcpy(nodes, program->nodes, (size_t)program->node_count * sizeof *nodes);
    program->nodes = nodes;
    program->named = named;
    program->node_capacity = capacity;
    for (int i = 0; i < program->node_count; i++)
        *slot_of(program, nodes[i].name) = i + 1;
    return NS_OK;
}

/* Appends `value` to an int list in the arena that only this function makes: its room is the next power of
 * two. */
static ns_code append(ns_arena *arena, int **list, int *count, int value, ns_error *error)
{
    if ((*count & (*count - 1)) == 0) {
        int *grown = NS_ARENA_ARRAY(arena, *count ? 2 * (size_t)*count : 1, int);
        if (!grown)
            return ns_fail(error, NS_ERROR_MEMORY, "out of memory for a list of %d nodes", *count + 1);
        if (*count)
            memcpy(grown, *list, (size_t)*count * sizeof *grown);
        *list = grown;
    }
    (*list)[(*count)++] = value;
    return NS_OK;
}

static ns_code no_memory(const ns_aten_program *program, ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "out of memory for node %d", program->node_count);
}

/* Names and appends a node whose type and shape are filled in. */
static ns_code append_node(ns_aten_program *program, ns_aten_node *added, int *node, ns_error *error)
{
    NS_TRY(grow(program, error));
    size_t count = 0;
    char base[64];
    if (!(added->rank >= 0 && added->rank <= NS_MAX_RANK))
        return ns_fail(error, NS_ERROR_INPUT, "%s: rank %d is outside 0 to %d", ns_aten_text(added),
                       added->rank, NS_MAX_RANK);
    NS_TRY(ns_shape_count(added->rank, added->shape, &count, error));
    for (int i = added->rank; i < NS_MAX_RANK; i++)
        added->shape[i] = 0;
    short_text(added, base, sizeof base);
    added->name = make_name(program, added->name ? added->name : base);
    if (!added->name)
        return no_memory(program, error);
    *node = program->node_count;
    added->namesakes = 0;
    program->nodes[program->node_count++] = *added;
    *slot_of(program, added->name) = program->node_count;
    return NS_OK;
}

static ns_code add_leaf(ns_aten_program *program, ns_aten_node *leaf, const int64_t *shape, int *node,
                        ns_error *error)
{
    size_t count = 0;
    for (int i = 0; i < leaf->rank && i < NS_MAX_RANK; i++)
        leaf->shape[i] = shape[i];
    if (leaf->rank >= 0 && leaf->rank <= NS_MAX_RANK)
        NS_TRY(ns_shape_count(leaf->rank, leaf->shape, &count, error));
    if (leaf->data && !(leaf->data = ns_arena_copy(program->arena, leaf->data, count * sizeof *leaf->data)))
        return no_memory(program, error);
    return append_node(program, leaf, node, error);
}

ns_code ns_aten_add_input(ns_aten_program *program, const char *name, int rank, const int64_t *shape,
                          int *node, ns_error *error)
{
    return ns_aten_add_typed_input(program, name, NS_DTYPE_FP32, rank, shape, node, error);
}

ns_code ns_aten_add_typed_input(ns_aten_program *program, const char *name, ns_dtype dtype, int rank,
                                const int64_t *shape, int *node, ns_error *error)
{
    ns_aten_node leaf = {.name = name, .kind = NS_ATEN_INPUT, .dtype = dtype, .rank = rank};
    if (dtype != NS_DTYPE_FP32 && dtype != NS_DTYPE_INT32 && dtype != NS_DTYPE_BOOL)
        return ns_fail(error, NS_ERROR_INPUT, "an input of %s: fp32, int32 and bool are possible",
                       ns_dtype_text(dtype));
    NS_TRY(add_leaf(program, &leaf, shape, node, error));
    return append(program->arena, &program->inputs, &program->input_count, *node, error);
}

ns_code ns_aten_add_parameter(ns_aten_program *program, const char *name, int rank, const int64_t *shape,
                              const float *data, int *node, ns_error *error)
{
    ns_aten_node leaf = {
        .name = name, .kind = NS_ATEN_PARAMETER, .dtype = NS_DTYPE_FP32, .rank = rank, .data = data};
    if (!data)
        return ns_fail(error, NS_ERROR_INPUT, "parameter %s has no values", name ? name : "");
    return add_leaf(program, &leaf, shape, node, error);
}

ns_code ns_aten_add_integer_parameter(ns_aten_program *program, const char *name, ns_dtype dtype, int rank,
                                      const int64_t *shape, const int32_t *values, int *node, ns_error *error)
{
    size_t count = 0;
    NS_TRY(ns_shape_count(rank, shape, &count, error));
    float *rounded = NS_ARENA_ARRAY(program->arena, count, float);
    ns_aten_node leaf = {.name = name,
                         .kind = NS_ATEN_PARAMETER,
                         .dtype = dtype,
                         .rank = rank,
                         .data = rounded,
                         .quantised = ns_arena_copy(program->arena, values, count * sizeof *values)};
    if (!rounded || !leaf.quantised)
        return no_memory(program, error);
    for (size_t i = 0; i < count; i++)
        rounded[i] = (float)values[i];
    return add_leaf(program, &leaf, shape, node, error);
}

ns_code ns_aten_add_full(ns_aten_program *program, int rank, const int64_t *shape, float value, int *node,
                         ns_error *error)
{
    size_t count = 0;
    NS_TRY(ns_shape_count(rank, shape, &count, error));
    float *values = NS_ARENA_ARRAY(program->arena, count, float);
    if (!values)
        return no_memory(program, error);
    for (size_t i = 0; i < count; i++)
        values[i] = value;
    NS_TRY(ns_aten_add_parameter(program, NULL, rank, shape, values, node, error));
    program->nodes[*node].filled = true;
    return NS_OK;
}

ns_code ns_aten_add_constant(ns_aten_program *program, const ns_aten_node *constant, int *node,
                             ns_error *error)
{
    if (constant->dtype != NS_DTYPE_FP32)
        return ns_aten_add_integer_parameter(program, constant->name, constant->dtype, constant->rank,
                                             constant->shape, constant->quantised, node, error);
    NS_TRY(ns_aten_add_parameter(program, constant->name, constant->rank, constant->shape, constant->data,
                                 node, error));
    program->nodes[*node].filled = constant->filled;
    return NS_OK;
}

static bool is_tensor(const ns_aten_parameter *parameter)
{
    return parameter->type <= NS_ATEN_TENSORS;
}

/* Operand `index` as the operator declares it; NULL: it takes none there. */
static const ns_aten_parameter *operand_parameter(const ns_aten_operator *op, int index)
{
    for (int p = 0; p < op->parameter_count; p++) {
        if (!is_tensor(&op->parameters[p]))
            continue;
        if (op->parameters[p].type == NS_ATEN_TENSORS || index-- == 0)
            return &op->parameters[p];
    }
    return NULL;
}

static ns_code check_operands(const ns_aten_program *program, const ns_aten_node *call, ns_error *error)
{
    for (int i = 0; i < call->input_count; i++) {
        const ns_aten_parameter *parameter = operand_parameter(call->op, i);
        if (!parameter)
            return ns_fail(error, NS_ERROR_INPUT, "%s takes at most %d operands, got %d", call->op->aten, i,
                           call->input_count);
        const bool optional = parameter->type == NS_ATEN_OPTIONAL_TENSOR;
        if (call->inputs[i] >= program->node_count || call->inputs[i] < (optional ? -1 : 0))
            return ns_fail(error, NS_ERROR_INPUT, "%s: operand %d is node %d, the program has %d nodes",
                           call->op->aten, i, call->inputs[i], program->node_count);
    }
    const ns_aten_parameter *missing = operand_parameter(call->op, call->input_count);
    const bool empty = missing && missing->type == NS_ATEN_TENSORS && call->input_count == 0;
    if (missing && (missing->type == NS_ATEN_TENSOR || empty))
        return ns_fail(error, NS_ERROR_INPUT, "%s needs its operand %d, %s", call->op->aten,
                       call->input_count, missing->name);
    return NS_OK;
}

/* Whether operand `index` of `call` is a weight or bias. */
static bool is_weight(const ns_aten_node *call, int index)
{
    return index > 0 && (index == call->op->weight || index == call->op->bias);
}

/* Whether an earlier call reads parameter `node`; as a weight or bias, if `weight`. */
static bool is_read(const ns_aten_program *program, int node, bool weight)
{
    for (int i = node + 1; i < program->node_count; i++)
        for (int j = 0; j < program->nodes[i].input_count; j++)
            if (program->nodes[i].inputs[j] == node && (!weight || is_weight(&program->nodes[i], j)))
                return true;
    return false;
}

/* A weight or bias has one user, whose scales decide its own: every other call gets a copy of the parameter.
 */
static ns_code own_parameters(ns_aten_program *program, const ns_aten_node *call, ns_error *error)
{
    for (int i = 0; i < call->input_count; i++) {
        const int operand = call->inputs[i];
        if (operand < 0 || program->nodes[operand].kind != NS_ATEN_PARAMETER ||
            program->nodes[operand].dtype != NS_DTYPE_FP32 || !is_read(program, operand, !is_weight(call, i)))
            continue;
        ns_aten_node copy = program->nodes[operand];
        NS_TRY(append_node(program, &copy, &call->inputs[i], error));
    }
    return NS_OK;
}

/* Infers and appends a call. Operands and attributes are copied. */
static ns_code add_call(ns_aten_program *program, ns_aten_node *call, int *node, ns_error *error)
{
    ns_arena *arena = program->arena;
    NS_TRY(check_operands(program, call, error));
    call->kind = NS_ATEN_CALL;
    call->dtype = NS_DTYPE_FP32;
    call->inputs = ns_arena_copy(arena, call->inputs, (size_t)call->input_count * sizeof *call->inputs);
    call->attributes =
        ns_arena_copy(arena, call->attributes, (size_t)call->op->parameter_count * sizeof *call->attributes);
    if (!call->inputs || !call->attributes)
        return no_memory(program, error);
    for (int p = 0; p < call->op->parameter_count; p++) {
        ns_aten_attribute *value = &call->attributes[p];
        const size_t count = (size_t)value->count;
        if (count && value->list &&
            !(value->list = ns_arena_copy(arena, value->list, count * sizeof *value->list)))
            return no_memory(program, error);
        if (count && value->reals &&
            !(value->reals = ns_arena_copy(arena, value->reals, count * sizeof *value->reals)))
            return no_memory(program, error);
    }
    NS_TRY(own_parameters(program, call, error));
    NS_TRY(call->op->infer(program, call, error));
    return append_node(program, call, node, error);
}

static ns_code set_arguments(const ns_aten_operator *op, const ns_aten_argument *arguments,
                             ns_aten_attribute *values, ns_error *error)
{
    for (int p = 0; p < op->parameter_count; p++)
        values[p] = op->parameters[p].otherwise;
    for (const ns_aten_argument *a = arguments; a && a->name; a++) {
        int p = 0;
        while (p < op->parameter_count &&
               (is_tensor(&op->parameters[p]) || strcmp(op->parameters[p].name, a->name) != 0))
            p++;
        if (p == op->parameter_count)
            return ns_fail(error, NS_ERROR_INPUT, "%s has no parameter '%s'", op->aten, a->name);
        values[p] = a->value;
        if (a->value.count < 0 || a->value.count > NS_MAX_RANK * 2)
            return ns_fail(error, NS_ERROR_INPUT, "%s: %d values for '%s', at most %d are possible", op->aten,
                           a->value.count, a->name, NS_MAX_RANK * 2);
    }
    for (int p = 0; p < op->parameter_count; p++) {
        bool given = !op->parameters[p].required;
        for (const ns_aten_argument *a = arguments; a && a->name; a++)
            given = given || strcmp(a->name, op->parameters[p].name) == 0;
        if (!given)
            return ns_fail(error, NS_ERROR_INPUT, "%s needs '%s'", op->aten, op->parameters[p].name);
    }
    return NS_OK;
}

ns_code ns_aten_call(ns_aten_program *program, const ns_aten_operator *op, int input_count, const int *inputs,
                     const ns_aten_argument *arguments, int *node, ns_error *error)
{
    ns_aten_node call = {.op = op, .input_count = input_count, .inputs = (int *)(uintptr_t)inputs};
    call.attributes = NS_ARENA_ARRAY(program->arena, (size_t)op->parameter_count, ns_aten_attribute);
    if (!call.attributes)
        return no_memory(program, error);
    NS_TRY(set_arguments(op, arguments, call.attributes, error));
    return add_call(program, &call, node, error);
}

ns_code ns_aten_add_copy(ns_aten_program *program, const ns_aten_node *call, const int *inputs, int *node,
                         ns_error *error)
{
    ns_aten_node copy = *call;
    copy.inputs = (int *)(uintptr_t)inputs;
    return add_call(program, &copy, node, error);
}

ns_code ns_aten_add_output(ns_aten_program *program, int node, ns_error *error)
{
    if (node < 0 || node >= program->node_count)
        return ns_fail(error, NS_ERROR_INPUT, "result %d is node %d, the program has %d nodes",
                       program->output_count, node, program->node_count);
    return append(program->arena, &program->outputs, &program->output_count, node, error);
}
