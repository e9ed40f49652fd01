#include "formats/flatbuffer.h"

#include <string.h>

#include "base/interface.h"

/* ---- reading ---- */

/* What opening one object costs beside its bytes: about what a reader keeps in memory for it. */
#define OBJECT_COST 32
/* A plain file costs at most OBJECT_COST per 4 bytes of it; strings that many operators share cost more,
 * once for each reference of 4 bytes. */
#define BUDGET_PER_BYTE 64
#define BUDGET_BASE ((uint64_t)1 << 16)

ns_code ns_fb_charge(ns_fb_reader *reader, size_t size, const char *what, ns_error *error)
{
    const uint64_t cost = (uint64_t)size + OBJECT_COST;
    if (cost > reader->budget)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s: the file refers to the same bytes too often (more than %d times its size)", what,
                       BUDGET_PER_BYTE);
    reader->budget -= cost;
    return NS_OK;
}

/* Follows the offset at `place`, whose 4 bytes are known to lie inside the file. */
static ns_code follow(ns_fb_reader *reader, size_t place, const char *what, size_t *target, ns_error *error)
{
    const uint32_t offset = ns_load_u32(reader->bytes.data + place);
    if (offset < 4 || !ns_bytes_contains(reader->bytes, place, (size_t)offset + 4))
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s: the offset %u at byte %zu leads out of the file (%zu bytes)", what, offset, place,
                       reader->bytes.size);
    *target = place + offset;
    return NS_OK;
}

static ns_code open_table(ns_fb_reader *reader, size_t position, const char *what, ns_fb_table *out,
                          ns_error *error)
{
    const ns_bytes bytes = reader->bytes;
    const int64_t vtable = (int64_t)position - (int32_t)ns_load_u32(bytes.data + position);
    if (vtable < 0 || !ns_bytes_contains(bytes, (size_t)vtable, 4))
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s: the table at byte %zu has its vtable at %lld, outside the file", what, position,
                       (long long)vtable);
    const uint16_t vtable_size = ns_load_u16(bytes.data + vtable);
    const uint16_t size = ns_load_u16(bytes.data + vtable + 2);
    if (vtable_size < 4 || vtable_size % 2 || !ns_bytes_contains(bytes, (size_t)vtable, vtable_size))
        return ns_fail(error, NS_ERROR_INPUT, "%s: the vtable at byte %lld has a bad size (%u)", what,
                       (long long)vtable, vtable_size);
    if (size < 4 || !ns_bytes_contains(bytes, position, size))
        return ns_fail(error, NS_ERROR_INPUT, "%s: the table at byte %zu has a bad size (%u)", what, position,
                       size);
    NS_TRY(ns_fb_charge(reader, size, what, error));
    *out = (ns_fb_table){reader, position, (size_t)vtable, vtable_size, size};
    return NS_OK;
}

ns_code ns_fb_open(ns_fb_reader *reader, ns_bytes bytes, const char *identifier, ns_fb_table *root,
                   ns_error *error)
{
    if (bytes.size < 8)
        return ns_fail(error, NS_ERROR_INPUT, "%zu bytes are too few for a FlatBuffer%s", bytes.size,
                       ns_file_foreign(bytes));
    if (memcmp(bytes.data + 4, identifier, 4) != 0)
        return ns_fail(error, NS_ERROR_INPUT, "the file identifier at byte 4 is not \"%s\"%s", identifier,
                       strcmp(identifier, "TOSA") == 0 ? ns_file_not_graph(bytes) : ns_file_foreign(bytes));
    *reader = (ns_fb_reader){bytes, BUDGET_BASE + (uint64_t)bytes.size * BUDGET_PER_BYTE};
    size_t position = 0;
    NS_TRY(follow(reader, 0, "root table", &position, error));
    return open_table(reader, position, "root table", root, error);
}

/* Where field `slot` of `size` bytes stands; 0 where it is absent. */
static ns_code find_field(ns_fb_table table, int slot, size_t size, const char *what, size_t *position,
                          ns_error *error)
{
    *position = 0;
    const size_t entry = 4 + 2 * (size_t)slot;
    if (!table.reader || entry + 2 > table.vtable_size)
        return NS_OK;
    const uint16_t offset = ns_load_u16(table.reader->bytes.data + table.vtable + entry);
    if (!offset)
        return NS_OK;
    /* The bound is the file's, not the table's size in the vtable: the Python writer shares vtables between
     * tables whose fields stand at the same offsets and differ in width, so that size may be too small
     * (flatbuffers 25.2, Builder.WriteVtable; .pte files of ExecuTorch 1.5.0 have such tables). */
    if (offset < 4 || !ns_bytes_contains(table.reader->bytes, table.position + offset, size))
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s: field at offset %u of the table at byte %zu leads out of the file", what, offset,
                       table.position);
    *position = table.position + offset;
    return NS_OK;
}

