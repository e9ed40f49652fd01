/* TFLite: fields by their slots in TensorFlow's schema.fbs, version 3 (identifier "TFL3"):
 *   Model: 1 operator_codes, 2 subgraphs, 3 description, 4 buffers, 6 metadata
 *   OperatorCode: 0 deprecated_builtin_code, 1 custom_code, 3 builtin_code (the larger of the two counts)
 *   SubGraph: 0 tensors, 1 inputs, 2 outputs, 3 operators
 *   Tensor: 0 shape, 1 type, 2 buffer, 3 name, 4 quantization (2 scale, 3 zero_point, 6 quantized_dimension),
 *     5 is_variable, 6 sparsity
 *   Operator: 0 opcode_index, 1 inputs, 2 outputs, 4 builtin_options
 *   Buffer: 0 data; 1 offset and 2 size for data that lies outside the FlatBuffer
 *   Metadata: 0 name, 1 buffer
 * OfflineMemoryAllocation holds int32 words: version 0, number of subgraphs, number of tensors of all of
 * them, then an arena offset for each (Vela 5.1.0, regor/tflite/tflite_writer.cpp). */
#include "formats/tflite.h"

#include <inttypes.h>

#include "formats/flatbuffer.h"

#define IDENTIFIER "TFL3"
#define CUSTOM_CODE 32

/* A file being read. */
typedef struct tflite_file {
    ns_fb_reader *reader;
    ns_arena *arena;
    ns_fb_vector buffers, codes;
} tflite_file;

static const char *const operator_names[] = {
#define NS_TFLITE_OPERATOR(name) #name,
#include "formats/tflite_operators.def"
#undef NS_TFLITE_OPERATOR
};
enum { OPERATOR_COUNT = sizeof operator_names / sizeof operator_names[0] };

static const struct {
    const char *text;
    int bytes;
} types[] = {
#define NS_TFLITE_TYPE(name, text, bytes) {text, bytes},
#include "formats/tflite_types.def"
#undef NS_TFLITE_TYPE
};

const char *ns_tflite_type_text(ns_tflite_type type)
{
    return types[type].text;
}

int ns_tflite_type_bytes(ns_tflite_type type)
{
    return types[type].bytes;
}

bool ns_tflite_probe(ns_bytes bytes)
{
    return ns_bytes_contains(bytes, 4, 4) && memcmp(bytes.data + 4, IDENTIFIER, 4) == 0;
}

static ns_code get_name(tflite_file *file, ns_fb_table table, int slot, const char *what, const char **out,
                        ns_error *error)
{
    ns_bytes text;
    NS_TRY(ns_fb_get_string(table, slot, what, &text, error));
    char *copy = ns_arena_alloc(file->arena, text.size + 1, 1);
    if (!copy)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", what);
    if (text.size)
        memcpy(copy, text.data, text.size);
    *out = copy;
    return NS_OK;
}

/* The bytes of buffer `index`; none for buffer 0, which is always empty. */
static ns_code get_buffer(tflite_file *file, uint32_t index, const char *what, ns_bytes *out, ns_error *error)
{
    *out = (ns_bytes){0};
    if (index == 0)
        return NS_OK;
    if (index >= file->buffers.count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: buffer %" PRIu32 ", but there are %" PRIu32, what, index,
                       file->buffers.count);
    ns_fb_table buffer;
    uint64_t offset, size;
    NS_TRY(ns_fb_element_table(file->buffers, index, "buffer", &buffer, error));
    NS_TRY(ns_fb_get_bytes(buffer, 0, "buffer data", out, error));
    NS_TRY(ns_fb_u64(buffer, 1, 0, "buffer offset", &offset, error));
    NS_TRY(ns_fb_u64(buffer, 2, 0, "buffer size", &size, error));
    if (offset > 1) /* 0 and 1: the data is in the FlatBuffer */
        return ns_bytes_slice(file->reader->bytes, offset, size, what, out, error);
    return NS_OK;
}

