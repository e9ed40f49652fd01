#include "formats/flatbuffer.h"
#include "npuscope/graph.h"
#include "tosa/internal.h"
#include "tosa/operator_info.h"

#include <limits.h>

/* What every step of the reading needs. */
typedef struct context {
    ns_fb_reader reader;
    ns_arena *arena;   /* the graph's */
    ns_arena *scratch; /* gone after the reading */
    ns_error *error;
    size_t block_count; /* over all regions */
} context;

/* `count` zeroed elements; charged like the file's own bytes, so that a small file cannot ask for much. */
static ns_code allocate(context *c, size_t count, size_t size, const char *what, void *out)
{
    if (count > INT_MAX)
        return ns_fail(c->error, NS_ERROR_INPUT, "%s: %zu elements", what, count);
    NS_TRY(ns_fb_charge(&c->reader, count * size, what, c->error));
    void *block = ns_arena_alloc(c->arena, count, size);
    if (!block)
        return ns_fail(c->error, NS_ERROR_MEMORY, "%s: no memory for %zu elements", what, count);
    *(void **)out = block;
    return NS_OK;
}

/* A copy of a string field; NULL where the file leaves it out. */
static ns_code read_string(context *c, ns_fb_table table, int slot, const char *what, const char **out)
{
    ns_bytes text;
    NS_TRY(ns_fb_get_string(table, slot, what, &text, c->error));
    *out = NULL;
    if (!text.data)
        return NS_OK;
    char *copy = NULL;
    NS_TRY(allocate(c, text.size + 1, 1, what, &copy));
    memcpy(copy, text.data, text.size);
    *out = copy;
    return NS_OK;
}

/* A name that the format asks for. */
static ns_code read_name(context *c, ns_fb_table table, int slot, const char *what, const char **out)
{
    NS_TRY(read_string(c, table, slot, what, out));
    return *out ? NS_OK
                : ns_fail(c->error, NS_ERROR_INPUT, "the table at byte %zu has no %s", table.position, what);
}

static ns_code read_version(context *c, ns_fb_table root, ns_graph *graph)
{
    ns_fb_table version;
    NS_TRY(ns_fb_get_table(root, NS_FIELD_GRAPH_VERSION, "version", &version, c->error));
    if (!version.reader)
        return ns_fail(c->error, NS_ERROR_INPUT, "the file has no version table");
    NS_TRY(ns_fb_i32(version, NS_FIELD_VERSION_MAJOR, -1, "version", &graph->version_major, c->error));
    NS_TRY(ns_fb_i32(version, NS_FIELD_VERSION_MINOR, -1, "version", &graph->version_minor, c->error));
    NS_TRY(ns_fb_i32(version, NS_FIELD_VERSION_PATCH, -1, "version", &graph->version_patch, c->error));
    NS_TRY(ns_fb_bool(version, NS_FIELD_VERSION_DRAFT, true, "version", &graph->version_draft, c->error));
    if (graph->version_major != 1 || graph->version_minor < 0 || graph->version_minor > 1)
        return ns_fail(
            c->error, NS_ERROR_UNSUPPORTED, "TOSA version %d.%d.%d: versions 1.0 and 1.1 are read%s",
            graph->version_major, graph->version_minor, graph->version_patch,
            graph->version_major == 0 ? "; make the file anew: ExecuTorch 1.0 and later write 1.0" : "");
    return NS_OK;
}

/* A constant's bytes: in the tensor's table, or (files beyond 2 GB) elsewhere in the file, where `offset`
 * counts from the file's beginning and holds when it is above 1. */
static ns_code find_data(context *c, ns_fb_table table, ns_bytes *out)
{
    uint64_t offset = 0, size = 0;
    NS_TRY(ns_fb_get_bytes(table, NS_FIELD_TENSOR_DATA, "data", out, c->error));
    NS_TRY(ns_fb_u64(table, NS_FIELD_TENSOR_OFFSET, 0, "offset", &offset, c->error));
    NS_TRY(ns_fb_u64(table, NS_FIELD_TENSOR_SIZE, 0, "size", &size, c->error));
    if (offset <= 1)
        return NS_OK;
    NS_TRY(ns_bytes_slice(c->reader.bytes, offset, size, "data outside the FlatBuffer", out, c->error));
    return ns_fb_charge(&c->reader, size, "data outside the FlatBuffer", c->error);
}

