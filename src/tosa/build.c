#include "npuscope/graph.h"
#include "tosa/operator_info.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the graph");
}

void ns_graph_free(ns_graph *graph)
{
    if (graph)
        ns_arena_free(graph->arena);
}

ns_code ns_graph_new(ns_graph **out, ns_error *error)
{
    *out = NULL;
    ns_arena *arena = ns_arena_new();
    if (!arena)
        return no_memory(error);
    ns_graph *graph = NS_ARENA_NEW(arena, ns_graph);
    ns_region *region = NS_ARENA_NEW(arena, ns_region);
    ns_block *block = NS_ARENA_NEW(arena, ns_block);
    if (!graph || !region || !block) {
        ns_arena_free(arena);
        return no_memory(error);
    }
    *block = (ns_block){.name = "main"};
    *region = (ns_region){.name = "main", .block_count = 1, .blocks = block};
    *graph = (ns_graph){.arena = arena, .version_major = 1, .region_count = 1, .regions = region};
    *out = graph;
    return NS_OK;
}

/* Makes room for one more element: the array doubles, and the old one stays in the arena until the
 * graph goes, at most as much again as the array itself. */
static ns_code grow(ns_arena *arena, void **items, int count, int *capacity, size_t size, ns_error *error)
{
    if (count < *capacity)
        return NS_OK;
    if (count > INT_MAX / 2)
        return no_memory(error);
    int wanted = count < 8 ? 8 : count * 2;
    void *grown = ns_arena_alloc(arena, (size_t)wanted, size);
    if (!grown)
        return no_memory(error);
    if (count)
        memcpy(grown, *items, (size_t)count * size);
    *items = grown;
    *capacity = wanted;
    return NS_OK;
}

static ns_code copy_indices(ns_graph *graph, const ns_block *block, int count, const int *indices, int **out,
                            ns_error *error)
{
    if (count < 0)
        return ns_fail(error, NS_ERROR_INTERNAL, "a list of %d tensors", count);
    for (int i = 0; i < count; i++)
        if (indices[i] < 0 || indices[i] >= block->tensor_count)
            return ns_fail(error, NS_ERROR_INTERNAL, "tensor %d is not one of the block's %d", indices[i],
                           block->tensor_count);
    *out = ns_arena_copy(graph->arena, indices, (size_t)count * sizeof *indices);
    return *out ? NS_OK : no_memory(error);
}

ns_code ns_block_add_tensor(ns_graph *graph, ns_block *block, const char *name, ns_dtype dtype, int rank,
                            const int64_t *shape, int *index, ns_error *error)
{
    size_t elements = 0;
    if (ns_shape_count(rank, shape, &elements, error) != NS_OK)
        return ns_add_context(error, "tensor %s", name);
    void *items = block->tensors;
    NS_TRY(grow(graph->arena, &items, block->tensor_count, &block->tensor_capacity, sizeof *block->tensors,
                error));
    block->tensors = items;
    ns_graph_tensor tensor = {.name = ns_arena_string(graph->arena, name),
                              .tensor = {.dtype = dtype, .rank = rank}};
    if (!tensor.name)
        return no_memory(error);
    for (int i = 0; i < rank; i++)
        tensor.tensor.shape[i] = shape[i];
    *index = block->tensor_count++;
    block->tensors[*index] = tensor;
    return NS_OK;
}

/* A tensor with values, and the operator that makes it. */
static ns_code add_value(ns_graph *graph, ns_block *block, ns_op op, const char *name, const ns_tensor *value,
                         int *index, ns_error *error)
{
    int made = 0;
    NS_TRY(ns_block_add_tensor(graph, block, name, value->dtype, value->rank, value->shape, &made, error));
    size_t size = ns_tensor_count(value) * (size_t)ns_dtype_bytes(value->dtype);
    if (size && !value->data)
        return ns_fail(error, NS_ERROR_INTERNAL, "constant %s has no values", name);
    void *data = ns_arena_copy(graph->arena, value->data, size);
    if (!data)
        return no_memory(error);
    block->tensors[made].tensor.data = data;
    NS_TRY(ns_block_add_operator(graph, block,
                                 &(ns_operator_parts){.op = op, .output_count = 1, .outputs = &made}, error));
    *index = made;
    return NS_OK;
}

