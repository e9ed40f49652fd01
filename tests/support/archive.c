#include "support/archive.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "base/file.h"

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

/* Makes member `part`.zip the open part; false where there is none. */
static ns_code open_part(ns_archive *archive, const char *part, bool *found, ns_error *error)
{
    char member[300];
    size_t size = 0;
    *found = archive->part && strcmp(archive->part_name, part) == 0;
    if (*found || strlen(part) >= sizeof archive->part_name)
        return NS_OK;
    snprintf(member, sizeof member, "%s.zip", part);
    if (!find_member(archive->zip, member, &size))
        return NS_OK;
    uint8_t *data = malloc(size ? size : 1);
    if (read_member(archive->zip, archive->path, member, data, size, error) != NS_OK) {
        free(data);
        return error->code;
    }
    if (archive->part)
        zip_discard(archive->part);
    archive->part = NULL;
    NS_TRY(open_bytes(data, size, member, &archive->part, error));
    snprintf(archive->part_name, sizeof archive->part_name, "%s", part);
    *found = true;
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
    return code == NS_OK ? open_bytes(data, size, path, &out->zip, error) : code;
}

void ns_archive_close(ns_archive *archive)
{
    if (archive->part)
        zip_discard(archive->part);
    if (archive->zip)
        zip_discard(archive->zip);
    archive->zip = archive->part = NULL;
}

ns_code ns_archive_read(ns_archive *archive, const char *name, ns_arena *arena, ns_bytes *out,
                        ns_error *error)
{
    if (!archive->zip) {
        const char *path = ns_arena_format(arena, "%s/%s", archive->path, name);
        return path ? ns_file_read(path, arena, out, error)
                    : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", name);
    }
    zip_t *zip = archive->zip;
    const char *slash = strchr(name, '/'), *member = name;
    size_t size = 0;
    bool found = find_member(zip, name, &size);
    if (!found && slash) {
        const char *part = ns_arena_format(arena, "%.*s", (int)(slash - name), name);
        if (!part)
            return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", name);
        NS_TRY(open_part(archive, part, &found, error));
        zip = archive->part;
        member = slash + 1;
        found = found && find_member(zip, member, &size);
    }
    if (!found)
        return ns_fail(error, NS_ERROR_IO, "%s: no member '%s'", archive->path, name);
    uint8_t *data = ns_arena_alloc(arena, size, 1);
    NS_TRY(read_member(zip, archive->path, member, data, size, error));
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
    const size_t end = strcspn(name, "/"), is_part = end > 4 && memcmp(name + end - 4, ".zip", 4) == 0;
    return ns_arena_format(arena, "%.*s", (int)(end - 4 * is_part), name);
}

static int list_zip(zip_t *zip, const char *folder, ns_arena *arena, const char **list)
{
    int count = 0;
    for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0); i++) {
        const char *name = name_below(zip_get_name(zip, (zip_uint64_t)i, 0), folder, arena);
        if (name && (count == 0 || strcmp(list[count - 1], name) != 0)) /* members of a folder follow it */
            list[count++] = name;
    }
    return count;
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

ns_code ns_archive_list(ns_archive *archive, const char *folder, ns_arena *arena, const char *const **names,
                        int *count, ns_error *error)
{
    const char **list = NULL;
    *count = 0;
    if (archive->zip) {
        bool is_part = false;
        if (*folder)
            NS_TRY(open_part(archive, folder, &is_part, error));
        zip_t *zip = is_part ? archive->part : archive->zip;
        list = NS_ARENA_ARRAY(arena, (size_t)zip_get_num_entries(zip, 0) + 1, const char *);
        if (!list)
            return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", archive->path);
        *count = list_zip(zip, is_part ? "" : folder, arena, list);
    } else {
        NS_TRY(
            list_folder(ns_arena_format(arena, "%s/%s", archive->path, folder), arena, &list, count, error));
    }
    qsort(list, (size_t)*count, sizeof *list, compare_names);
    *names = list;
    return NS_OK;
}