static ns_code read_tensor(context *c, ns_fb_table table, ns_graph_tensor *out)
{
    NS_TRY(read_name(c, table, NS_FIELD_TENSOR_NAME, "tensor name", &out->name));
    ns_fb_vector shape;
    NS_TRY(ns_fb_get_vector(table, NS_FIELD_TENSOR_SHAPE, 4, "shape", &shape, c->error));
    if (shape.count > NS_MAX_RANK)
        return ns_fail(c->error, NS_ERROR_INPUT, "tensor \"%s\": rank %u is above %d", out->name, shape.count,
                       NS_MAX_RANK);
    ns_tensor *tensor = &out->tensor;
    tensor->rank = (int)shape.count;
    for (uint32_t i = 0; i < shape.count; i++)
        tensor->shape[i] = ns_fb_element_i32(shape, i);
    size_t count = 0;
    uint32_t type = 0, scale_type = 0;
    NS_TRY(ns_fb_u32(table, NS_FIELD_TENSOR_SCALE_TYPE, 0, "scale_type", &scale_type, c->error));
    if (scale_type)
        return ns_fail(c->error, NS_ERROR_UNSUPPORTED,
                       "tensor \"%s\" holds its own scales (scale_type %u); only scales in tensors of their "
                       "own are read",
                       out->name, scale_type);
    if (ns_shape_count(tensor->rank, tensor->shape, &count, c->error) != NS_OK)
        return ns_add_context(c->error, "tensor \"%s\"", out->name);
    NS_TRY(ns_fb_u32(table, NS_FIELD_TENSOR_TYPE, 0, "type", &type, c->error));
    if (!ns_dtype_from_code(type, &tensor->dtype))
        return ns_fail(c->error, NS_ERROR_INPUT, "tensor \"%s\": unknown type %u", out->name, type);
    NS_TRY(ns_fb_bool(table, NS_FIELD_TENSOR_VARIABLE, false, "variable", &out->is_variable, c->error));
    NS_TRY(ns_fb_bool(table, NS_FIELD_TENSOR_IS_UNRANKED, false, "is_unranked", &out->is_unranked, c->error));
    NS_TRY(read_string(c, table, NS_FIELD_TENSOR_VARIABLE_NAME, "variable name", &out->variable_name));
    ns_bytes data = {0};
    if (find_data(c, table, &data) != NS_OK ||
        (data.size && ns_constant_unpack(c->arena, data, tensor, c->error) != NS_OK))
        return ns_add_context(c->error, "tensor \"%s\"", out->name);
    return NS_OK;
}

static ns_code read_shape(context *c, ns_fb_table table, ns_graph_tensor *out)
{
    NS_TRY(read_name(c, table, NS_FIELD_SHAPE_NAME, "shape name", &out->name));
    uint32_t rank = 0;
    NS_TRY(ns_fb_u32(table, NS_FIELD_SHAPE_RANK, 0, "rank", &rank, c->error));
    out->tensor = (ns_tensor){.dtype = NS_DTYPE_SHAPE, .rank = 1, .shape = {rank}};
    ns_bytes data = {0};
    if (ns_fb_get_bytes(table, NS_FIELD_SHAPE_DATA, "data", &data, c->error) != NS_OK)
        return ns_add_context(c->error, "shape \"%s\"", out->name);
    /* A shape of no dims is known without data. */
    if ((data.size || !rank) && ns_constant_unpack(c->arena, data, &out->tensor, c->error) != NS_OK)
        return ns_add_context(c->error, "shape \"%s\"", out->name);
    return NS_OK;
}

