#include <math.h>

#include "base/interface.h"
#include "tosa/internal.h"

/* A constant of at most this many elements is given whole; of a larger one, this many and the range. */
#define WHOLE 64
#define BEGINNING 8

typedef struct writer {
    ns_json json;
    ns_arena *arena;
    const char *only; /* NULL: all operators */
    int shown;
} writer;

static void add_text(writer *w, const char *key, const char *text)
{
    ns_json_text(&w->json, key, text ? ns_printable_copy(w->arena, text) : NULL);
}

static void add_element(writer *w, const char *key, const ns_tensor *tensor, size_t index)
{
    if (ns_real_is(tensor->dtype))
        ns_json_real(&w->json, key, ns_real_get(tensor, index));
    else
        ns_json_integer(&w->json, key, ns_tensor_get(tensor, index));
}

/* The values of a constant: all, or the first few beside "minimum" and "maximum". */
static void add_values(writer *w, const ns_tensor *tensor)
{
    const size_t count = ns_tensor_count(tensor);
    ns_json_array(&w->json, "values");
    for (size_t i = 0; i < count && i < (count > WHOLE ? BEGINNING : WHOLE); i++)
        add_element(w, NULL, tensor, i);
    ns_json_end(&w->json);
    if (count <= WHOLE)
        return;
    size_t low = 0, high = 0;
    for (size_t i = 1; i < count; i++) {
        if (ns_real_get(tensor, i) < ns_real_get(tensor, low))
            low = i;
        if (ns_real_get(tensor, i) > ns_real_get(tensor, high))
            high = i;
    }
    add_element(w, "minimum", tensor, low);
    add_element(w, "maximum", tensor, high);
}

static void add_tensor(writer *w, const ns_graph_tensor *tensor)
{
    ns_json_object(&w->json, NULL);
    add_text(w, "name", tensor->name);
    ns_json_text(&w->json, "type", ns_dtype_text(tensor->tensor.dtype));
    if (tensor->is_unranked)
        ns_json_null(&w->json, "shape");
    else
        ns_json_integers(&w->json, "shape", tensor->tensor.rank, tensor->tensor.shape);
    if (tensor->is_variable)
        add_text(w, "variable", tensor->variable_name);
    if (tensor->tensor.data)
        add_values(w, &tensor->tensor);
    ns_json_end(&w->json);
}

static void add_bytes(writer *w, const char *key, const ns_byte_list *list)
{
    ns_json_array(&w->json, key);
    for (size_t i = 0; i < list->count; i++)
        ns_json_integer(&w->json, NULL, list->values[i]);
    ns_json_end(&w->json);
}

/* Limits of CLAMP are numbers when their bytes are those of one element. */
static void add_clamp_limit(writer *w, const char *key, const ns_byte_list *list, ns_dtype dtype)
{
    const size_t size = (size_t)ns_dtype_bytes(dtype);
    uint64_t data = 0;
    if (!size || list->count < size) {
        add_bytes(w, key, list);
        return;
    }
    memcpy(&data, list->values, size);
    const ns_tensor tensor = {.dtype = dtype, .data = &data};
    add_element(w, key, &tensor, 0);
}

static void add_enum(writer *w, const char *key, ns_attribute attribute, uint32_t value)
{
    const char *text = ns_attribute_value_text(attribute, value);
    if (text)
        ns_json_text(&w->json, key, text);
    else
        ns_json_integer(&w->json, key, value);
}

static void add_attribute(writer *w, const ns_attributes *attributes, ns_attribute attribute, ns_dtype dtype)
{
    const ns_attribute_info *info = ns_attribute_get_info(attribute);
    const void *field = ns_attribute_const_field(attributes, attribute);
    switch (info->kind) {
    case NS_ATTRIBUTE_KIND_BOOL:
        ns_json_bool(&w->json, info->name, *(const bool *)field);
        break;
    case NS_ATTRIBUTE_KIND_INT32:
        ns_json_integer(&w->json, info->name, *(const int32_t *)field);
        break;
    case NS_ATTRIBUTE_KIND_ENUM:
        add_enum(w, info->name, attribute, *(const uint32_t *)field);
        break;
    case NS_ATTRIBUTE_KIND_DTYPE:
        ns_json_text(&w->json, info->name, ns_dtype_text(*(const ns_dtype *)field));
        break;
    case NS_ATTRIBUTE_KIND_INT_LIST: {
        const ns_int_list *list = field;
        ns_json_array(&w->json, info->name);
        for (int i = 0; i < list->count; i++)
            ns_json_integer(&w->json, NULL, list->values[i]);
        ns_json_end(&w->json);
        break;
    }
    case NS_ATTRIBUTE_KIND_BYTE_LIST:
        if (attribute == NS_ATTRIBUTE_implementation_attrs)
            add_bytes(w, info->name, field);
        else
            add_clamp_limit(w, info->name, field, dtype);
        break;
    case NS_ATTRIBUTE_KIND_STRING:
        add_text(w, info->name, *(const char *const *)field);
        break;
    }
}

static void add_names(writer *w, const char *key, const ns_block *block, int count, const int *indices)
{
    ns_json_array(&w->json, key);
    for (int i = 0; i < count; i++)
        add_text(w, NULL, block->tensors[indices[i]].name);
    ns_json_end(&w->json);
}

static void add_factors(writer *w, const ns_block *block, const ns_operator *operator)
{
    const ns_tensor *multipliers, *shifts;
    const size_t count = ns_print_factors(block, operator, & multipliers, &shifts);
    if (!count)
        return;
    ns_json_array(&w->json, "factors");
    for (size_t i = 0; i < count; i++)
        ns_json_real(&w->json, NULL, ns_print_factor(multipliers, shifts, i));
    ns_json_end(&w->json);
}

