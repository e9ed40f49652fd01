#include "formats/flatbuffer.h"
#include "npuscope/graph.h"
#include "tosa/internal.h"
#include "tosa/operator_info.h"

/* Fields are written where they differ from the default, in slot order; lists and strings where they are
 * not empty. So the bytes depend on the graph only. */

typedef struct context {
    ns_fb_writer writer;
    ns_arena *arena;
    ns_error *error;
} context;

/* A table under construction. */
typedef struct fields {
    int count;
    ns_fb_field items[NS_FB_MAX_FIELDS];
} fields;

static void add_scalar(fields *f, int slot, int size, uint64_t value, uint64_t absent)
{
    if (value != absent)
        f->items[f->count++] = (ns_fb_field){.slot = slot, .size = size, .value = value};
}

static void add_offset(fields *f, int slot)
{
    f->items[f->count++] = (ns_fb_field){.slot = slot, .size = 4};
}

/* The place of the offset in field `slot`, which has been added. */
static size_t place_of(const fields *f, int slot)
{
    for (int i = 0; i < f->count; i++)
        if (f->items[i].slot == slot)
            return f->items[i].position;
    return 0;
}

static size_t element_place(size_t vector, int index)
{
    return vector + 4 + (size_t)index * 4;
}

static size_t put_table(context *c, fields *f)
{
    return ns_fb_put_table(&c->writer, f->count, f->items);
}

static void put_string(context *c, size_t place, const char *text)
{
    ns_fb_link(&c->writer, place, ns_fb_put_string(&c->writer, text));
}

/* A vector of `count` empty offsets, for ns_fb_link to fill. */
static size_t put_offsets(context *c, size_t place, int count)
{
    const size_t vector = ns_fb_put_vector(&c->writer, (size_t)count, 4, NULL, 4);
    ns_fb_link(&c->writer, place, vector);
    return vector;
}

static void put_bytes(context *c, size_t place, const void *data, size_t size)
{
    /* tosa.fbs aligns bytes of values to 8. */
    ns_fb_link(&c->writer, place, ns_fb_put_vector(&c->writer, size, 1, data, 8));
}

static void put_names(context *c, size_t place, const ns_block *block, int count, const int *indices)
{
    const size_t vector = put_offsets(c, place, count);
    for (int i = 0; i < count; i++)
        put_string(c, element_place(vector, i), block->tensors[indices[i]].name);
}

static size_t write_version(context *c, const ns_graph *graph)
{
    fields f = {0};
    add_scalar(&f, NS_FIELD_VERSION_MAJOR, 4, (uint32_t)graph->version_major, UINT32_MAX);
    add_scalar(&f, NS_FIELD_VERSION_MINOR, 4, (uint32_t)graph->version_minor, UINT32_MAX);
    add_scalar(&f, NS_FIELD_VERSION_PATCH, 4, (uint32_t)graph->version_patch, UINT32_MAX);
    add_scalar(&f, NS_FIELD_VERSION_DRAFT, 1, graph->version_draft, true);
    return put_table(c, &f);
}

static ns_code write_tensor(context *c, const ns_graph_tensor *tensor, size_t place)
{
    const ns_tensor *value = &tensor->tensor;
    fields f = {0};
    add_offset(&f, NS_FIELD_TENSOR_NAME);
    if (!tensor->is_unranked)
        add_offset(&f, NS_FIELD_TENSOR_SHAPE);
    add_scalar(&f, NS_FIELD_TENSOR_TYPE, 4, ns_dtype_code(value->dtype), 0);
    if (value->data)
        add_offset(&f, NS_FIELD_TENSOR_DATA);
    add_scalar(&f, NS_FIELD_TENSOR_VARIABLE, 1, tensor->is_variable, false);
    add_scalar(&f, NS_FIELD_TENSOR_IS_UNRANKED, 1, tensor->is_unranked, false);
    if (tensor->variable_name)
        add_offset(&f, NS_FIELD_TENSOR_VARIABLE_NAME);
    ns_fb_link(&c->writer, place, put_table(c, &f));
    put_string(c, place_of(&f, NS_FIELD_TENSOR_NAME), tensor->name);
    if (!tensor->is_unranked) {
        int32_t shape[NS_MAX_RANK] = {0};
        for (int i = 0; i < value->rank; i++) {
            shape[i] = (int32_t)value->shape[i];
            if (shape[i] != value->shape[i])
                return ns_fail(c->error, NS_ERROR_UNSUPPORTED,
                               "tensor \"%s\": dim %d is %lld; a .tosa file holds dims below 2^31",
                               tensor->name, i, (long long)value->shape[i]);
        }
        ns_fb_link(&c->writer, place_of(&f, NS_FIELD_TENSOR_SHAPE),
                   ns_fb_put_vector(&c->writer, (size_t)value->rank, 4, shape, 4));
    }
    if (value->data) {
        ns_bytes bytes;
        NS_TRY(ns_constant_pack(c->arena, value, &bytes, c->error));
        put_bytes(c, place_of(&f, NS_FIELD_TENSOR_DATA), bytes.data, bytes.size);
    }
    if (tensor->variable_name)
        put_string(c, place_of(&f, NS_FIELD_TENSOR_VARIABLE_NAME), tensor->variable_name);
    return NS_OK;
}