/* A list of tensor names becomes a list of indices. */
static ns_code read_operands(context *c, ns_fb_table table, int slot, const char *what, const ns_names *names,
                             int *count, int **out)
{
    ns_fb_vector vector;
    NS_TRY(ns_fb_get_vector(table, slot, 4, what, &vector, c->error));
    NS_TRY(allocate(c, vector.count, sizeof **out, what, out));
    *count = (int)vector.count;
    for (uint32_t i = 0; i < vector.count; i++) {
        ns_bytes name;
        NS_TRY(ns_fb_element_string(vector, i, what, &name, c->error));
        (*out)[i] = ns_names_find(names, name);
        if ((*out)[i] < 0)
            return ns_fail(c->error, NS_ERROR_INPUT, "%s %u: the block has no tensor \"%.*s\"", what, i,
                           name.size > 200 ? 200 : (int)name.size, (const char *)name.data);
    }
    return NS_OK;
}

static ns_code read_int_list(context *c, ns_fb_table table, int slot, const char *what, ns_int_list *out)
{
    ns_fb_vector vector;
    NS_TRY(ns_fb_get_vector(table, slot, 4, what, &vector, c->error));
    NS_TRY(allocate(c, vector.count, sizeof *out->values, what, &out->values));
    out->count = (int)vector.count;
    for (uint32_t i = 0; i < vector.count; i++)
        out->values[i] = ns_fb_element_i32(vector, i);
    return NS_OK;
}

static ns_code read_byte_list(context *c, ns_fb_table table, int slot, const char *what, ns_byte_list *out)
{
    ns_bytes bytes;
    NS_TRY(ns_fb_get_bytes(table, slot, what, &bytes, c->error));
    NS_TRY(allocate(c, bytes.size, 1, what, &out->values));
    out->count = bytes.size;
    if (bytes.size)
        memcpy(out->values, bytes.data, bytes.size);
    return NS_OK;
}

static ns_code read_dtype(context *c, ns_fb_table table, int slot, const char *what, ns_dtype *out)
{
    uint32_t code = 0;
    NS_TRY(ns_fb_u32(table, slot, 0, what, &code, c->error));
    if (!ns_dtype_from_code(code, out))
        return ns_fail(c->error, NS_ERROR_INPUT, "%s: unknown type %u", what, code);
    return NS_OK;
}

static ns_code read_attribute(context *c, ns_fb_table table, int slot, ns_attribute attribute,
                              ns_attributes *attributes)
{
    const ns_attribute_info *info = ns_attribute_get_info(attribute);
    void *field = ns_attribute_field(attributes, attribute);
    switch (info->kind) {
    case NS_ATTRIBUTE_KIND_BOOL:
        return ns_fb_bool(table, slot, false, info->name, field, c->error);
    case NS_ATTRIBUTE_KIND_INT32:
        return ns_fb_i32(table, slot, 0, info->name, field, c->error);
    case NS_ATTRIBUTE_KIND_ENUM:
        return ns_fb_u32(table, slot, 0, info->name, field, c->error);
    case NS_ATTRIBUTE_KIND_DTYPE:
        return read_dtype(c, table, slot, info->name, field);
    case NS_ATTRIBUTE_KIND_INT_LIST:
        return read_int_list(c, table, slot, info->name, field);
    case NS_ATTRIBUTE_KIND_BYTE_LIST:
        return read_byte_list(c, table, slot, info->name, field);
    case NS_ATTRIBUTE_KIND_STRING:
        return read_string(c, table, slot, info->name, field);
    }
    return ns_fail(c->error, NS_ERROR_INTERNAL, "attribute %s has no kind", info->name);
}

static ns_code read_attributes(context *c, ns_fb_table table, ns_operator *operator)
{
    const ns_op_info *info = ns_op_get_info(operator->op);
    uint8_t type = 0;
    ns_fb_table attributes;
    NS_TRY(ns_fb_u8(table, NS_FIELD_OPERATOR_ATTRIBUTE_TYPE, 0, "attribute type", &type, c->error));
    NS_TRY(ns_fb_get_table(table, NS_FIELD_OPERATOR_ATTRIBUTE, "attribute", &attributes, c->error));
    /* An operator whose attribute table has no fields may leave it out. */
    if (!type && !info->attribute_count)
        return NS_OK;
    if (type != info->code)
        return ns_fail(c->error, NS_ERROR_INPUT,
                       "its attribute table is number %u of the union instead of %d", type, info->code);
    for (int i = 0; i < info->attribute_count; i++)
        NS_TRY(read_attribute(c, attributes, i, info->attributes[i], &operator->attributes));
    return NS_OK;
}

