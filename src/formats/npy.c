#include "formats/interface.h"

#include <string.h>

#include "base/interface.h"
#include "npuscope/tensor.h"

#define MAGIC "\x93NUMPY"
#define MAGIC_SIZE 6
/* The header of any array in use is under 200 bytes; NumPy itself refuses above 10,000 by default. */
#define HEADER_LIMIT 65536

static const struct {
    char kind;
    int size;
    const char *text;
} types[] = {
#define NS_NPY_TYPE(name, kind, size, text) [NS_NPY_##name] = {kind, size, text},
    NS_NPY_TYPES(NS_NPY_TYPE)
#undef NS_NPY_TYPE
};
enum { TYPE_COUNT = sizeof types / sizeof types[0] };

const char *ns_npy_type_text(ns_npy_type type)
{
    return (unsigned)type < TYPE_COUNT ? types[type].text : "?";
}

bool ns_npy_type_parse(const char *text, ns_npy_type *out)
{
    if (strcmp(text, "bfloat16") == 0 || strcmp(text, "bits16") == 0)
        text = "uint16";
    for (int i = 0; i < TYPE_COUNT; i++)
        if (types[i].size && strcmp(text, types[i].text) == 0) {
            *out = (ns_npy_type)i;
            return true;
        }
    return false;
}

const char *ns_npy_describe(const ns_npy *array, char *text, size_t size)
{
    return ns_shape_describe(array->rank, array->shape, ns_npy_type_text(array->type), text, size);
}

bool ns_npy_probe(ns_bytes bytes)
{
    return bytes.size >= MAGIC_SIZE && memcmp(bytes.data, MAGIC, MAGIC_SIZE) == 0;
}

/* The header is a Python dictionary of three entries. Only that subset is parsed. */
typedef struct header_parser {
    const char *text;
    size_t size;
    size_t at;
    const char *what;
    ns_error *error;
} header_parser;

static ns_code bad_header(header_parser *p, const char *expected)
{
    return ns_fail(p->error, NS_ERROR_INPUT, "%s: the .npy header is malformed at its byte %zu: expected %s",
                   p->what, p->at, expected);
}

static void skip_space(header_parser *p)
{
    while (p->at < p->size && strchr(" \t\r\n", p->text[p->at]) && p->text[p->at])
        p->at++;
}

static bool take(header_parser *p, char c)
{
    skip_space(p);
    if (p->at >= p->size || p->text[p->at] != c)
        return false;
    p->at++;
    return true;
}

static bool take_word(header_parser *p, const char *word)
{
    skip_space(p);
    size_t length = strlen(word);
    if (p->size - p->at < length || memcmp(p->text + p->at, word, length) != 0)
        return false;
    p->at += length;
    return true;
}

/* A quoted string without escapes, at most size - 1 characters. */
static ns_code parse_string(header_parser *p, char *out, size_t size)
{
    skip_space(p);
    char quote = p->at < p->size ? p->text[p->at] : 0;
    if (quote != '\'' && quote != '"')
        return bad_header(p, "a string");
    p->at++;
    size_t length = 0;
    while (p->at < p->size && p->text[p->at] != quote) {
        if (length + 1 == size || p->text[p->at] == '\\')
            return bad_header(p, "a short plain string");
        out[length++] = p->text[p->at++];
    }
    out[length] = 0;
    return take(p, quote) ? NS_OK : bad_header(p, "the end of a string");
}

static ns_code parse_number(header_parser *p, int64_t *out)
{
    skip_space(p);
    size_t start = p->at;
    int64_t value = 0;
    for (; p->at < p->size && p->text[p->at] >= '0' && p->text[p->at] <= '9'; p->at++) {
        if (value > ((int64_t)1 << 48))
            return bad_header(p, "a dim under 2^48");
        value = value * 10 + (p->text[p->at] - '0');
    }
    if (p->at == start)
        return bad_header(p, "a number");
    take(p, 'L'); /* Python 2 wrote long integers so */
    *out = value;
    return NS_OK;
}