ns_code ns_block_add_const(ns_graph *graph, ns_block *block, const char *name, const ns_tensor *value,
                           int *index, ns_error *error)
{
    if (value->dtype == NS_DTYPE_SHAPE)
        return ns_fail(error, NS_ERROR_INTERNAL, "constant %s is a shape: it needs CONST_SHAPE", name);
    return add_value(graph, block, NS_OP_CONST, name, value, index, error);
}

ns_code ns_block_add_const_shape(ns_graph *graph, ns_block *block, const char *name, int count,
                                 const int64_t *values, int *index, ns_error *error)
{
    /* The copy spares the caller's const: a tensor's data is not. */
    int64_t *copy = ns_arena_copy(graph->arena, values, (size_t)count * sizeof *values);
    if (!copy)
        return no_memory(error);
    const ns_tensor value = {.dtype = NS_DTYPE_SHAPE, .rank = 1, .shape = {count}, .data = copy};
    return add_value(graph, block, NS_OP_CONST_SHAPE, name, &value, index, error);
}

/* Replaces the lists and strings that one attribute refers to with copies in the graph's arena. */
static bool copy_attribute(ns_arena *arena, ns_attributes *attributes, ns_attribute attribute)
{
    void *field = ns_attribute_field(attributes, attribute);
    switch (ns_attribute_get_info(attribute)->kind) {
    case NS_ATTRIBUTE_KIND_INT_LIST: {
        ns_int_list *list = field;
        list->values = ns_arena_copy(arena, list->values, (size_t)list->count * sizeof *list->values);
        return list->values != NULL;
    }
    case NS_ATTRIBUTE_KIND_BYTE_LIST: {
        ns_byte_list *list = field;
        list->values = ns_arena_copy(arena, list->values, list->count);
        return list->values != NULL;
    }
    case NS_ATTRIBUTE_KIND_STRING: {
        const char **text = field;
        if (!*text)
            return true;
        *text = ns_arena_string(arena, *text);
        return *text != NULL;
    }
    default:
        return true;
    }
}

ns_code ns_block_add_operator(ns_graph *graph, ns_block *block, const ns_operator_parts *parts,
                              ns_error *error)
{
    const ns_op op = parts->op;
    if ((unsigned)op >= NS_OP_COUNT)
        return ns_fail(error, NS_ERROR_INTERNAL, "operator %d is none of the %d", (int)op, NS_OP_COUNT);
    void *items = block->operators;
    NS_TRY(grow(graph->arena, &items, block->operator_count, &block->operator_capacity,
                sizeof *block->operators, error));
    block->operators = items;
    ns_operator made = {.op = op, .input_count = parts->input_count, .output_count = parts->output_count};
    NS_TRY(copy_indices(graph, block, parts->input_count, parts->inputs, &made.inputs, error));
    NS_TRY(copy_indices(graph, block, parts->output_count, parts->outputs, &made.outputs, error));
    if (parts->attributes) {
        /* Only what the operator's row lists: the rest stays zero, as the header promises. */
        const ns_op_info *info = ns_op_get_info(op);
        for (int i = 0; i < info->attribute_count; i++) {
            const ns_attribute attribute = info->attributes[i];
            memcpy(ns_attribute_field(&made.attributes, attribute),
                   ns_attribute_const_field(parts->attributes, attribute),
                   ns_attribute_get_info(attribute)->size);
            if (!copy_attribute(graph->arena, &made.attributes, attribute))
                return no_memory(error);
        }
    }
    block->operators[block->operator_count++] = made;
    return NS_OK;
}

ns_code ns_block_set_inputs(ns_graph *graph, ns_block *block, int count, const int *indices, ns_error *error)
{
    NS_TRY(copy_indices(graph, block, count, indices, &block->inputs, error));
    block->input_count = count;
    return NS_OK;
}

ns_code ns_block_set_outputs(ns_graph *graph, ns_block *block, int count, const int *indices, ns_error *error)
{
    NS_TRY(copy_indices(graph, block, count, indices, &block->outputs, error));
    block->output_count = count;
    return NS_OK;
}
