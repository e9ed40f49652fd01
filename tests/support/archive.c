#include "support/data.h"

#include <dirent.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "base/interface.h"

/* An archive of bytes that libzip frees with it. */
static ns_code open_bytes(uint8_t *data, size_t size, const char *what, zip_t **out, ns_error *error)
{
    zip_error_t reason;
    zip_error_init(&reason);
    zip_source_t *source = zip_source_buffer_create(data, size, 1, &reason);
    *out = source ? zip_open_from_source(source, ZIP_RDONLY, &reason) : NULL;
    ns_code code = NS_OK;
    if (!*out) {
        code = ns_fail(error, NS_ERROR_INPUT, "%s: not a zip file (%s)", what, zip_error_strerror(&reason));
        if (source)
            zip_source_free(source);
        else
            free(data);
    }
    zip_error_fini(&reason);
    return code;
}

static ns_code read_member(zip_t *zip, const char *path, const char *name, uint8_t *data, size_t size,
                           ns_error *error)
{
    zip_file_t *file = data ? zip_fopen(zip, name, 0) : NULL;
    if (!file)
        return ns_fail(error, NS_ERROR_INPUT, "%s: member '%s' cannot be opened", path, name);
    uint8_t extra;
    /* Only a read that meets the end verifies the checksum. */
    const bool whole = zip_fread(file, data, size) == (zip_int64_t)size && zip_fread(file, &extra, 1) == 0;
    zip_fclose(file);
    return whole ? NS_OK : ns_fail(error, NS_ERROR_INPUT, "%s: member '%s' is damaged", path, name);
}

static bool find_member(zip_t *zip, const char *name, size_t *size)
{
    zip_stat_t stat;
    if (zip_stat(zip, name, 0, &stat) != 0)
        return false;
    *size = stat.size;
    return true;
}

/* The zip file that a set's member holds as xz, for libzip to free. */
static ns_code decompress(const uint8_t *data, size_t size, const char *what, uint8_t **out, size_t *out_size,
                          ns_error *error)
{
    uint64_t limit = UINT64_MAX;
    size_t room = 64 << 20;
    for (uint8_t *to = malloc(room); to; room *= 2, to = realloc(to, room)) {
        size_t from = 0, written = 0;
        const lzma_ret result =
            lzma_stream_buffer_decode(&limit, 0, NULL, data, &from, size, to, &written, room);
        if (result == LZMA_BUF_ERROR && room < (size_t)1 << 32)
            continue;
        *out = to;
        *out_size = written;
        return result == LZMA_OK ? NS_OK
                                 : ns_fail(error, NS_ERROR_INPUT, "%s: no xz data (%d)", what, (int)result);
    }
    return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", what);
}

/* Puts the zip file within a set of test data (scripts/recording/sets.py) in the set's place. */
static ns_code open_within(ns_archive *archive, ns_error *error)
{
    static const char member[] = "all.zip.xz";
    zip_t *within;
    size_t size = 0, packed = 0;
    if (!find_member(archive->zip, member, &packed))
        return NS_OK;
    uint8_t *data = NULL, *room = malloc(packed ? packed : 1);
    ns_code code = read_member(archive->zip, archive->path, member, room, packed, error);
    if (code == NS_OK)
        code = decompress(room, packed, archive->path, &data, &size, error);
    free(room);
    if (code != NS_OK) {
        free(data);
        return code;
    }
    NS_TRY(open_bytes(data, size, member, &within, error));
    zip_discard(archive->zip);
    archive->zip = within;
    return NS_OK;
}

ns_code ns_archive_open(const char *path, ns_archive *out, ns_error *error)
{
    *out = (ns_archive){.path = path};
    struct stat status;
    if (stat(path, &status) != 0)
        return ns_fail(error, NS_ERROR_IO, "%s: no such file or folder", path);
    if (S_ISDIR(status.st_mode))
        return NS_OK;
    ns_arena *arena = ns_arena_new();
    ns_bytes file = {0};
    ns_code code = ns_file_read(path, arena, &file, error);
    uint8_t *data = code == NS_OK ? malloc(file.size + 1) : NULL;
    if (data)
        memcpy(data, file.data, file.size);
    else if (code == NS_OK)
        code = ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", path);
    const size_t size = file.size;
    ns_arena_free(arena);
    NS_TRY(code == NS_OK ? open_bytes(data, size, path, &out->zip, error) : code);
    return open_within(out, error);
}

void ns_archive_close(ns_archive *archive)
{
    if (archive->zip)
        zip_discard(archive->zip);
    archive->zip = NULL;
}

