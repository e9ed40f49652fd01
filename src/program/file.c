#include "program/internal.h"

/* Slots of table Program. */
enum {
    PROGRAM_CONSTANT_BUFFER = 2,
    PROGRAM_SEGMENTS = 4,
    PROGRAM_CONSTANT_SEGMENT = 5,
    PROGRAM_MUTABLE_SEGMENTS = 6,
    PROGRAM_NAMED_DATA = 7,
};

/* The extended header stands behind the root offset and the file identifier: magic, length, size of the
 * FlatBuffer (itself included), base of the segments, size of the segments. */
enum { HEADER_OFFSET = 8, HEADER_LEAST = 24 };

/* Bytes that may be copied out of the file: some for every file, and a multiple of its size. */
#define COPIED_LEAST ((uint64_t)16 << 20)
#define COPIED_FACTOR 4

ns_code ns_program_file_open(ns_program_file *file, ns_bytes bytes, ns_error *error)
{
    *file = (ns_program_file){.bytes = bytes};
    ns_bytes flatbuffer = bytes;
    if (ns_bytes_contains(bytes, HEADER_OFFSET, 4) && memcmp(bytes.data + HEADER_OFFSET, "eh00", 4) == 0) {
        uint32_t length = 0;
        uint64_t program_size = 0, base = 0;
        NS_TRY(ns_bytes_u32(bytes, HEADER_OFFSET + 4, "extended header", &length, error));
        if (length < HEADER_LEAST)
            return ns_fail(error, NS_ERROR_INPUT, "extended header of %u bytes, expected at least %d", length,
                           HEADER_LEAST);
        NS_TRY(ns_bytes_u64(bytes, HEADER_OFFSET + 8, "extended header", &program_size, error));
        NS_TRY(ns_bytes_u64(bytes, HEADER_OFFSET + 16, "extended header", &base, error));
        if (program_size > bytes.size || base > bytes.size)
            return ns_fail(
                error, NS_ERROR_INPUT,
                "the file is cut: %zu bytes, but its header promises %llu of program and segments from %llu",
                bytes.size, (unsigned long long)program_size, (unsigned long long)base);
        flatbuffer.size = (size_t)program_size;
        file->segment_base = base;
        file->has_segments = base != 0;
    }
    NS_TRY(ns_fb_open(&file->reader, flatbuffer, "ET12", &file->root, error));
    NS_TRY(ns_fb_get_vector(file->root, PROGRAM_SEGMENTS, 4, "segments", &file->segments, error));
    return ns_fb_get_vector(file->root, PROGRAM_NAMED_DATA, 4, "named data", &file->named_data, error);
}

ns_code ns_program_file_spend(ns_program_file *file, uint64_t bytes, ns_error *error)
{
    const uint64_t limit = COPIED_LEAST + COPIED_FACTOR * (uint64_t)file->bytes.size;
    if (bytes > limit - file->copied)
        return ns_fail(
            error, NS_ERROR_INPUT,
            "constants and delegates refer to the same bytes of the file too often: over %llu bytes",
            (unsigned long long)limit);
    file->copied += bytes;
    return NS_OK;
}

ns_code ns_program_file_segment(ns_program_file *file, uint32_t index, const char *what, ns_bytes *out,
                                ns_error *error)
{
    if (!file->has_segments || index >= file->segments.count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: segment %u of %u does not exist", what, index,
                       file->segments.count);
    ns_fb_table segment;
    uint64_t offset = 0, size = 0;
    NS_TRY(ns_fb_element_table(file->segments, index, "segment", &segment, error));
    NS_TRY(ns_fb_u64(segment, 0, 0, "segment offset", &offset, error));
    NS_TRY(ns_fb_u64(segment, 1, 0, "segment size", &size, error));
    if (offset > file->bytes.size - file->segment_base ||
        size > file->bytes.size - file->segment_base - offset)
        return ns_fail(
            error, NS_ERROR_INPUT,
            "%s: segment %u (%llu bytes at %llu after the base %llu) reaches past the file's %zu bytes", what,
            index, (unsigned long long)size, (unsigned long long)offset,
            (unsigned long long)file->segment_base, file->bytes.size);
    *out = (ns_bytes){file->bytes.data + file->segment_base + offset, (size_t)size};
    return NS_OK;
}

