/* zip (APPNOTE.TXT 6.3): the end record tells where the central directory is, whose records tell where the
 * members are. Of the local headers only the length is read. */
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "formats/interface.h"

/* Deflate codes at most 258 bytes with two bits (RFC 1951: a length and a distance code of one bit each):
 * 1032 bytes from one, plus what a last partial byte may hold. A member that claims more is lying. */
#define DEFLATE_RATIO 1032

enum { END_SIZE = 22, RECORD_SIZE = 46, LOCAL_SIZE = 30, COMMENT_MOST = 65535 };
enum { STORED = 0, DEFLATED = 8 };
enum { FLAG_ENCRYPTED = 1 };
enum { ZIP64 = 1 }; /* the extra field that holds what 32 bits cannot */

typedef struct record {
    const char *name;
    int flags, method;
    uint32_t checksum;
    uint64_t packed, size, local; /* bytes in the file, unpacked; where its local header lies */
} record;

typedef struct archive {
    ns_bytes bytes;
    const char *what; /* names it in messages */
    ns_arena *arena;
    int count;
    uint64_t directory, at; /* where the central directory begins, and the record to be read */
} archive;

bool ns_zip_probe(ns_bytes bytes)
{
    return bytes.size >= 4 &&
           (memcmp(bytes.data, "PK\x03\x04", 4) == 0 || memcmp(bytes.data, "PK\x05\x06", 4) == 0);
}

static bool has_signature(ns_bytes bytes, uint64_t at, uint64_t size, const char *signature)
{
    return ns_bytes_contains(bytes, at, size) && memcmp(bytes.data + at, signature, 4) == 0;
}

/* The end record is the last thing in the file, but for a comment. */
static ns_code find_directory(archive *a, const char *kind, ns_error *error)
{
    const uint64_t size = a->bytes.size;
    for (uint64_t comment = 0; comment <= COMMENT_MOST && comment + END_SIZE <= size; comment++) {
        const uint64_t at = size - END_SIZE - comment;
        const uint8_t *end = a->bytes.data + at;
        if (!has_signature(a->bytes, at, END_SIZE, "PK\x05\x06") || ns_load_u16(end + 20) != comment)
            continue;
        a->count = ns_load_u16(end + 10);
        a->directory = a->at = ns_load_u32(end + 16);
        if (ns_load_u16(end + 8) != a->count || a->directory > at ||
            ns_load_u32(end + 12) != at - a->directory)
            break;
        return NS_OK;
    }
    return ns_fail(error, NS_ERROR_INPUT, "%s: not %s (no end of a zip archive that fits the file)", a->what,
                   kind);
}

/* Values that are all ones stand in the ZIP64 field, in this order. */
static bool read_zip64(ns_bytes extra, record *r)
{
    uint64_t *const wide[] = {&r->size, &r->packed, &r->local};
    for (size_t at = 0; at + 4 <= extra.size;) {
        const size_t size = ns_load_u16(extra.data + at + 2);
        const uint8_t *field = extra.data + at + 4;
        if (size > extra.size - at - 4)
            return false;
        size_t used = 0;
        for (int k = 0; ns_load_u16(extra.data + at) == ZIP64 && k < 3; k++) {
            if (*wide[k] != UINT32_MAX)
                continue;
            if (used + 8 > size)
                return false;
            *wide[k] = ns_load_u64(field + used);
            used += 8;
        }
        at += 4 + size;
    }
    return true;
}

static ns_code read_record(archive *a, record *r, ns_error *error)
{
    const uint8_t *data = a->bytes.data + a->at;
    if (!has_signature(a->bytes, a->at, RECORD_SIZE, "PK\x01\x02"))
        return ns_fail(error, NS_ERROR_INPUT, "%s: damaged: no record of a member at %llu", a->what,
                       (unsigned long long)a->at);
    const size_t name = ns_load_u16(data + 28), extra = ns_load_u16(data + 30),
                 comment = ns_load_u16(data + 32);
    if (!ns_bytes_contains(a->bytes, a->at + RECORD_SIZE, name + extra + comment))
        return ns_fail(error, NS_ERROR_INPUT, "%s: damaged: the record at %llu leaves the file", a->what,
                       (unsigned long long)a->at);
    *r = (record){.flags = ns_load_u16(data + 8),
                  .method = ns_load_u16(data + 10),
                  .checksum = ns_load_u32(data + 16),
                  .packed = ns_load_u32(data + 20),
                  .size = ns_load_u32(data + 24),
                  .local = ns_load_u32(data + 42)};
    char *text = ns_arena_alloc(a->arena, name + 1, 1);
    if (!text)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", a->what);
    memcpy(text, data + RECORD_SIZE, name);
    r->name = text;
    a->at += RECORD_SIZE + name + extra + comment;
    return read_zip64((ns_bytes){data + RECORD_SIZE + name, extra}, r)
               ? NS_OK
               : ns_fail(error, NS_ERROR_INPUT, "%s: member '%s' has a damaged record", a->what, r->name);
}