static void add_operator(writer *w, const ns_block *block, int index)
{
    const ns_operator *operator= & block->operators[index];
    const ns_op_info *info = ns_op_get_info(operator->op);
    const ns_dtype dtype = operator->input_count
        ? block->tensors[operator->inputs[0]].tensor.dtype : NS_DTYPE_UNKNOWN;
    ns_json_object(&w->json, NULL);
    ns_json_integer(&w->json, "index", index);
    ns_json_text(&w->json, "op", info->name);
    add_names(w, "inputs", block, operator->input_count, operator->inputs);
    add_names(w, "outputs", block, operator->output_count, operator->outputs);
    ns_json_object(&w->json, "attributes");
    for (int i = 0; i < info->attribute_count; i++)
        add_attribute(w, &operator->attributes, info->attributes[i], dtype);
    ns_json_end(&w->json);
    add_factors(w, block, operator);
    ns_json_integer(&w->json, "macs", (int64_t)ns_operator_macs(block, operator));
    add_text(w, "location", operator->location);
    const char *source = NULL;
    if (ns_operator_source(block, index, w->arena, &source, NULL) != NS_OK)
        w->json.buffer->failed = true;
    add_text(w, "source", source);
    ns_json_end(&w->json);
}

static void add_block(writer *w, const ns_block *block)
{
    ns_json_object(&w->json, NULL);
    add_text(w, "name", block->name);
    add_names(w, "inputs", block, block->input_count, block->inputs);
    add_names(w, "outputs", block, block->output_count, block->outputs);
    ns_json_array(&w->json, "tensors");
    for (int i = 0; i < block->tensor_count; i++)
        add_tensor(w, &block->tensors[i]);
    ns_json_end(&w->json);
    ns_json_array(&w->json, "operators");
    for (int i = 0; i < block->operator_count; i++)
        if (ns_print_is_wanted(block, i, w->only)) {
            add_operator(w, block, i);
            w->shown++;
        }
    ns_json_end(&w->json);
    ns_json_end(&w->json);
}

static void add_statistics(writer *w, const ns_graph_statistics *statistics)
{
    ns_json_object(&w->json, "statistics");
    ns_json_integer(&w->json, "operator_count", (int64_t)statistics->operator_count);
    ns_json_object(&w->json, "operators");
    for (int i = 0; i < NS_OP_COUNT; i++)
        if (statistics->operators[i])
            ns_json_integer(&w->json, ns_op_text((ns_op)i), (int64_t)statistics->operators[i]);
    ns_json_end(&w->json);
    ns_json_integer(&w->json, "macs", (int64_t)statistics->macs);
    ns_json_integer(&w->json, "constant_bytes", (int64_t)statistics->constant_bytes);
    ns_json_text(&w->json, "profiles", statistics->profiles);
    ns_json_end(&w->json);
}

static void add_head(writer *w, const ns_graph *graph)
{
    ns_error fault;
    const ns_code code = ns_graph_validate(graph, &fault);
    const bool valid = code == NS_OK;
    w->json.buffer->failed = ns_code_ends_run(code);
    ns_json_text(&w->json, "schema", "npuscope/inspect/1");
    ns_json_text(&w->json, "format", "tosa");
    ns_json_object(&w->json, "version");
    ns_json_integer(&w->json, "major", graph->version_major);
    ns_json_integer(&w->json, "minor", graph->version_minor);
    ns_json_integer(&w->json, "patch", graph->version_patch);
    ns_json_bool(&w->json, "draft", graph->version_draft);
    ns_json_end(&w->json);
    ns_json_bool(&w->json, "valid", valid);
    add_text(w, "fault", valid ? NULL : fault.message);
}

ns_code ns_graph_print_json(const ns_graph *graph, ns_arena *arena, const char **text, ns_error *error)
{
    return ns_graph_print_some_json(graph, NULL, arena, text, error);
}

ns_code ns_graph_print_some_json(const ns_graph *graph, const char *only, ns_arena *arena, const char **text,
                                 ns_error *error)
{
    ns_graph_statistics statistics;
    NS_TRY(ns_graph_count(graph, arena, &statistics, error));
    ns_buffer buffer = {.arena = arena};
    /* 9 digits give a float32 back. */
    writer w = {.json = ns_json_begin(&buffer, true, 9), .arena = arena, .only = only};
    ns_json_object(&w.json, NULL);
    add_head(&w, graph);
    ns_json_array(&w.json, "regions");
    for (int i = 0; i < graph->region_count; i++) {
        ns_json_object(&w.json, NULL);
        add_text(&w, "name", graph->regions[i].name);
        ns_json_array(&w.json, "blocks");
        for (int j = 0; j < graph->regions[i].block_count; j++)
            add_block(&w, &graph->regions[i].blocks[j]);
        ns_json_end(&w.json);
        ns_json_end(&w.json);
    }
    ns_json_end(&w.json);
    add_statistics(&w, &statistics);
    ns_json_end(&w.json);
    if (only && !w.shown)
        return ns_fail(error, NS_ERROR_USAGE, NS_NOTHING_SHOWN, only);
    NS_TRY(ns_json_finish(&w.json, "the JSON", NULL, error));
    ns_buffer_append(&buffer, "", 1);
    *text = (const char *)buffer.data;
    return buffer.failed || ns_arena_was_short(arena)
               ? ns_fail(error, NS_ERROR_MEMORY, "no memory for the JSON")
               : NS_OK;
}