#define SCALAR_FIELD(name, type, load)                                                                   \
    ns_code name(ns_fb_table table, int slot, type absent, const char *what, type *out, ns_error *error) \
    {                                                                                                    \
        size_t position = 0;                                                                             \
        NS_TRY(find_field(table, slot, sizeof(type), what, &position, error));                           \
        *out = position ? (type)load(table.reader->bytes.data + position) : absent;                      \
        return NS_OK;                                                                                    \
    }

SCALAR_FIELD(ns_fb_u8, uint8_t, *)
SCALAR_FIELD(ns_fb_bool, bool, *)
SCALAR_FIELD(ns_fb_u32, uint32_t, ns_load_u32)
SCALAR_FIELD(ns_fb_i32, int32_t, ns_load_u32)
SCALAR_FIELD(ns_fb_u64, uint64_t, ns_load_u64)

ns_code ns_fb_get_table(ns_fb_table table, int slot, const char *what, ns_fb_table *out, ns_error *error)
{
    *out = (ns_fb_table){0};
    size_t place = 0, position = 0;
    NS_TRY(find_field(table, slot, 4, what, &place, error));
    if (!place)
        return NS_OK;
    NS_TRY(follow(table.reader, place, what, &position, error));
    return open_table(table.reader, position, what, out, error);
}

static ns_code open_vector(ns_fb_reader *reader, size_t position, size_t element_size, const char *what,
                           ns_fb_vector *out, ns_error *error)
{
    const uint32_t count = ns_load_u32(reader->bytes.data + position);
    if (!ns_bytes_contains(reader->bytes, position + 4, (size_t)count * element_size))
        return ns_fail(error, NS_ERROR_INPUT, "%s: %u elements at byte %zu reach past the end (%zu bytes)",
                       what, count, position, reader->bytes.size);
    NS_TRY(ns_fb_charge(reader, (size_t)count * element_size, what, error));
    *out = (ns_fb_vector){reader, position + 4, count, true};
    return NS_OK;
}

ns_code ns_fb_get_vector(ns_fb_table table, int slot, size_t element_size, const char *what,
                         ns_fb_vector *out, ns_error *error)
{
    *out = (ns_fb_vector){0};
    size_t place = 0, position = 0;
    NS_TRY(find_field(table, slot, 4, what, &place, error));
    if (!place)
        return NS_OK;
    NS_TRY(follow(table.reader, place, what, &position, error));
    return open_vector(table.reader, position, element_size, what, out, error);
}

ns_code ns_fb_get_bytes(ns_fb_table table, int slot, const char *what, ns_bytes *out, ns_error *error)
{
    ns_fb_vector vector = {0};
    NS_TRY(ns_fb_get_vector(table, slot, 1, what, &vector, error));
    *out = vector.present ? (ns_bytes){vector.reader->bytes.data + vector.position, vector.count}
                          : (ns_bytes){0};
    return NS_OK;
}

static ns_code open_string(ns_fb_reader *reader, size_t position, const char *what, ns_bytes *out,
                           ns_error *error)
{
    ns_fb_vector vector = {0};
    NS_TRY(open_vector(reader, position, 1, what, &vector, error));
    const uint8_t *data = reader->bytes.data + vector.position;
    if (!ns_bytes_contains(reader->bytes, vector.position, (size_t)vector.count + 1) || data[vector.count])
        return ns_fail(error, NS_ERROR_INPUT, "%s: the string at byte %zu has no final NUL", what, position);
    if (memchr(data, 0, vector.count))
        return ns_fail(error, NS_ERROR_INPUT, "%s: the string at byte %zu has a NUL inside", what, position);
    *out = (ns_bytes){data, vector.count};
    return NS_OK;
}

ns_code ns_fb_get_string(ns_fb_table table, int slot, const char *what, ns_bytes *out, ns_error *error)
{
    *out = (ns_bytes){0};
    size_t place = 0, position = 0;
    NS_TRY(find_field(table, slot, 4, what, &place, error));
    if (!place)
        return NS_OK;
    NS_TRY(follow(table.reader, place, what, &position, error));
    return open_string(table.reader, position, what, out, error);
}

ns_code ns_fb_element_table(ns_fb_vector vector, uint32_t index, const char *what, ns_fb_table *out,
                            ns_error *error)
{
    size_t position = 0;
    NS_TRY(follow(vector.reader, vector.position + (size_t)index * 4, what, &position, error));
    return open_table(vector.reader, position, what, out, error);
}

ns_code ns_fb_element_string(ns_fb_vector vector, uint32_t index, const char *what, ns_bytes *out,
                             ns_error *error)
{
    size_t position = 0;
    NS_TRY(follow(vector.reader, vector.position + (size_t)index * 4, what, &position, error));
    return open_string(vector.reader, position, what, out, error);
}

/* ---- writing ---- */

