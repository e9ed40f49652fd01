#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tosa/constant.h"
#include "tosa/print.h"

/* A constant of at most this many elements is given whole; of a larger one, this many and the range. */
#define WHOLE 64
#define BEGINNING 8

static json_t *string(ns_arena *arena, const char *text)
{
    return text ? json_string(ns_printable(arena, text)) : json_null();
}

/* JSON has no infinity and no NaN. */
static json_t *element(const ns_tensor *tensor, size_t index)
{
    if (!ns_dtype_is_real(tensor->dtype))
        return json_integer((json_int_t)ns_tensor_get(tensor, index));
    const double value = ns_constant_real(tensor, index);
    return isfinite(value) ? json_real(value) : json_null();
}

/* The values of a constant as `key`: all, or the first few beside "minimum" and "maximum". */
static void add_values(json_t *object, const ns_tensor *tensor)
{
    const size_t count = ns_tensor_count(tensor);
    json_t *values = json_array();
    for (size_t i = 0; i < count && i < (count > WHOLE ? BEGINNING : WHOLE); i++)
        json_array_append_new(values, element(tensor, i));
    json_object_set_new(object, "values", values);
    if (count <= WHOLE)
        return;
    size_t low = 0, high = 0;
    for (size_t i = 1; i < count; i++) {
        if (ns_constant_real(tensor, i) < ns_constant_real(tensor, low))
            low = i;
        if (ns_constant_real(tensor, i) > ns_constant_real(tensor, high))
            high = i;
    }
    json_object_set_new(object, "minimum", element(tensor, low));
    json_object_set_new(object, "maximum", element(tensor, high));
}

static json_t *tensor_object(ns_arena *arena, const ns_graph_tensor *tensor)
{
    json_t *shape = json_array();
    for (int i = 0; i < tensor->tensor.rank; i++)
        json_array_append_new(shape, json_integer(tensor->tensor.shape[i]));
    json_t *object = json_pack("{s:o, s:s, s:o}", "name", string(arena, tensor->name), "type",
                               ns_dtype_text(tensor->tensor.dtype), "shape",
                               tensor->is_unranked ? (json_decref(shape), json_null()) : shape);
    if (tensor->is_variable)
        json_object_set_new(object, "variable", string(arena, tensor->variable_name));
    if (tensor->tensor.data)
        add_values(object, &tensor->tensor);
    return object;
}

static json_t *byte_list(const ns_byte_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_integer(list->values[i]));
    return array;
}

/* Limits of CLAMP are numbers when their bytes are those of one element. */
static json_t *clamp_limit(const ns_byte_list *list, ns_dtype dtype)
{
    const size_t size = (size_t)ns_dtype_bytes(dtype);
    uint64_t data = 0;
    if (!size || list->count < size)
        return byte_list(list);
    memcpy(&data, list->values, size);
    const ns_tensor tensor = {.dtype = dtype, .data = &data};
    return element(&tensor, 0);
}

static json_t *attribute_value(ns_arena *arena, const ns_attributes *attributes, ns_attribute attribute,
                               ns_dtype dtype)
{
    const void *field = ns_attribute_const_field(attributes, attribute);
    switch (ns_attribute_get_info(attribute)->kind) {
    case NS_ATTRIBUTE_KIND_BOOL:
        return json_boolean(*(const bool *)field);
    case NS_ATTRIBUTE_KIND_INT32:
        return json_integer(*(const int32_t *)field);
    case NS_ATTRIBUTE_KIND_ENUM: {
        const char *text = ns_attribute_value_text(attribute, *(const uint32_t *)field);
        return text ? json_string(text) : json_integer(*(const uint32_t *)field);
    }
    case NS_ATTRIBUTE_KIND_DTYPE:
        return json_string(ns_dtype_text(*(const ns_dtype *)field));
    case NS_ATTRIBUTE_KIND_INT_LIST: {
        const ns_int_list *list = field;
        json_t *array = json_array();
        for (int i = 0; i < list->count; i++)
            json_array_append_new(array, json_integer(list->values[i]));
        return array;
    }
    case NS_ATTRIBUTE_KIND_BYTE_LIST:
        return attribute == NS_ATTRIBUTE_implementation_attrs ? byte_list(field) : clamp_limit(field, dtype);
    case NS_ATTRIBUTE_KIND_STRING:
        return string(arena, *(const char *const *)field);
    }
    return json_null();
}