static ns_code parse_shape(header_parser *p, ns_npy *array)
{
    if (!take(p, '('))
        return bad_header(p, "'('");
    array->rank = 0;
    while (!take(p, ')')) {
        if (array->rank == NS_MAX_RANK)
            return ns_fail(p->error, NS_ERROR_UNSUPPORTED, "%s: an array of more than %d dims", p->what,
                           NS_MAX_RANK);
        NS_TRY(parse_number(p, &array->shape[array->rank]));
        array->rank++;
        if (take(p, ','))
            continue;
        if (!take(p, ')'))
            return bad_header(p, "',' or ')'");
        break;
    }
    return NS_OK;
}

static ns_code parse_type(header_parser *p, const char *descr, ns_npy *array)
{
    char order = descr[0];
    char kind = order ? descr[1] : 0;
    if (order == 'O' || kind == 'O') {
        array->type = NS_NPY_OBJECT;
        return NS_OK;
    }
    int64_t size = 0;
    header_parser digits = {descr, strlen(descr), 2, p->what, p->error};
    if (!kind || digits.size < 3 || parse_number(&digits, &size) != NS_OK || digits.at != digits.size)
        return ns_fail(p->error, NS_ERROR_UNSUPPORTED, "%s: element type '%s' is not one that npuscope reads",
                       p->what, descr);
    for (int i = 0; i < TYPE_COUNT; i++) {
        if (types[i].kind != kind || (i != NS_NPY_BYTES && types[i].size != size))
            continue;
        if (order == '>' || (order != '<' && size > 1 && i != NS_NPY_BYTES && i != NS_NPY_VOID16))
            return ns_fail(p->error, NS_ERROR_UNSUPPORTED,
                           "%s: element type '%s' is not little-endian; save it with array.astype('<%c%d')",
                           p->what, descr, kind, (int)size);
        array->type = (ns_npy_type)i;
        array->item_size = (size_t)size;
        return NS_OK;
    }
    return ns_fail(p->error, NS_ERROR_UNSUPPORTED, "%s: element type '%s' is not one that npuscope reads",
                   p->what, descr);
}

static ns_code parse_header(header_parser *p, ns_npy *array)
{
    bool fortran = false, seen[3] = {false};
    char key[32], descr[32];
    if (!take(p, '{'))
        return bad_header(p, "'{'");
    while (!take(p, '}')) {
        NS_TRY(parse_string(p, key, sizeof key));
        if (!take(p, ':'))
            return bad_header(p, "':'");
        if (strcmp(key, "descr") == 0) {
            skip_space(p);
            if (p->at < p->size && p->text[p->at] == '[')
                return ns_fail(p->error, NS_ERROR_UNSUPPORTED, "%s: a structured array", p->what);
            NS_TRY(parse_string(p, descr, sizeof descr));
            NS_TRY(parse_type(p, descr, array));
            seen[0] = true;
        } else if (strcmp(key, "fortran_order") == 0) {
            fortran = take_word(p, "True");
            if (!fortran && !take_word(p, "False"))
                return bad_header(p, "True or False");
            seen[1] = true;
        } else if (strcmp(key, "shape") == 0) {
            NS_TRY(parse_shape(p, array));
            seen[2] = true;
        } else {
            return bad_header(p, "'descr', 'fortran_order' or 'shape'");
        }
        if (take(p, ','))
            continue;
        if (!take(p, '}'))
            return bad_header(p, "',' or '}'");
        break;
    }
    skip_space(p);
    if (p->at != p->size || !seen[0] || !seen[1] || !seen[2])
        return bad_header(p, "descr, fortran_order and shape, and nothing else");
    if (fortran && array->rank > 1)
        return ns_fail(p->error, NS_ERROR_UNSUPPORTED,
                       "%s: the array is in Fortran order; save it with numpy.ascontiguousarray", p->what);
    return NS_OK;
}