/* Appends zeros until the size is `remainder` modulo `alignment` (at most 8). */
static void pad(ns_buffer *buffer, size_t alignment, size_t remainder)
{
    static const uint8_t zeros[8];
    ns_buffer_append(buffer, zeros, (alignment + remainder - buffer->size % alignment) % alignment);
}

void ns_fb_begin(ns_fb_writer *writer, ns_arena *arena, const char *identifier, size_t *root)
{
    *writer = (ns_fb_writer){.buffer = {.arena = arena}};
    const uint8_t empty[4] = {0};
    *root = 0;
    ns_buffer_append(&writer->buffer, empty, sizeof empty);
    ns_buffer_append(&writer->buffer, identifier, 4);
}

/* The position of a vtable with these bytes: an earlier one, or a new one. */
static size_t put_vtable(ns_fb_writer *writer, const uint8_t *bytes, size_t size)
{
    ns_buffer *buffer = &writer->buffer;
    for (int i = 0; i < writer->vtable_count && !buffer->failed; i++)
        if (ns_load_u16(buffer->data + writer->vtables[i]) == size &&
            !memcmp(buffer->data + writer->vtables[i], bytes, size))
            return writer->vtables[i];
    pad(buffer, 2, 0);
    const size_t position = buffer->size;
    ns_buffer_append(buffer, bytes, size);
    if (writer->vtable_count < NS_FB_MAX_VTABLES)
        writer->vtables[writer->vtable_count++] = (uint32_t)position;
    return position;
}

size_t ns_fb_put_table(ns_fb_writer *writer, int count, ns_fb_field *fields)
{
    /* Wide fields first, so that each stands at a multiple of its size when the first does. */
    uint8_t vtable[4 + 2 * NS_FB_MAX_FIELDS] = {0};
    size_t vtable_size = 4, size = 4;
    bool wide = false;
    for (int width = 8; width; width /= 2) {
        for (int i = 0; i < count; i++) {
            if (fields[i].size != width)
                continue;
            wide = wide || width == 8;
            const size_t entry = 4 + 2 * (size_t)fields[i].slot;
            ns_store_u16(vtable + entry, (uint16_t)size);
            if (entry + 2 > vtable_size)
                vtable_size = entry + 2;
            fields[i].position = size;
            size += (size_t)width;
        }
    }
    ns_store_u16(vtable, (uint16_t)vtable_size);
    ns_store_u16(vtable + 2, (uint16_t)size);
    const size_t vtable_position = put_vtable(writer, vtable, vtable_size);
    ns_buffer *buffer = &writer->buffer;
    /* The fields begin 4 bytes in: a table with 8-byte fields stands at 4 modulo 8. */
    pad(buffer, wide ? 8 : 4, wide ? 4 : 0);
    const size_t position = buffer->size;
    uint8_t body[4 + 8 * NS_FB_MAX_FIELDS] = {0};
    ns_store_u32(body, (uint32_t)(position - vtable_position));
    for (int i = 0; i < count; i++) {
        uint8_t value[8];
        ns_store_u64(value, fields[i].value);
        memcpy(body + fields[i].position, value, (size_t)fields[i].size);
        fields[i].position += position;
    }
    ns_buffer_append(buffer, body, size);
    return position;
}

size_t ns_fb_put_vector(ns_fb_writer *writer, size_t count, size_t element_size, const void *data,
                        size_t alignment)
{
    ns_buffer *buffer = &writer->buffer;
    /* The count stands in the 4 bytes before the elements. */
    pad(buffer, alignment, alignment - 4);
    const size_t position = buffer->size;
    uint8_t head[4];
    ns_store_u32(head, (uint32_t)count);
    if (count > INT32_MAX)
        buffer->failed = true;
    ns_buffer_append(buffer, head, sizeof head);
    if (data) {
        ns_buffer_append(buffer, data, count * element_size);
    } else {
        static const uint8_t zeros[8];
        for (size_t i = 0; i < count; i++)
            ns_buffer_append(buffer, zeros, element_size);
    }
    return position;
}

size_t ns_fb_put_string(ns_fb_writer *writer, const char *text)
{
    const size_t position = ns_fb_put_vector(writer, strlen(text), 1, text, 4);
    ns_buffer_append(&writer->buffer, "", 1);
    return position;
}

void ns_fb_link(ns_fb_writer *writer, size_t place, size_t target)
{
    if (!writer->buffer.failed)
        ns_store_u32(writer->buffer.data + place, (uint32_t)(target - place));
}

ns_code ns_fb_finish(ns_fb_writer *writer, const void **data, size_t *size, ns_error *error)
{
    pad(&writer->buffer, 8, 0);
    if (writer->buffer.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the FlatBuffer");
    if (writer->buffer.size > INT32_MAX)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "a FlatBuffer of %zu bytes: the format ends at 2^31 - 1",
                       writer->buffer.size);
    *data = writer->buffer.data;
    *size = writer->buffer.size;
    return NS_OK;
}