static json_t *names(ns_arena *arena, const ns_block *block, int count, const int *indices)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(array, string(arena, block->tensors[indices[i]].name));
    return array;
}

static json_t *operator_object(ns_arena *arena, const ns_block *block, int index)
{
    const ns_operator *operator= & block->operators[index];
    const ns_op_info *info = ns_op_get_info(operator->op);
    const ns_dtype dtype = operator->input_count
        ? block->tensors[operator->inputs[0]].tensor.dtype : NS_DTYPE_UNKNOWN;
    json_t *attributes = json_object();
    for (int i = 0; i < info->attribute_count; i++)
        json_object_set_new(attributes, ns_attribute_get_info(info->attributes[i])->name,
                            attribute_value(arena, &operator->attributes, info->attributes[i], dtype));
    return json_pack("{s:i, s:s, s:o, s:o, s:o, s:I, s:o}", "index", index, "op", info->name, "inputs",
                     names(arena, block, operator->input_count, operator->inputs), "outputs",
                     names(arena, block, operator->output_count, operator->outputs), "attributes", attributes,
                     "macs", (json_int_t)ns_operator_macs(block, operator), "location",
                     string(arena, operator->location));
}

static json_t *block_object(ns_arena *arena, const ns_block *block)
{
    json_t *tensors = json_array(), *operators = json_array();
    for (int i = 0; i < block->tensor_count; i++)
        json_array_append_new(tensors, tensor_object(arena, &block->tensors[i]));
    for (int i = 0; i < block->operator_count; i++)
        json_array_append_new(operators, operator_object(arena, block, i));
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", string(arena, block->name), "inputs",
                     names(arena, block, block->input_count, block->inputs), "outputs",
                     names(arena, block, block->output_count, block->outputs), "tensors", tensors,
                     "operators", operators);
}

static json_t *statistics_object(const ns_graph_statistics *statistics)
{
    json_t *operators = json_object();
    for (int i = 0; i < NS_OP_COUNT; i++)
        if (statistics->operators[i])
            json_object_set_new(operators, ns_op_text((ns_op)i), json_integer(statistics->operators[i]));
    return json_pack("{s:I, s:o, s:I, s:I, s:s}", "operator_count", (json_int_t)statistics->operator_count,
                     "operators", operators, "macs", (json_int_t)statistics->macs, "constant_bytes",
                     (json_int_t)statistics->constant_bytes, "profiles", statistics->profiles);
}

static json_t *graph_object(const ns_graph *graph, ns_arena *arena, const ns_graph_statistics *statistics)
{
    ns_error fault;
    const bool valid = ns_graph_validate(graph, &fault) == NS_OK;
    json_t *regions = json_array();
    for (int i = 0; i < graph->region_count; i++) {
        json_t *blocks = json_array();
        for (int j = 0; j < graph->regions[i].block_count; j++)
            json_array_append_new(blocks, block_object(arena, &graph->regions[i].blocks[j]));
        json_array_append_new(regions, json_pack("{s:o, s:o}", "name", string(arena, graph->regions[i].name),
                                                 "blocks", blocks));
    }
    json_t *version =
        json_pack("{s:i, s:i, s:i, s:b}", "major", graph->version_major, "minor", graph->version_minor,
                  "patch", graph->version_patch, "draft", (int)graph->version_draft);
    return json_pack("{s:s, s:s, s:o, s:b, s:o, s:o, s:o}", "schema", "npuscope/inspect/1", "format", "tosa",
                     "version", version, "valid", (int)valid, "fault",
                     valid ? json_null() : string(arena, fault.message), "regions", regions, "statistics",
                     statistics_object(statistics));
}

ns_code ns_graph_print_json(const ns_graph *graph, ns_arena *arena, const char **text, ns_error *error)
{
    ns_graph_statistics statistics;
    NS_TRY(ns_graph_count(graph, arena, &statistics, error));
    json_t *object = graph_object(graph, arena, &statistics);
    /* 9 digits give a float32 back. */
    char *dump = object ? json_dumps(object, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
    *text = dump ? ns_arena_format(arena, "%s\n", dump) : NULL;
    free(dump);
    json_decref(object);
    return *text ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the JSON");
}