/* A vector of indices, each below `limit` and at least `least` (0, or -1 where left out is allowed). */
/* A list of tensors' numbers, each at least `least` and below `limit`. */
typedef struct index_list {
    int slot;
    const char *what;
    int32_t least;
    uint32_t limit;
} index_list;

static ns_code get_indices(tflite_file *file, ns_fb_table table, index_list wanted, int *count,
                           const int32_t **out, ns_error *error)
{
    ns_fb_vector vector;
    NS_TRY(ns_fb_get_vector(table, wanted.slot, 4, wanted.what, &vector, error));
    int32_t *list = NS_ARENA_ARRAY(file->arena, vector.count, int32_t);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", wanted.what);
    for (uint32_t i = 0; i < vector.count; i++) {
        list[i] = ns_fb_element_i32(vector, i);
        if (list[i] < wanted.least || list[i] >= (int64_t)wanted.limit)
            return ns_fail(error, NS_ERROR_INPUT,
                           "%s: number %" PRIu32 " is tensor %" PRId32 ", but there are %" PRIu32,
                           wanted.what, i, list[i], wanted.limit);
    }
    *count = (int)vector.count;
    *out = list;
    return NS_OK;
}

/* A zero point is a code of the tensor's type; where that is wide, or real, it still fits an int32. */
static ns_code check_zero_point(const ns_tflite_tensor *tensor, ns_error *error)
{
    int64_t low = INT32_MIN, high = INT32_MAX;
    if (tensor->type == NS_TFLITE_INT8 || tensor->type == NS_TFLITE_INT16) {
        high = tensor->type == NS_TFLITE_INT8 ? INT8_MAX : INT16_MAX;
        low = -high - 1;
    } else if (tensor->type == NS_TFLITE_UINT8) {
        low = 0;
        high = UINT8_MAX;
    }
    return tensor->zero_point >= low && tensor->zero_point <= high
               ? NS_OK
               : ns_fail(error, NS_ERROR_INPUT, "tensor '%s': zero point %" PRId64 " is none of %s",
                         tensor->name, tensor->zero_point, ns_tflite_type_text(tensor->type));
}

static ns_code get_quantisation(tflite_file *file, ns_fb_table table, ns_tflite_tensor *out, ns_error *error)
{
    ns_fb_table quantisation;
    ns_fb_vector scales, zero_points;
    NS_TRY(ns_fb_get_table(table, 4, "quantization", &quantisation, error));
    NS_TRY(ns_fb_get_vector(quantisation, 2, 4, "scale", &scales, error));
    NS_TRY(ns_fb_get_vector(quantisation, 3, 8, "zero_point", &zero_points, error));
    float *list = NS_ARENA_ARRAY(file->arena, scales.count, float);
    int32_t axis;
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for scales");
    for (uint32_t i = 0; i < scales.count; i++) {
        int32_t bits = ns_fb_element_i32(scales, i);
        memcpy(&list[i], &bits, sizeof bits);
    }
    out->scales = list;
    out->scale_count = (int)scales.count;
    out->scale = scales.count ? (double)list[0] : 0;
    NS_TRY(ns_fb_i32(quantisation, 6, 0, "quantized_dimension", &axis, error));
    out->axis = axis;
    if (zero_points.count)
        out->zero_point = (int64_t)ns_load_u64(zero_points.reader->bytes.data + zero_points.position);
    return NS_OK;
}