static ns_code check_record(const archive *a, const record *r, uint64_t total, ns_error *error)
{
    if ((r->method != STORED && r->method != DEFLATED) || r->flags & FLAG_ENCRYPTED)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: member '%s' is neither stored nor deflated", a->what,
                       r->name);
    if (r->packed > NS_ZIP_LIMIT || r->size > (r->packed + 1) * DEFLATE_RATIO)
        return ns_fail(error, NS_ERROR_INPUT, "%s: member '%s' claims %llu bytes from %llu", a->what, r->name,
                       (unsigned long long)r->size, (unsigned long long)r->packed);
    if (r->size > NS_ZIP_LIMIT - total)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: expands to more than %llu bytes", a->what,
                       (unsigned long long)NS_ZIP_LIMIT);
    return NS_OK;
}

/* The member's bytes in the file. */
static ns_code find_data(const archive *a, const record *r, ns_bytes *out, ns_error *error)
{
    if (has_signature(a->bytes, r->local, LOCAL_SIZE, "PK\x03\x04")) {
        const uint8_t *local = a->bytes.data + r->local;
        const uint64_t at = r->local + LOCAL_SIZE + ns_load_u16(local + 26) + ns_load_u16(local + 28);
        if (at <= a->directory && r->packed <= a->directory - at) {
            *out = (ns_bytes){a->bytes.data + at, r->packed};
            return NS_OK;
        }
    }
    return ns_fail(error, NS_ERROR_INPUT, "%s: member '%s' is damaged (it is not where its record says)",
                   a->what, r->name);
}

/* Both sizes are at most NS_ZIP_LIMIT, below what zlib counts with. */
static ns_code inflate_all(const archive *a, const record *r, ns_bytes packed, uint8_t *data, ns_error *error)
{
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)packed.data,
                       .avail_in = (uInt)packed.size,
                       .next_out = data,
                       .avail_out = (uInt)r->size};
    uint8_t none; /* zlib wants a place even for no bytes */
    if (!r->size)
        stream.next_out = &none;
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: member '%s': no memory to read it", a->what, r->name);
    const int result = inflate(&stream, Z_FINISH);
    const bool whole = result == Z_STREAM_END && !stream.avail_out && !stream.avail_in;
    inflateEnd(&stream);
    if (result == Z_MEM_ERROR)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: member '%s': no memory to read it", a->what, r->name);
    return whole ? NS_OK
                 : ns_fail(error, NS_ERROR_INPUT, "%s: member '%s' is damaged (its packed bytes)", a->what,
                           r->name);
}

static ns_code read_member(archive *a, uint64_t *total, ns_zip_member *member, ns_error *error)
{
    record r;
    ns_bytes packed;
    NS_TRY(read_record(a, &r, error));
    NS_TRY(check_record(a, &r, *total, error));
    NS_TRY(find_data(a, &r, &packed, error));
    *total += r.size;
    uint8_t *data = ns_arena_alloc(a->arena, r.size, 1);
    if (!data)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for member '%s'", a->what, r.name);
    if (r.method == DEFLATED)
        NS_TRY(inflate_all(a, &r, packed, data, error));
    else if (r.packed == r.size)
        memcpy(data, packed.data, r.size);
    if ((r.method == STORED && r.packed != r.size) || crc32(0, data, (uInt)r.size) != r.checksum)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s: member '%s' is damaged (its size or its checksum is wrong)", a->what, r.name);
    *member = (ns_zip_member){r.name, {data, r.size}};
    return NS_OK;
}

ns_code ns_zip_read(ns_bytes bytes, const char *what, const char *kind, ns_arena *arena, ns_zip *out,
                    ns_error *error)
{
    archive a = {.bytes = bytes, .what = what, .arena = arena};
    uint64_t total = 0;
    if (!ns_zip_probe(bytes))
        return ns_fail(error, NS_ERROR_INPUT, "%s: not %s (no zip signature at offset 0)", what, kind);
    NS_TRY(find_directory(&a, kind, error));
    ns_zip zip = {a.count, NS_ARENA_ARRAY(arena, (size_t)a.count, ns_zip_member)};
    if (!zip.members)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its members", what);
    for (int i = 0; i < zip.count; i++)
        NS_TRY(read_member(&a, &total, &zip.members[i], error));
    *out = zip;
    return NS_OK;
}