ns_code ns_program_file_named(ns_program_file *file, ns_bytes key, ns_bytes *out, ns_error *error)
{
    for (uint32_t i = 0; i < file->named_data.count; i++) {
        ns_fb_table entry;
        ns_bytes name;
        uint32_t segment = 0;
        NS_TRY(ns_fb_element_table(file->named_data, i, "named datum", &entry, error));
        NS_TRY(ns_fb_get_string(entry, 0, "key of a named datum", &name, error));
        if (name.size != key.size || !name.data || memcmp(name.data, key.data, key.size) != 0)
            continue;
        NS_TRY(ns_fb_u32(entry, 1, 0, "segment of a named datum", &segment, error));
        return ns_program_file_segment(file, segment, "named datum", out, error);
    }
    return ns_fail(error, NS_ERROR_INPUT,
                   "the file has no named datum '%.*s' (data in a separate file are not read)",
                   (int)(key.size < 64 ? key.size : 64), (const char *)key.data);
}

/* The bytes that a SubsegmentOffsets table gives for `index`: they begin at its offset in its segment. */
static ns_code subsegment(ns_program_file *file, ns_fb_table offsets, uint32_t index, size_t size,
                          const char *what, ns_bytes *out, ns_error *error)
{
    uint32_t segment = 0;
    ns_fb_vector list;
    ns_bytes bytes;
    NS_TRY(ns_fb_u32(offsets, 0, 0, what, &segment, error));
    NS_TRY(ns_fb_get_vector(offsets, 1, 8, what, &list, error));
    if (index >= list.count)
        return ns_fail(error, NS_ERROR_INPUT, "%s %u of %u does not exist", what, index, list.count);
    uint64_t offset = ns_load_u64(list.reader->bytes.data + list.position + (size_t)index * 8);
    NS_TRY(ns_program_file_segment(file, segment, what, &bytes, error));
    if (offset > bytes.size)
        return ns_fail(error, NS_ERROR_INPUT, "%s %u begins at %llu of a segment of %zu bytes", what, index,
                       (unsigned long long)offset, bytes.size);
    return ns_bytes_slice(bytes, (size_t)offset, size, what, out, error);
}

ns_code ns_program_file_constant(ns_program_file *file, uint32_t index, size_t size, ns_bytes *out,
                                 ns_error *error)
{
    ns_fb_table segment;
    ns_fb_vector buffers;
    *out = (ns_bytes){(const uint8_t *)"", 0};
    if (size == 0) /* a file all of whose constants are empty has no segment for them */
        return NS_OK;
    NS_TRY(ns_fb_get_table(file->root, PROGRAM_CONSTANT_SEGMENT, "constant segment", &segment, error));
    if (segment.reader)
        return subsegment(file, segment, index, size, "constant", out, error);
    NS_TRY(ns_fb_get_vector(file->root, PROGRAM_CONSTANT_BUFFER, 4, "constants", &buffers, error));
    if (index >= buffers.count)
        return ns_fail(error, NS_ERROR_INPUT, "constant %u of %u does not exist", index, buffers.count);
    ns_fb_table buffer;
    ns_bytes bytes;
    NS_TRY(ns_fb_element_table(buffers, index, "constant", &buffer, error));
    NS_TRY(ns_fb_get_bytes(buffer, 0, "constant", &bytes, error));
    return ns_bytes_slice(bytes, 0, size, "constant", out, error);
}

ns_code ns_program_file_mutable(ns_program_file *file, uint32_t list, uint32_t index, size_t size,
                                ns_bytes *out, ns_error *error)
{
    ns_fb_vector lists;
    ns_fb_table offsets;
    NS_TRY(ns_fb_get_vector(file->root, PROGRAM_MUTABLE_SEGMENTS, 4, "mutable data", &lists, error));
    if (list >= lists.count)
        return ns_fail(error, NS_ERROR_INPUT, "mutable data list %u of %u does not exist", list, lists.count);
    NS_TRY(ns_fb_element_table(lists, list, "mutable data", &offsets, error));
    return subsegment(file, offsets, index, size, "initial state", out, error);
}