static ns_code get_tensor(tflite_file *file, ns_fb_table table, ns_tflite_tensor *out, ns_error *error)
{
    ns_fb_vector shape;
    uint8_t type;
    uint32_t buffer;
    size_t elements;
    NS_TRY(get_name(file, table, 3, "a tensor's name", &out->name, error));
    NS_TRY(ns_fb_get_vector(table, 0, 4, "shape", &shape, error));
    if (shape.count > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "tensor '%s' has rank %" PRIu32 "; at most %d", out->name,
                       shape.count, NS_MAX_RANK);
    out->rank = (int)shape.count;
    for (int d = 0; d < out->rank; d++)
        out->shape[d] = ns_fb_element_i32(shape, (uint32_t)d);
    for (int d = 0; d < out->rank; d++)
        if (out->shape[d] < 0)
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "tensor '%s': dim %d of the shape is %" PRId64
                           ", a dynamic one: convert the model with a fixed shape",
                           out->name, d, out->shape[d]);
    if (ns_shape_count(out->rank, out->shape, &elements, error) != NS_OK)
        return ns_add_context(error, "tensor '%s'", out->name);
    NS_TRY(ns_fb_u8(table, 1, NS_TFLITE_FLOAT32, "type", &type, error));
    if (type >= NS_TFLITE_TYPE_COUNT)
        return ns_fail(error, NS_ERROR_INPUT, "tensor '%s' has type %u; there are %d", out->name, type,
                       NS_TFLITE_TYPE_COUNT);
    out->type = (ns_tflite_type)type;
    NS_TRY(ns_fb_u32(table, 2, 0, "buffer", &buffer, error));
    if (get_buffer(file, buffer, "data", &out->data, error) != NS_OK)
        return ns_add_context(error, "tensor '%s'", out->name);
    NS_TRY(get_quantisation(file, table, out, error));
    NS_TRY(check_zero_point(out, error));
    ns_fb_table sparsity;
    NS_TRY(ns_fb_get_table(table, 6, "sparsity", &sparsity, error));
    out->is_sparse = sparsity.reader != NULL;
    out->offset = -1;
    return ns_fb_bool(table, 5, false, "is_variable", &out->is_variable, error);
}

static ns_code get_operator(tflite_file *file, ns_fb_table table, uint32_t tensor_count,
                            ns_tflite_operator *out, ns_error *error)
{
    uint32_t index;
    uint8_t deprecated;
    int32_t code;
    ns_fb_table entry;
    NS_TRY(ns_fb_u32(table, 0, 0, "opcode_index", &index, error));
    if (index >= file->codes.count)
        return ns_fail(error, NS_ERROR_INPUT, "operator code %" PRIu32 ", but there are %" PRIu32, index,
                       file->codes.count);
    NS_TRY(ns_fb_element_table(file->codes, index, "operator code", &entry, error));
    NS_TRY(ns_fb_u8(entry, 0, 0, "deprecated_builtin_code", &deprecated, error));
    NS_TRY(ns_fb_i32(entry, 3, 0, "builtin_code", &code, error));
    code = (int8_t)deprecated > code ? (int8_t)deprecated : code;
    if (code < 0 || code >= OPERATOR_COUNT)
        return ns_fail(error, NS_ERROR_INPUT, "builtin operator %" PRId32 "; %d are known", code,
                       OPERATOR_COUNT);
    out->custom = code == CUSTOM_CODE;
    out->name = operator_names[code];
    if (out->custom)
        NS_TRY(get_name(file, entry, 1, "custom_code", &out->name, error));
    NS_TRY(get_indices(file, table, (index_list){1, "an operator's inputs", -1, tensor_count},
                       &out->input_count, &out->inputs, error));
    NS_TRY(ns_fb_get_table(table, 4, "builtin_options", &out->options, error));
    return get_indices(file, table, (index_list){2, "an operator's outputs", 0, tensor_count},
                       &out->output_count, &out->outputs, error);
}

static ns_code get_tensors(tflite_file *file, ns_fb_table subgraph, uint32_t *count, ns_tflite_tensor **out,
                           ns_error *error)
{
    ns_fb_vector vector;
    NS_TRY(ns_fb_get_vector(subgraph, 0, 4, "tensors", &vector, error));
    ns_tflite_tensor *list = NS_ARENA_ARRAY(file->arena, vector.count, ns_tflite_tensor);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %" PRIu32 " tensors", vector.count);
    for (uint32_t i = 0; i < vector.count; i++) {
        ns_fb_table table;
        NS_TRY(ns_fb_element_table(vector, i, "tensor", &table, error));
        NS_TRY(get_tensor(file, table, &list[i], error));
    }
    *count = vector.count;
    *out = list;
    return NS_OK;
}