ns_code ns_archive_read(ns_archive *archive, const char *name, ns_arena *arena, ns_bytes *out,
                        ns_error *error)
{
    if (!archive->zip) {
        const char *path = ns_arena_format(arena, "%s/%s", archive->path, name);
        return path ? ns_file_read(path, arena, out, error)
                    : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", name);
    }
    size_t size = 0;
    if (!find_member(archive->zip, name, &size))
        return ns_fail(error, NS_ERROR_IO, "%s: no member '%s'", archive->path, name);
    uint8_t *data = ns_arena_alloc(arena, size, 1);
    NS_TRY(read_member(archive->zip, archive->path, name, data, size, error));
    *out = (ns_bytes){data, size};
    return NS_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The part of member `name` that is right below `folder`, in `arena`; NULL where it is elsewhere. */
static char *name_below(const char *name, const char *folder, ns_arena *arena)
{
    const size_t length = strlen(folder);
    if (strncmp(name, folder, length) != 0 || (length && name[length] != '/'))
        return NULL;
    name += length ? length + 1 : 0;
    if (!*name)
        return NULL;
    return ns_arena_format(arena, "%.*s", (int)strcspn(name, "/"), name);
}

static ns_code list_zip(zip_t *zip, const char *folder, ns_arena *arena, const char ***list, int *count,
                        ns_error *error)
{
    const zip_int64_t members = zip_get_num_entries(zip, 0);
    *list = NS_ARENA_ARRAY(arena, (size_t)members + 1, const char *);
    for (zip_int64_t i = 0; *list && i < members; i++) {
        const char *name = name_below(zip_get_name(zip, (zip_uint64_t)i, 0), folder, arena);
        if (name)
            (*list)[(*count)++] = name;
    }
    return *list ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", folder);
}

static ns_code list_folder(const char *path, ns_arena *arena, const char ***list, int *count, ns_error *error)
{
    DIR *folder = opendir(path);
    if (!folder)
        return ns_fail(error, NS_ERROR_IO, "%s: cannot be opened", path);
    enum { MAX_NAMES = 65536 };
    *list = NS_ARENA_ARRAY(arena, MAX_NAMES, const char *);
    for (struct dirent *entry = readdir(folder); *list && entry && *count < MAX_NAMES;
         entry = readdir(folder))
        if (entry->d_name[0] != '.')
            (*list)[(*count)++] = ns_arena_string(arena, entry->d_name);
    closedir(folder);
    return *list ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", path);
}

static int without_repeats(const char **list, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (kept == 0 || strcmp(list[kept - 1], list[i]) != 0)
            list[kept++] = list[i];
    return kept;
}

ns_code ns_archive_list(ns_archive *archive, const char *folder, ns_arena *arena, const char *const **names,
                        int *count, ns_error *error)
{
    const char **list = NULL;
    *count = 0;
    NS_TRY(archive->zip ? list_zip(archive->zip, folder, arena, &list, count, error)
                        : list_folder(ns_arena_format(arena, "%s/%s", archive->path, folder), arena, &list,
                                      count, error));
    qsort(list, (size_t)*count, sizeof *list, compare_names);
    *count = without_repeats(list, *count);
    *names = list;
    return NS_OK;
}

/* ---- writing ---- */

static uint32_t checksum(ns_bytes bytes)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= bytes.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

static void put(ns_buffer *buffer, int width, uint32_t value)
{
    ns_buffer_append(buffer, &value, (size_t)width);
}

/* What a local header and a record of the directory have in common: version to name length. */
static void put_member(ns_buffer *buffer, const ns_zip_member *member)
{
    put(buffer, 4, 20);
    put(buffer, 2, 0); /* stored */
    put(buffer, 4, 0x5c210000);
    put(buffer, 4, checksum(member->bytes));
    put(buffer, 4, (uint32_t)member->bytes.size);
    put(buffer, 4, (uint32_t)member->bytes.size);
    put(buffer, 4, (uint32_t)strlen(member->name)); /* and no extra field */
}

ns_bytes test_zip(int count, const ns_zip_member *members, ns_arena *arena)
{
    ns_buffer files = {.arena = arena}, directory = {.arena = arena};
    for (int i = 0; i < count; i++) {
        const uint32_t at = (uint32_t)files.size;
        put(&files, 4, 0x04034b50);
        put_member(&files, &members[i]);
        ns_buffer_append(&files, members[i].name, strlen(members[i].name));
        ns_buffer_append(&files, members[i].bytes.data, members[i].bytes.size);
        put(&directory, 4, 0x02014b50);
        put(&directory, 2, 20);
        put_member(&directory, &members[i]);
        for (int k = 0; k < 5; k++)
            put(&directory, 2, 0); /* comment, disk, attributes */
        put(&directory, 4, at);
        ns_buffer_append(&directory, members[i].name, strlen(members[i].name));
    }
    const uint32_t begin = (uint32_t)files.size;
    ns_buffer_append(&files, directory.data, directory.size);
    put(&files, 4, 0x06054b50);
    put(&files, 4, 0);
    put(&files, 2, (uint32_t)count);
    put(&files, 2, (uint32_t)count);
    put(&files, 4, (uint32_t)directory.size);
    put(&files, 4, begin);
    put(&files, 2, 0);
    return (ns_bytes){files.data, files.size};
}