static ns_code read_operator(context *c, ns_fb_table table, const ns_names *names, ns_operator *out)
{
    uint32_t code = 0;
    NS_TRY(ns_fb_u32(table, NS_FIELD_OPERATOR_OP, 0, "op", &code, c->error));
    if (!ns_op_from_code(code, &out->op))
        return ns_fail(c->error, NS_ERROR_INPUT, "unknown operator number %u", code);
    ns_fb_table location;
    ns_code result = read_attributes(c, table, out);
    if (result == NS_OK)
        result = read_operands(c, table, NS_FIELD_OPERATOR_INPUTS, "input", names, &out->input_count,
                               &out->inputs);
    if (result == NS_OK)
        result = read_operands(c, table, NS_FIELD_OPERATOR_OUTPUTS, "output", names, &out->output_count,
                               &out->outputs);
    if (result == NS_OK)
        result = ns_fb_get_table(table, NS_FIELD_OPERATOR_LOCATION, "location", &location, c->error);
    if (result == NS_OK)
        result = read_string(c, location, NS_FIELD_LOCATION_TEXT, "location", &out->location);
    return result == NS_OK ? NS_OK : ns_add_context(c->error, "%s", ns_op_text(out->op));
}

/* The tensors, and behind them the shapes: operators name either. */
static ns_code read_tensors(context *c, ns_fb_table table, ns_block *block)
{
    ns_fb_vector tensors, shapes;
    NS_TRY(ns_fb_get_vector(table, NS_FIELD_BLOCK_TENSORS, 4, "tensors", &tensors, c->error));
    NS_TRY(ns_fb_get_vector(table, NS_FIELD_BLOCK_SHAPES, 4, "shapes", &shapes, c->error));
    const size_t count = (size_t)tensors.count + shapes.count;
    NS_TRY(allocate(c, count, sizeof *block->tensors, "tensors", &block->tensors));
    block->tensor_count = block->tensor_capacity = (int)count;
    for (uint32_t i = 0; i < count; i++) {
        const bool is_shape = i >= tensors.count;
        ns_fb_table element;
        NS_TRY(ns_fb_element_table(is_shape ? shapes : tensors, is_shape ? i - tensors.count : i,
                                   is_shape ? "shape" : "tensor", &element, c->error));
        NS_TRY((is_shape ? read_shape : read_tensor)(c, element, &block->tensors[i]));
    }
    return NS_OK;
}

static ns_code read_block(context *c, ns_fb_table table, ns_block *block)
{
    NS_TRY(read_name(c, table, NS_FIELD_BLOCK_NAME, "block name", &block->name));
    NS_TRY(read_tensors(c, table, block));
    ns_names names;
    NS_TRY(ns_names_make(block, c->scratch, &names, c->error));
    NS_TRY(read_operands(c, table, NS_FIELD_BLOCK_INPUTS, "block input", &names, &block->input_count,
                         &block->inputs));
    NS_TRY(read_operands(c, table, NS_FIELD_BLOCK_OUTPUTS, "block output", &names, &block->output_count,
                         &block->outputs));
    ns_fb_vector operators;
    NS_TRY(ns_fb_get_vector(table, NS_FIELD_BLOCK_OPERATORS, 4, "operators", &operators, c->error));
    NS_TRY(allocate(c, operators.count, sizeof *block->operators, "operators", &block->operators));
    block->operator_count = block->operator_capacity = (int)operators.count;
    for (uint32_t i = 0; i < operators.count; i++) {
        ns_fb_table operator;
        NS_TRY(ns_fb_element_table(operators, i, "operator", &operator, c->error));
        if (read_operator(c, operator, & names, &block->operators[i]) != NS_OK)
            return ns_add_context(c->error, "operator %u", i);
    }
    return NS_OK;
}