ns_code ns_npy_read(ns_bytes bytes, const char *what, ns_arena *arena, ns_npy *out, ns_error *error)
{
    if (!ns_npy_probe(bytes) || bytes.size < 10)
        return ns_fail(error, NS_ERROR_INPUT, "%s: not an .npy file (no magic at offset 0)", what);
    int version = bytes.data[6];
    if (version < 1 || version > 3 || bytes.data[7] != 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: .npy version %d.%d", what, version, bytes.data[7]);
    uint32_t length = 0;
    uint16_t short_length = 0;
    size_t start = version == 1 ? 10 : 12;
    if (version == 1) {
        NS_TRY(ns_bytes_u16(bytes, 8, what, &short_length, error));
        length = short_length;
    } else {
        NS_TRY(ns_bytes_u32(bytes, 8, what, &length, error));
    }
    if (length > HEADER_LIMIT || !ns_bytes_contains(bytes, start, length))
        return ns_fail(error, NS_ERROR_INPUT, "%s: the .npy header of %u bytes does not fit the file", what,
                       length);
    ns_npy array = {0};
    header_parser parser = {(const char *)bytes.data + start, length, 0, what, error};
    NS_TRY(parse_header(&parser, &array));
    if (ns_shape_count(array.rank, array.shape, &array.count, error) != NS_OK)
        return ns_add_context(error, "%s", what);
    size_t offset = start + length;
    if (array.type != NS_NPY_OBJECT) {
        size_t have = bytes.size - offset;
        /* count <= 2^40 and item_size < 2^49 may overflow in the product; the quotient does not. */
        if (array.item_size && array.count > have / array.item_size)
            return ns_fail(error, NS_ERROR_INPUT, "%s: %zu elements of %zu bytes do not fit the file's %zu",
                           what, array.count, array.item_size, have);
        if (array.count * array.item_size != have)
            return ns_fail(error, NS_ERROR_INPUT, "%s: %zu bytes follow the array's last element", what,
                           have - array.count * array.item_size);
        array.data = ns_arena_copy(arena, bytes.data + offset, have);
        if (!array.data)
            return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for %zu bytes", what, have);
    } else {
        array.pickled =
            (ns_bytes){ns_arena_copy(arena, bytes.data + offset, bytes.size - offset), bytes.size - offset};
        if (!array.pickled.data)
            return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its objects", what);
    }
    *out = array;
    return NS_OK;
}

ns_code ns_npy_write(const ns_npy *array, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    if (array->type == NS_NPY_OBJECT || !array->data)
        return ns_fail(error, NS_ERROR_INTERNAL, "an .npy file of an array without plain data");
    ns_buffer header = {.arena = arena};
    bool single = array->item_size == 1 || array->type == NS_NPY_BYTES;
    ns_buffer_format(&header, "{'descr': '%c%c%zu', 'fortran_order': False, 'shape': (", single ? '|' : '<',
                     types[array->type].kind, array->item_size);
    for (int i = 0; i < array->rank; i++)
        ns_buffer_format(&header,
                         i + 1 < array->rank ? "%lld, "
                         : array->rank == 1  ? "%lld,"
                                             : "%lld",
                         (long long)array->shape[i]);
    ns_buffer_format(&header, "), }");
    /* Spaces and a newline, so that the data start at a multiple of 64 as NumPy has them. */
    while ((MAGIC_SIZE + 4 + header.size + 1) % 64 != 0 && !header.failed)
        ns_buffer_append(&header, " ", 1);
    ns_buffer_append(&header, "\n", 1);

    ns_buffer file = {.arena = arena};
    uint8_t prefix[MAGIC_SIZE + 4] = MAGIC "\x01";
    ns_store_u16(prefix + MAGIC_SIZE + 2, (uint16_t)header.size);
    ns_buffer_append(&file, prefix, sizeof prefix);
    ns_buffer_append(&file, header.data, header.size);
    ns_buffer_append(&file, array->data, array->count * array->item_size);
    if (header.failed || file.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for an .npy file of %zu elements", array->count);
    *out = (ns_bytes){file.data, file.size};
    return NS_OK;
}

ns_code ns_npy_load(const char *path, ns_arena *arena, ns_npy *out, ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_file_read(path, arena, &bytes, error));
    return ns_npy_read(bytes, path, arena, out, error);
}

ns_code ns_npy_save(const ns_npy *array, const char *path, ns_arena *arena, ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_npy_write(array, arena, &bytes, error));
    return ns_file_write(path, bytes, error);
}