static ns_code write_shape(context *c, const ns_graph_tensor *shape, size_t place)
{
    const ns_tensor *value = &shape->tensor;
    fields f = {0};
    add_offset(&f, NS_FIELD_SHAPE_NAME);
    add_scalar(&f, NS_FIELD_SHAPE_RANK, 4, (uint32_t)value->shape[0], 0);
    if (value->data)
        add_offset(&f, NS_FIELD_SHAPE_DATA);
    ns_fb_link(&c->writer, place, put_table(c, &f));
    put_string(c, place_of(&f, NS_FIELD_SHAPE_NAME), shape->name);
    if (value->data)
        put_bytes(c, place_of(&f, NS_FIELD_SHAPE_DATA), value->data,
                  ns_tensor_count(value) * sizeof(int64_t));
    return NS_OK;
}

/* Adds the field of an attribute that differs from its default. */
static void add_attribute(fields *f, int slot, const ns_attribute_info *info, const void *field)
{
    switch (info->kind) {
    case NS_ATTRIBUTE_KIND_BOOL:
        add_scalar(f, slot, 1, *(const bool *)field, false);
        break;
    case NS_ATTRIBUTE_KIND_INT32:
    case NS_ATTRIBUTE_KIND_ENUM:
        add_scalar(f, slot, 4, *(const uint32_t *)field, 0);
        break;
    case NS_ATTRIBUTE_KIND_DTYPE:
        add_scalar(f, slot, 4, ns_dtype_code(*(const ns_dtype *)field), 0);
        break;
    case NS_ATTRIBUTE_KIND_INT_LIST:
        if (((const ns_int_list *)field)->count)
            add_offset(f, slot);
        break;
    case NS_ATTRIBUTE_KIND_BYTE_LIST:
        if (((const ns_byte_list *)field)->count)
            add_offset(f, slot);
        break;
    case NS_ATTRIBUTE_KIND_STRING:
        if (*(const char *const *)field)
            add_offset(f, slot);
        break;
    }
}

/* Writes what an attribute's offset refers to. */
static void put_attribute(context *c, size_t place, const ns_attribute_info *info, const void *field)
{
    if (!place)
        return;
    if (info->kind == NS_ATTRIBUTE_KIND_INT_LIST) {
        const ns_int_list *list = field;
        ns_fb_link(&c->writer, place, ns_fb_put_vector(&c->writer, (size_t)list->count, 4, list->values, 4));
    } else if (info->kind == NS_ATTRIBUTE_KIND_BYTE_LIST) {
        const ns_byte_list *list = field;
        put_bytes(c, place, list->values, list->count);
    } else if (info->kind == NS_ATTRIBUTE_KIND_STRING) {
        put_string(c, place, *(const char *const *)field);
    }
}

static size_t write_attributes(context *c, const ns_operator *operator)
{
    const ns_op_info *info = ns_op_get_info(operator->op);
    fields f = {0};
    for (int i = 0; i < info->attribute_count; i++)
        add_attribute(&f, i, ns_attribute_get_info(info->attributes[i]),
                      ns_attribute_const_field(&operator->attributes, info->attributes[i]));
    const size_t table = put_table(c, &f);
    for (int i = 0; i < info->attribute_count; i++)
        put_attribute(c, place_of(&f, i), ns_attribute_get_info(info->attributes[i]),
                      ns_attribute_const_field(&operator->attributes, info->attributes[i]));
    return table;
}

