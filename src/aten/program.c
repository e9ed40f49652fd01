#include "aten/operator.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const ns_aten_operator *const operators[NS_ATEN_COUNT] = {
#define NS_ATEN_OPERATOR(name, text, inputs) [NS_ATEN_##name] = &ns_aten_operator_##name,
#include "aten/operators.def"
#undef NS_ATEN_OPERATOR
};

static const int operand_limits[NS_ATEN_COUNT] = {
#define NS_ATEN_OPERATOR(name, text, inputs) [NS_ATEN_##name] = inputs,
#include "aten/operators.def"
#undef NS_ATEN_OPERATOR
};

const char *ns_aten_op_text(ns_aten_op op)
{
    static const char *const texts[NS_ATEN_COUNT] = {
#define NS_ATEN_OPERATOR(name, text, inputs) [NS_ATEN_##name] = text,
#include "aten/operators.def"
#undef NS_ATEN_OPERATOR
    };
    return (unsigned)op < NS_ATEN_COUNT ? texts[op] : "?";
}

size_t ns_aten_count(const ns_aten_node *node)
{
    size_t count = 1;
    for (int i = 0; i < node->rank; i++)
        count *= (size_t)node->shape[i];
    return count;
}

const ns_aten_node *ns_aten_operand(const ns_aten_program *program, const ns_aten_node *node, int index)
{
    int operand = index < node->input_count ? node->inputs[index] : -1;
    return operand < 0 ? NULL : &program->nodes[operand];
}

const char *ns_aten_shape_text(const ns_aten_node *node, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < node->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRId64, i ? ", " : "", node->shape[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}

ns_code ns_aten_program_new(ns_arena *arena, ns_aten_program **out, ns_error *error)
{
    *out = NS_ARENA_NEW(arena, ns_aten_program);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for a program");
    (*out)->arena = arena;
    return NS_OK;
}

/* `wanted`, or the short form of the operator's name ("aten.sum.dim_IntList" -> "sum"); made unique with
 * _1, _2, ... */
static const char *make_name(const ns_aten_program *program, const char *wanted, ns_aten_op op)
{
    char base[32];
    if (!wanted) {
        const char *text = ns_aten_op_text(op), *dot = strchr(text, '.');
        const char *start = dot ? dot + 1 : text;
        snprintf(base, sizeof base, "%.*s", (int)strcspn(start, "."), start);
        wanted = base;
    }
    const char *name = wanted;
    for (int suffix = 1; name; suffix++) {
        bool taken = false;
        for (int i = 0; i < program->node_count && !taken; i++)
            taken = strcmp(program->nodes[i].name, name) == 0;
        if (!taken)
            return ns_arena_string(program->arena, name);
        name = ns_arena_format(program->arena, "%s_%d", wanted, suffix);
    }
    return NULL;
}

static ns_code grow(ns_aten_program *program, ns_error *error)
{
    if (program->node_count < program->node_capacity)
        return NS_OK;
    int capacity = program->node_capacity ? program->node_capacity * 2 : 16;
    ns_aten_node *nodes = NS_ARENA_ARRAY(program->arena, (size_t)capacity, ns_aten_node);
    if (!nodes)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for %d nodes", capacity);
    if (program->node_count)
        memcpy(nodes, program->nodes, (size_t)program->node_count * sizeof *nodes);
    program->nodes = nodes;
    program->node_capacity = capacity;
    return NS_OK;
}

/* Appends `value` to an int list in the arena. */
static ns_code append(ns_arena *arena, int **list, int *count, int value, ns_error *error)
{
    int *grown = NS_ARENA_ARRAY(arena, (size_t)*count + 1, int);
    if (!grown)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for a list of %d nodes", *count + 1);
    if (*count)
        memcpy(grown, *list, (size_t)*count * sizeof *grown);
    grown[*count] = value;
    *list = grown;
    *count += 1;
    return NS_OK;
}

ns_code ns_aten_add(ns_aten_program *program, const ns_aten_node *prototype, int *node, ns_error *error)
{
    ns_aten_op op = prototype->op;
    if ((unsigned)op >= NS_ATEN_COUNT)
        return ns_fail(error, NS_ERROR_INTERNAL, "ATen operator %d is unknown", (int)op);
    NS_TRY(grow(program, error));
    ns_aten_node added = *prototype;
    if (added.input_count < 0 || added.input_count > operand_limits[op])
        return ns_fail(error, NS_ERROR_INPUT, "%s takes at most %d operands, got %d", ns_aten_op_text(op),
                       operand_limits[op], added.input_count);
    for (int i = 0; i < added.input_count; i++) {
        bool optional = op == NS_ATEN_CONV1D && i == 2;
        int operand = added.inputs[i];
        if (operand >= program->node_count || operand < (optional ? -1 : 0))
            return ns_fail(error, NS_ERROR_INPUT, "%s: operand %d is node %d, the program has %d nodes",
                           ns_aten_op_text(op), i, operand, program->node_count);
    }
    if (!(added.rank >= 0 && added.rank <= NS_MAX_RANK))
        return ns_fail(error, NS_ERROR_INPUT, "%s: rank %d is outside 0 to %d", ns_aten_op_text(op),
                       added.rank, NS_MAX_RANK);
    NS_TRY(operators[op]->infer(program, &added, error));
    size_t count = 0;
    NS_TRY(ns_shape_count(added.rank, added.shape, &count, error));
    for (int i = added.rank; i < NS_MAX_RANK; i++)
        added.shape[i] = 0;

    added.name = make_name(program, added.name, op);
    if (added.data)
        added.data = ns_arena_copy(program->arena, added.data, count * sizeof *added.data);
    if (!added.name || (prototype->data && !added.data))
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for node %d", program->node_count);
    if (op == NS_ATEN_INPUT)
        NS_TRY(append(program->arena, &program->inputs, &program->input_count, program->node_count, error));
    *node = program->node_count;
    program->nodes[program->node_count++] = added;
    return NS_OK;
}

ns_code ns_aten_add_output(ns_aten_program *program, int node, ns_error *error)
{
    if (node < 0 || node >= program->node_count)
        return ns_fail(error, NS_ERROR_INPUT, "result %d is node %d, the program has %d nodes",
                       program->output_count, node, program->node_count);
    return append(program->arena, &program->outputs, &program->output_count, node, error);
}