static ns_code get_operators(tflite_file *file, ns_fb_table subgraph, uint32_t tensor_count,
                             ns_tflite_subgraph *out, ns_error *error)
{
    ns_fb_vector vector;
    NS_TRY(ns_fb_get_vector(subgraph, 3, 4, "operators", &vector, error));
    ns_tflite_operator *list = NS_ARENA_ARRAY(file->arena, vector.count, ns_tflite_operator);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %" PRIu32 " operators", vector.count);
    for (uint32_t i = 0; i < vector.count; i++) {
        ns_fb_table table;
        NS_TRY(ns_fb_element_table(vector, i, "operator", &table, error));
        if (get_operator(file, table, tensor_count, &list[i], error) != NS_OK)
            return ns_add_context(error, "operator %" PRIu32, i);
    }
    out->operators = list;
    out->operator_count = (int)vector.count;
    return NS_OK;
}

/* Arena offsets of a subgraph's tensors, which follow those of the `earlier` tensors of the subgraphs before.
 * A list that ends before a later subgraph leaves its tensors without places. */
static ns_code take_offsets(ns_bytes words, uint32_t earlier, uint32_t count, ns_tflite_tensor *tensors,
                            ns_error *error)
{
    enum { VERSION = 0, TENSORS = 8, FIRST = 12 }; /* bytes; the number of subgraphs is not needed */
    uint32_t version, listed;
    NS_TRY(ns_bytes_u32(words, VERSION, "OfflineMemoryAllocation", &version, error));
    NS_TRY(ns_bytes_u32(words, TENSORS, "OfflineMemoryAllocation", &listed, error));
    if (version != 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "OfflineMemoryAllocation has version %" PRIu32 "; want 0",
                       version);
    if (earlier && (listed < earlier || listed - earlier < count))
        return NS_OK;
    if (listed < count || (words.size - FIRST) / 4 < listed)
        return ns_fail(error, NS_ERROR_INPUT,
                       "OfflineMemoryAllocation: %" PRIu32 " offsets announced in %zu bytes, for %" PRIu32
                       " tensors",
                       listed, words.size, count);
    for (uint32_t i = 0; i < count; i++)
        tensors[i].offset = (int32_t)ns_load_u32(words.data + FIRST + 4 * ((size_t)earlier + i));
    return NS_OK;
}

static ns_code get_offsets(tflite_file *file, ns_fb_table model, uint32_t earlier, uint32_t count,
                           ns_tflite_tensor *tensors, ns_error *error)
{
    static const char wanted[] = "OfflineMemoryAllocation";
    ns_fb_vector metadata;
    NS_TRY(ns_fb_get_vector(model, 6, 4, "metadata", &metadata, error));
    for (uint32_t i = 0; i < metadata.count; i++) {
        ns_fb_table entry;
        ns_bytes name, words;
        uint32_t buffer;
        NS_TRY(ns_fb_element_table(metadata, i, "metadata", &entry, error));
        NS_TRY(ns_fb_get_string(entry, 0, "a metadata's name", &name, error));
        if (name.size != sizeof wanted - 1 || memcmp(name.data, wanted, name.size) != 0)
            continue;
        NS_TRY(ns_fb_u32(entry, 1, 0, "a metadata's buffer", &buffer, error));
        NS_TRY(get_buffer(file, buffer, wanted, &words, error));
        return take_offsets(words, earlier, count, tensors, error);
    }
    return NS_OK;
}

