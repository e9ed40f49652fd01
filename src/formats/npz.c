#include "formats/npz.h"

#include <string.h>
#include <zip.h>

/* Deflate codes at most 258 bytes with two bits (RFC 1951: a length and a distance code of one bit each):
 * 1032 bytes from one, plus what a last partial byte may hold. A member that claims more is lying. */
#define DEFLATE_RATIO 1032
#define MEMBER_COUNT_LIMIT 65536

bool ns_npz_probe(ns_bytes bytes)
{
    return bytes.size >= 4 &&
           (memcmp(bytes.data, "PK\x03\x04", 4) == 0 || memcmp(bytes.data, "PK\x05\x06", 4) == 0);
}

static ns_code read_bytes(zip_t *archive, zip_uint64_t index, const char *what, const zip_stat_t *stat,
                          ns_arena *arena, uint8_t **out, ns_error *error)
{
    uint8_t *data = ns_arena_alloc(arena, stat->size, 1);
    if (!data)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for member '%s'", what, stat->name);
    zip_file_t *file = zip_fopen_index(archive, index, 0);
    if (!file)
        return ns_fail(error, NS_ERROR_INPUT, "%s: member '%s': %s", what, stat->name, zip_strerror(archive));
    uint64_t done = 0;
    zip_int64_t n = 0;
    while (done < stat->size && (n = zip_fread(file, data + done, stat->size - done)) > 0)
        done += (uint64_t)n;
    uint8_t extra;
    /* Only a read that meets the end verifies the checksum. */
    bool whole = n >= 0 && done == stat->size && zip_fread(file, &extra, 1) == 0;
    ns_code code = NS_OK;
    if (!whole)
        code = ns_fail(error, NS_ERROR_INPUT, "%s: member '%s' is damaged (%s)", what, stat->name,
                       n < 0 ? zip_file_strerror(file) : "its size or its checksum is wrong");
    zip_fclose(file);
    *out = data;
    return code;
}

static ns_code read_member(zip_t *archive, zip_uint64_t index, const char *what, ns_arena *arena,
                           uint64_t *total, ns_npz_member *member, ns_error *error)
{
    zip_stat_t stat;
    if (zip_stat_index(archive, index, 0, &stat) != 0)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %s", what, zip_strerror(archive));
    const zip_uint64_t wanted = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD |
                                ZIP_STAT_ENCRYPTION_METHOD;
    if ((stat.valid & wanted) != wanted)
        return ns_fail(error, NS_ERROR_INPUT, "%s: member %llu has no size or name", what,
                       (unsigned long long)index);
    if ((stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) ||
        stat.encryption_method != ZIP_EM_NONE)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: member '%s' is neither stored nor deflated", what,
                       stat.name);
    if (stat.comp_size > NS_NPZ_LIMIT || stat.size > (stat.comp_size + 1) * DEFLATE_RATIO)
        return ns_fail(error, NS_ERROR_INPUT, "%s: member '%s' claims %llu bytes from %llu", what, stat.name,
                       (unsigned long long)stat.size, (unsigned long long)stat.comp_size);
    if (stat.size > NS_NPZ_LIMIT - *total)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: expands to more than %llu bytes", what,
                       (unsigned long long)NS_NPZ_LIMIT);
    *total += stat.size;
    uint8_t *data = NULL;
    NS_TRY(read_bytes(archive, index, what, &stat, arena, &data, error));

    char *name = ns_arena_string(arena, stat.name);
    const char *title = ns_arena_format(arena, "%s: member '%s'", what, stat.name);
    if (!name || !title)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", what);
    size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".npy") == 0)
        name[length - 4] = 0;
    member->name = name;
    return ns_npy_read((ns_bytes){data, stat.size}, title, arena, &member->array, error);
}

static ns_code read_archive(zip_t *archive, const char *what, ns_arena *arena, ns_npz *out, ns_error *error)
{
    zip_int64_t count = zip_get_num_entries(archive, 0);
    if (count < 0 || count > MEMBER_COUNT_LIMIT)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %lld members", what, (long long)count);
    ns_npz npz = {(int)count, NS_ARENA_ARRAY(arena, (size_t)count, ns_npz_member)};
    if (!npz.members)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its members", what);
    uint64_t total = 0;
    for (int i = 0; i < npz.count; i++)
        NS_TRY(read_member(archive, (zip_uint64_t)i, what, arena, &total, &npz.members[i], error));
    *out = npz;
    return NS_OK;
}

ns_code ns_npz_read(ns_bytes bytes, const char *what, ns_arena *arena, ns_npz *out, ns_error *error)
{
    if (!ns_npz_probe(bytes)) /* libzip takes an empty file for an empty archive */
        return ns_fail(error, NS_ERROR_INPUT, "%s: not an .npz file (no zip signature at offset 0)", what);
    zip_error_t zip_error;
    zip_error_init(&zip_error);
    zip_source_t *source = zip_source_buffer_create(bytes.data, bytes.size, 0, &zip_error);
    zip_t *archive = source ? zip_open_from_source(source, ZIP_RDONLY, &zip_error) : NULL;
    ns_code code;
    if (archive) {
        code = read_archive(archive, what, arena, out, error);
        zip_discard(archive);
    } else {
        code =
            ns_fail(error, NS_ERROR_INPUT, "%s: not an .npz file (%s)", what, zip_error_strerror(&zip_error));
        if (source)
            zip_source_free(source);
    }
    zip_error_fini(&zip_error);
    return code;
}

const ns_npy *ns_npz_find(const ns_npz *npz, const char *name)
{
    for (int i = 0; i < npz->count; i++)
        if (strcmp(npz->members[i].name, name) == 0)
            return &npz->members[i].array;
    return NULL;
}