static void write_operator(context *c, const ns_block *block, const ns_operator *operator, size_t place)
{
    const int code = ns_op_get_info(operator->op)->code;
    fields f = {0};
    add_scalar(&f, NS_FIELD_OPERATOR_OP, 4, (uint32_t)code, 0);
    add_scalar(&f, NS_FIELD_OPERATOR_ATTRIBUTE_TYPE, 1, (uint8_t)code, 0);
    add_offset(&f, NS_FIELD_OPERATOR_ATTRIBUTE);
    add_offset(&f, NS_FIELD_OPERATOR_INPUTS);
    add_offset(&f, NS_FIELD_OPERATOR_OUTPUTS);
    if (operator->location)
        add_offset(&f, NS_FIELD_OPERATOR_LOCATION);
    ns_fb_link(&c->writer, place, put_table(c, &f));
    ns_fb_link(&c->writer, place_of(&f, NS_FIELD_OPERATOR_ATTRIBUTE), write_attributes(c, operator));
    put_names(c, place_of(&f, NS_FIELD_OPERATOR_INPUTS), block, operator->input_count, operator->inputs);
    put_names(c, place_of(&f, NS_FIELD_OPERATOR_OUTPUTS), block, operator->output_count, operator->outputs);
    if (operator->location) {
        fields location = {0};
        add_offset(&location, NS_FIELD_LOCATION_TEXT);
        ns_fb_link(&c->writer, place_of(&f, NS_FIELD_OPERATOR_LOCATION), put_table(c, &location));
        put_string(c, place_of(&location, NS_FIELD_LOCATION_TEXT), operator->location);
    }
}

static ns_code write_block(context *c, const ns_block *block, size_t place)
{
    int shape_count = 0;
    for (int i = 0; i < block->tensor_count; i++)
        shape_count += block->tensors[i].tensor.dtype == NS_DTYPE_SHAPE;
    fields f = {0};
    add_offset(&f, NS_FIELD_BLOCK_NAME);
    add_offset(&f, NS_FIELD_BLOCK_OPERATORS);
    add_offset(&f, NS_FIELD_BLOCK_TENSORS);
    add_offset(&f, NS_FIELD_BLOCK_INPUTS);
    add_offset(&f, NS_FIELD_BLOCK_OUTPUTS);
    add_offset(&f, NS_FIELD_BLOCK_SHAPES);
    ns_fb_link(&c->writer, place, put_table(c, &f));
    put_string(c, place_of(&f, NS_FIELD_BLOCK_NAME), block->name);
    put_names(c, place_of(&f, NS_FIELD_BLOCK_INPUTS), block, block->input_count, block->inputs);
    put_names(c, place_of(&f, NS_FIELD_BLOCK_OUTPUTS), block, block->output_count, block->outputs);
    const size_t tensors =
        put_offsets(c, place_of(&f, NS_FIELD_BLOCK_TENSORS), block->tensor_count - shape_count);
    const size_t shapes = put_offsets(c, place_of(&f, NS_FIELD_BLOCK_SHAPES), shape_count);
    for (int i = 0, tensor = 0, shape = 0; i < block->tensor_count; i++) {
        if (block->tensors[i].tensor.dtype == NS_DTYPE_SHAPE)
            NS_TRY(write_shape(c, &block->tensors[i], element_place(shapes, shape++)));
        else
            NS_TRY(write_tensor(c, &block->tensors[i], element_place(tensors, tensor++)));
    }
    const size_t operators = put_offsets(c, place_of(&f, NS_FIELD_BLOCK_OPERATORS), block->operator_count);
    for (int i = 0; i < block->operator_count; i++)
        write_operator(c, block, &block->operators[i], element_place(operators, i));
    return NS_OK;
}

static ns_code write_region(context *c, const ns_region *region, size_t place)
{
    fields f = {0};
    add_offset(&f, NS_FIELD_REGION_NAME);
    add_offset(&f, NS_FIELD_REGION_BLOCKS);
    ns_fb_link(&c->writer, place, put_table(c, &f));
    put_string(c, place_of(&f, NS_FIELD_REGION_NAME), region->name);
    const size_t blocks = put_offsets(c, place_of(&f, NS_FIELD_REGION_BLOCKS), region->block_count);
    for (int i = 0; i < region->block_count; i++)
        NS_TRY(write_block(c, &region->blocks[i], element_place(blocks, i)));
    return NS_OK;
}

ns_code ns_graph_write(const ns_graph *graph, ns_arena *arena, const void **data, size_t *size,
                       ns_error *error)
{
    context c = {.arena = arena, .error = error};
    size_t root = 0;
    ns_fb_begin(&c.writer, arena, NS_TOSA_IDENTIFIER, &root);
    fields f = {0};
    add_offset(&f, NS_FIELD_GRAPH_VERSION);
    add_offset(&f, NS_FIELD_GRAPH_REGIONS);
    ns_fb_link(&c.writer, root, put_table(&c, &f));
    ns_fb_link(&c.writer, place_of(&f, NS_FIELD_GRAPH_VERSION), write_version(&c, graph));
    const size_t regions = put_offsets(&c, place_of(&f, NS_FIELD_GRAPH_REGIONS), graph->region_count);
    for (int i = 0; i < graph->region_count; i++)
        NS_TRY(write_region(&c, &graph->regions[i], element_place(regions, i)));
    return ns_fb_finish(&c.writer, data, size, error);
}
