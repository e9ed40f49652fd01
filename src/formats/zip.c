#include "formats/interface.h"

#include <errno.h>
#include <string.h>
#include <zip.h>

/* Deflate codes at most 258 bytes with two bits (RFC 1951: a length and a distance code of one bit each):
 * 1032 bytes from one, plus what a last partial byte may hold. A member that claims more is lying. */
#define DEFLATE_RATIO 1032
#define MEMBER_COUNT_LIMIT 65536

bool ns_zip_probe(ns_bytes bytes)
{
    return bytes.size >= 4 &&
           (memcmp(bytes.data, "PK\x03\x04", 4) == 0 || memcmp(bytes.data, "PK\x05\x06", 4) == 0);
}

/* Want of memory is not the file's fault. libzip reports some of it as a damaged file; then errno tells. */
static bool is_out_of_memory(zip_error_t *problem)
{
    return zip_error_code_zip(problem) == ZIP_ER_MEMORY || errno == ENOMEM;
}

/* What libzip could not do. */
static ns_code fail_zip(zip_error_t *problem, const char *what, const char *name, ns_error *error)
{
    const bool memory = is_out_of_memory(problem);
    return ns_fail(error, memory ? NS_ERROR_MEMORY : NS_ERROR_INPUT, "%s: %s%s%s%s", what,
                   name ? "member '" : "", name ? name : "", name ? "': " : "",
                   memory ? "no memory to read it" : zip_error_strerror(problem));
}

static ns_code read_bytes(zip_t *archive, zip_uint64_t index, const char *what, const zip_stat_t *stat,
                          ns_arena *arena, uint8_t **out, ns_error *error)
{
    uint8_t *data = ns_arena_alloc(arena, stat->size, 1);
    if (!data)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for member '%s'", what, stat->name);
    zip_file_t *file = zip_fopen_index(archive, index, 0);
    if (!file)
        return fail_zip(zip_get_error(archive), what, stat->name, error);
    uint64_t done = 0;
    zip_int64_t n = 0;
    while (done < stat->size && (n = zip_fread(file, data + done, stat->size - done)) > 0)
        done += (uint64_t)n;
    uint8_t extra;
    /* Only a read that meets the end verifies the checksum. */
    bool whole = n >= 0 && done == stat->size && zip_fread(file, &extra, 1) == 0;
    ns_code code = NS_OK;
    if (!whole && is_out_of_memory(zip_file_get_error(file)))
        code = fail_zip(zip_file_get_error(file), what, stat->name, error);
    else if (!whole)
        code = ns_fail(error, NS_ERROR_INPUT, "%s: member '%s' is damaged (%s)", what, stat->name,
                       n < 0 ? zip_file_strerror(file) : "its size or its checksum is wrong");
    zip_fclose(file);
    *out = data;
    return code;
}

static ns_code read_member(zip_t *archive, zip_uint64_t index, const char *what, ns_arena *arena,
                           uint64_t *total, ns_zip_member *member, ns_error *error)
{
    zip_stat_t stat;
    if (zip_stat_index(archive, index, 0, &stat) != 0)
        return fail_zip(zip_get_error(archive), what, NULL, error);
    const zip_uint64_t wanted = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD |
                                ZIP_STAT_ENCRYPTION_METHOD;
    if ((stat.valid & wanted) != wanted)
        return ns_fail(error, NS_ERROR_INPUT, "%s: member %llu has no size or name", what,
                       (unsigned long long)index);
    if ((stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) ||
        stat.encryption_method != ZIP_EM_NONE)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: member '%s' is neither stored nor deflated", what,
                       stat.name);
    if (stat.comp_size > NS_ZIP_LIMIT || stat.size > (stat.comp_size + 1) * DEFLATE_RATIO)
        return ns_fail(error, NS_ERROR_INPUT, "%s: member '%s' claims %llu bytes from %llu", what, stat.name,
                       (unsigned long long)stat.size, (unsigned long long)stat.comp_size);
    if (stat.size > NS_ZIP_LIMIT - *total)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: expands to more than %llu bytes", what,
                       (unsigned long long)NS_ZIP_LIMIT);
    *total += stat.size;
    uint8_t *data = NULL;
    NS_TRY(read_bytes(archive, index, what, &stat, arena, &data, error));

    member->name = ns_arena_string(arena, stat.name);
    member->bytes = (ns_bytes){data, stat.size};
    return member->name ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", what);
}

static ns_code read_archive(zip_t *archive, const char *what, ns_arena *arena, ns_zip *out, ns_error *error)
{
    zip_int64_t count = zip_get_num_entries(archive, 0);
    if (count < 0 || count > MEMBER_COUNT_LIMIT)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %lld members", what, (long long)count);
    ns_zip zip = {(int)count, NS_ARENA_ARRAY(arena, (size_t)count, ns_zip_member)};
    if (!zip.members)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its members", what);
    uint64_t total = 0;
    for (int i = 0; i < zip.count; i++)
        NS_TRY(read_member(archive, (zip_uint64_t)i, what, arena, &total, &zip.members[i], error));
    *out = zip;
    return NS_OK;
}

ns_code ns_zip_read(ns_bytes bytes, const char *what, const char *kind, ns_arena *arena, ns_zip *out,
                    ns_error *error)
{
    if (!ns_zip_probe(bytes)) /* libzip takes an empty file for an empty archive */
        return ns_fail(error, NS_ERROR_INPUT, "%s: not %s (no zip signature at offset 0)", what, kind);
    zip_error_t zip_error;
    errno = 0;
    zip_error_init(&zip_error);
    zip_source_t *source = zip_source_buffer_create(bytes.data, bytes.size, 0, &zip_error);
    zip_t *archive = source ? zip_open_from_source(source, ZIP_RDONLY, &zip_error) : NULL;
    ns_code code;
    if (archive) {
        code = read_archive(archive, what, arena, out, error);
        zip_discard(archive);
    } else {
        code = is_out_of_memory(&zip_error) ? fail_zip(&zip_error, what, NULL, error)
                                            : ns_fail(error, NS_ERROR_INPUT, "%s: not %s (%s)", what, kind,
                                                      zip_error_strerror(&zip_error));
        if (source)
            zip_source_free(source);
    }
    zip_error_fini(&zip_error);
    return code;
}