static ns_code get_subgraph(tflite_file *file, ns_fb_table model, ns_fb_table subgraph, uint32_t earlier,
                            ns_tflite_subgraph *out, ns_error *error)
{
    ns_tflite_tensor *tensors;
    uint32_t count;
    NS_TRY(get_tensors(file, subgraph, &count, &tensors, error));
    NS_TRY(get_operators(file, subgraph, count, out, error));
    NS_TRY(get_indices(file, subgraph, (index_list){1, "the subgraph's inputs", 0, count}, &out->input_count,
                       &out->inputs, error));
    NS_TRY(get_indices(file, subgraph, (index_list){2, "the subgraph's outputs", 0, count},
                       &out->output_count, &out->outputs, error));
    NS_TRY(get_offsets(file, model, earlier, count, tensors, error));
    out->tensors = tensors;
    out->tensor_count = (int)count;
    return NS_OK;
}

ns_code ns_tflite_read(ns_bytes bytes, ns_arena *arena, ns_tflite *out, ns_error *error)
{
    tflite_file file = {.arena = arena, .reader = &out->reader};
    ns_fb_table model;
    ns_fb_vector subgraphs;
    *out = (ns_tflite){0};
    NS_TRY(ns_fb_open(file.reader, bytes, IDENTIFIER, &model, error));
    NS_TRY(get_name(&file, model, 3, "description", &out->description, error));
    NS_TRY(ns_fb_get_vector(model, 1, 4, "operator_codes", &file.codes, error));
    NS_TRY(ns_fb_get_vector(model, 4, 4, "buffers", &file.buffers, error));
    NS_TRY(ns_fb_get_vector(model, 2, 4, "subgraphs", &subgraphs, error));
    if (subgraphs.count == 0)
        return ns_fail(error, NS_ERROR_INPUT, "the .tflite file has no subgraph");
    ns_tflite_subgraph *list = NS_ARENA_ARRAY(arena, subgraphs.count, ns_tflite_subgraph);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %" PRIu32 " subgraphs", subgraphs.count);
    uint32_t earlier = 0; /* at most as many as the file's budget of objects */
    for (uint32_t i = 0; i < subgraphs.count; i++) {
        ns_fb_table subgraph;
        NS_TRY(ns_fb_element_table(subgraphs, i, "subgraph", &subgraph, error));
        if (i)
            earlier += (uint32_t)list[i - 1].tensor_count;
        if (get_subgraph(&file, model, subgraph, earlier, &list[i], error) != NS_OK)
            return i ? ns_add_context(error, "subgraph %" PRIu32, i) : error->code;
    }
    out->subgraphs = list;
    out->subgraph_count = (int)subgraphs.count;
    return NS_OK;
}

ns_code ns_tflite_option_i32(const ns_tflite_operator *operator, int slot, int32_t absent, int32_t *out,
                             ns_error *error)
{
    return ns_fb_i32(operator->options, slot, absent, "an option", out, error);
}

ns_code ns_tflite_option_u8(const ns_tflite_operator *operator, int slot, uint8_t absent, uint8_t *out,
                            ns_error *error)
{
    return ns_fb_u8(operator->options, slot, absent, "an option", out, error);
}

ns_code ns_tflite_option_bool(const ns_tflite_operator *operator, int slot, bool absent, bool *out,
                              ns_error *error)
{
    return ns_fb_bool(operator->options, slot, absent, "an option", out, error);
}

ns_code ns_tflite_option_float(const ns_tflite_operator *operator, int slot, float absent, float *out,
                               ns_error *error)
{
    uint32_t bits;
    memcpy(&bits, &absent, sizeof bits);
    NS_TRY(ns_fb_u32(operator->options, slot, bits, "an option", &bits, error));
    memcpy(out, &bits, sizeof bits);
    return NS_OK;
}

ns_code ns_tflite_option_text(const ns_tflite_operator *operator, int slot, ns_bytes *out, ns_error *error)
{
    return ns_fb_get_string(operator->options, slot, "an option", out, error);
}
