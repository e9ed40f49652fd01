#include "vela/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/interface.h"

/* ---- digests ---- */

void ns_digest_begin(ns_digest *digest)
{
    sha256_init(digest);
}

void ns_digest_part(ns_digest *digest, const void *data, size_t size)
{
    uint8_t length[8];
    ns_store_u64(length, size);
    sha256_update(digest, sizeof length, length);
    sha256_update(digest, size, data);
}

void ns_digest_text(ns_digest *digest, const char *text)
{
    ns_digest_part(digest, text ? text : "", text ? strlen(text) : 0);
}

void ns_digest_end(ns_digest *digest, uint8_t out[SHA256_DIGEST_SIZE])
{
    sha256_digest(digest, SHA256_DIGEST_SIZE, out);
}

const char *ns_digest_end_text(ns_digest *digest, ns_arena *arena)
{
    uint8_t bytes[SHA256_DIGEST_SIZE];
    ns_digest_end(digest, bytes);
    char *text = NS_ARENA_ARRAY(arena, 2 * sizeof bytes + 1, char);
    for (size_t i = 0; text && i < sizeof bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

/* ---- of an installation ---- */

enum { MOST_FILES = 100000, MOST_DEPTH = 32 };

typedef struct file_list {
    ns_arena *arena;
    const char **paths;
    size_t count, capacity;
} file_list;

static ns_code add(file_list *list, const char *path, ns_error *error)
{
    if (list->count == MOST_FILES)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: more than %d files", path, MOST_FILES);
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 512;
        const char **grown = NS_ARENA_ARRAY(list->arena, capacity, const char *);
        if (!grown)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the files of Vela");
        if (list->count)
            memcpy(grown, list->paths, list->count * sizeof *grown);
        list->paths = grown;
        list->capacity = capacity;
    }
    list->paths[list->count++] = path;
    return NS_OK;
}

static ns_code walk(file_list *list, const char *folder, int depth, ns_error *error);

static ns_code visit(file_list *list, const char *folder, const char *name, int depth, ns_error *error)
{
    struct stat info;
    if (name[0] == '.' || strcmp(name, "__pycache__") == 0)
        return NS_OK;
    const char *path = ns_arena_format(list->arena, "%s/%s", folder, name);
    if (!path)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the files of Vela");
    if (stat(path, &info) != 0)
        return NS_OK; /* a link to nothing */
    if (S_ISDIR(info.st_mode))
        return walk(list, path, depth + 1, error);
    return S_ISREG(info.st_mode) ? add(list, path, error) : NS_OK;
}

static ns_code walk(file_list *list, const char *folder, int depth, ns_error *error)
{
    DIR *open = depth < MOST_DEPTH ? opendir(folder) : NULL;
    if (!open)
        return depth < MOST_DEPTH
                   ? ns_fail_system(error, folder)
                   : ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: folders are nested too deep", folder);
    ns_code code = NS_OK;
    for (struct dirent *entry; code == NS_OK && (entry = readdir(open)) != NULL;)
        code = visit(list, folder, entry->d_name, depth, error);
    closedir(open);
    return code;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ns_code add_folder(ns_digest *digest, const char *folder, ns_arena *arena, ns_error *error)
{
    file_list list = {.arena = arena};
    ns_bytes bytes;
    NS_TRY(walk(&list, folder, 0, error));
    if (list.count)
        qsort(list.paths, list.count, sizeof *list.paths, by_name);
    for (size_t i = 0; i < list.count; i++) {
        ns_arena *one = ns_arena_new();
        ns_code code = one ? ns_file_read(list.paths[i], one, &bytes, error)
                           : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory to read it", list.paths[i]);
        if (code == NS_OK) {
            ns_digest_text(digest, list.paths[i] + strlen(folder));
            ns_digest_part(digest, bytes.data, bytes.size);
        }
        ns_arena_free(one);
        NS_TRY(code);
    }
    return NS_OK;
}

ns_code ns_vela_installation(const char *const *folders, int count, ns_arena *arena, const char **out,
                             ns_error *error)
{
    ns_digest digest;
    ns_digest_begin(&digest);
    for (int i = 0; i < count; i++)
        NS_TRY(add_folder(&digest, folders[i], arena, error));
    *out = ns_digest_end_text(&digest, arena);
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a digest");
}