/* Blocks are looked up by name wherever an operator runs one, so their number is bounded: graphs have one,
 * and a few more for each COND_IF and WHILE_LOOP. */
#define MAX_BLOCKS 1024

/* Adds `count` to the blocks (or regions, which hold one each) met so far. */
static ns_code count_blocks(context *c, uint32_t count)
{
    c->block_count += count;
    if (c->block_count > MAX_BLOCKS)
        return ns_fail(c->error, NS_ERROR_UNSUPPORTED, "%zu blocks and regions: at most %d are read",
                       c->block_count, MAX_BLOCKS);
    return NS_OK;
}

static ns_code read_region(context *c, ns_fb_table table, ns_region *region)
{
    NS_TRY(read_name(c, table, NS_FIELD_REGION_NAME, "region name", &region->name));
    ns_fb_vector blocks;
    NS_TRY(ns_fb_get_vector(table, NS_FIELD_REGION_BLOCKS, 4, "blocks", &blocks, c->error));
    NS_TRY(count_blocks(c, blocks.count));
    NS_TRY(allocate(c, blocks.count, sizeof *region->blocks, "blocks", &region->blocks));
    region->block_count = (int)blocks.count;
    for (uint32_t i = 0; i < blocks.count; i++) {
        ns_fb_table block;
        NS_TRY(ns_fb_element_table(blocks, i, "block", &block, c->error));
        if (read_block(c, block, &region->blocks[i]) != NS_OK)
            return ns_add_context(c->error, "block %u", i);
    }
    return NS_OK;
}

static ns_code read_graph(context *c, ns_bytes bytes, ns_graph *graph)
{
    ns_fb_table root;
    NS_TRY(ns_fb_open(&c->reader, bytes, NS_TOSA_IDENTIFIER, &root, c->error));
    NS_TRY(read_version(c, root, graph));
    ns_fb_vector regions;
    NS_TRY(ns_fb_get_vector(root, NS_FIELD_GRAPH_REGIONS, 4, "regions", &regions, c->error));
    NS_TRY(count_blocks(c, regions.count));
    NS_TRY(allocate(c, regions.count, sizeof *graph->regions, "regions", &graph->regions));
    graph->region_count = (int)regions.count;
    for (uint32_t i = 0; i < regions.count; i++) {
        ns_fb_table region;
        NS_TRY(ns_fb_element_table(regions, i, "region", &region, c->error));
        if (read_region(c, region, &graph->regions[i]) != NS_OK)
            return ns_add_context(c->error, "region %u", i);
    }
    if (!graph->region_count || !graph->regions[0].block_count)
        return ns_fail(c->error, NS_ERROR_INPUT, "the file has no region with a block to run");
    return NS_OK;
}

ns_code ns_graph_read(const void *data, size_t size, ns_graph **out, ns_error *error)
{
    return ns_graph_read_within(NULL, data, size, out, error);
}

ns_code ns_graph_read_within(ns_budget *budget, const void *data, size_t size, ns_graph **out,
                             ns_error *error)
{
    *out = NULL;
    ns_error local;
    context c = {.arena = ns_arena_new_within(budget),
                 .scratch = ns_arena_new_within(budget),
                 .error = error ? error : &local};
    ns_graph *graph = c.arena ? NS_ARENA_NEW(c.arena, ns_graph) : NULL;
    ns_code code = NS_OK;
    if (!graph || !c.scratch) {
        code = ns_fail(c.error, NS_ERROR_MEMORY, "no memory for a graph");
    } else {
        graph->arena = c.arena;
        code = read_graph(&c, (ns_bytes){data, size}, graph);
    }
    ns_arena_free(c.scratch);
    if (code != NS_OK) {
        ns_arena_free(c.arena);
        return code;
    }
    *out = graph;
    return NS_OK;
}