bool ns_npy_type_of(ns_dtype dtype, ns_npy_type *type)
{
    switch (dtype) {
    case NS_DTYPE_BOOL:
        *type = NS_NPY_BOOL;
        return true;
    case NS_DTYPE_INT4:
    case NS_DTYPE_INT8:
        *type = NS_NPY_INT8;
        return true;
    case NS_DTYPE_INT16:
        *type = NS_NPY_INT16;
        return true;
    case NS_DTYPE_INT32:
        *type = NS_NPY_INT32;
        return true;
    case NS_DTYPE_INT48:
    case NS_DTYPE_INT64:
    case NS_DTYPE_SHAPE:
        *type = NS_NPY_INT64;
        return true;
    case NS_DTYPE_FP16:
        *type = NS_NPY_FLOAT16;
        return true;
    case NS_DTYPE_FP32:
        *type = NS_NPY_FLOAT32;
        return true;
    case NS_DTYPE_BF16:
        *type = NS_NPY_VOID16;
        return true;
    case NS_DTYPE_FP8E4M3:
    case NS_DTYPE_FP8UE8M0:
        *type = NS_NPY_VOID8;
        return true;
    case NS_DTYPE_FP8E5M2:
    case NS_DTYPE_FP6E2M3:
    case NS_DTYPE_FP6E3M2:
    case NS_DTYPE_FP4E2M1:
    case NS_DTYPE_MXINT8:
        *type = NS_NPY_UINT8;
        return true;
    default:
        return false;
    }
}

ns_code ns_npy_to_tensor(const ns_npy *array, ns_dtype dtype, ns_tensor *out, ns_error *error)
{
    ns_npy_type wanted;
    if (!ns_npy_type_of(dtype, &wanted))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "tensors of type %s in .npy files", ns_dtype_text(dtype));
    bool same_bits = (dtype == NS_DTYPE_INT8 && array->type == NS_NPY_UINT8) ||
                     (dtype == NS_DTYPE_INT16 && array->type == NS_NPY_UINT16) ||
                     (dtype == NS_DTYPE_BF16 && array->type == NS_NPY_UINT16) ||
                     ((wanted == NS_NPY_VOID8 || wanted == NS_NPY_UINT8) &&
                      (array->type == NS_NPY_VOID8 || array->type == NS_NPY_UINT8));
    if (array->type != wanted && !same_bits)
        return ns_fail(error, NS_ERROR_INPUT, "expected elements of type %s, not %s",
                       ns_npy_type_text(wanted), ns_npy_type_text(array->type));
    ns_tensor tensor = {.dtype = dtype, .rank = array->rank, .data = array->data};
    memcpy(tensor.shape, array->shape, sizeof tensor.shape);
    int64_t low = ns_dtype_min(dtype), high = ns_dtype_max(dtype);
    if (dtype == NS_DTYPE_BOOL)
        high = 1;
    if (dtype == NS_DTYPE_INT4 || dtype == NS_DTYPE_INT48 || dtype == NS_DTYPE_BOOL)
        for (size_t i = 0; i < array->count; i++) {
            int64_t value = ns_tensor_get(&tensor, i);
            if (value < low || value > high)
                return ns_fail(error, NS_ERROR_INPUT, "element %zu is %lld, outside %s's range", i,
                               (long long)value, ns_dtype_text(dtype));
        }
    *out = tensor;
    return NS_OK;
}

ns_code ns_npy_from_tensor(const ns_tensor *tensor, ns_npy *out, ns_error *error)
{
    ns_npy array = {.rank = tensor->rank, .count = ns_tensor_count(tensor), .data = tensor->data};
    if (!ns_npy_type_of(tensor->dtype, &array.type))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "tensors of type %s in .npy files",
                       ns_dtype_text(tensor->dtype));
    array.item_size = (size_t)ns_dtype_bytes(tensor->dtype);
    memcpy(array.shape, tensor->shape, sizeof array.shape);
    *out = array;
    return NS_OK;
}
