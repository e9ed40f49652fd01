#include "vela/cache.h"

#include <dirent.h>
#include <errno.h>
#include <nettle/sha2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* Counted up when the meaning of an entry changes. */
#define CACHE_FORMAT "npuscope vela cache 2"

static void hash_part(struct sha256_ctx *context, const void *data, size_t size)
{
    uint8_t length[8];
    ns_store_u64(length, size);
    sha256_update(context, sizeof length, length);
    sha256_update(context, size, data);
}

static void hash_text(struct sha256_ctx *context, const char *text)
{
    hash_part(context, text, strlen(text));
}

ns_code ns_vela_cache_key(const ns_vela *vela, const ns_vela_request *request, ns_arena *arena,
                          const char **out, ns_error *error)
{
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&context);
    hash_text(&context, CACHE_FORMAT);
    hash_text(&context, vela->version);
    hash_text(&context, ns_accelerator_text(request->accelerator));
    hash_text(&context, ns_vela_flags(request->accelerator));
    hash_text(&context, request->flags ? request->flags : "");
    hash_text(&context, request->is_tflite ? "tflite" : "tosa");
    hash_part(&context, request->graph, request->graph_size);
    sha256_digest(&context, sizeof digest, digest);
    char *text = NS_ARENA_ARRAY(arena, 2 * sizeof digest + 1, char);
    if (!text)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a cache key");
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    *out = text;
    return NS_OK;
}

/* Reads an entry's file; a file that is not there is no error. */
static ns_code read_entry(const char *path, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    *out = (ns_bytes){0};
    if (access(path, R_OK) != 0)
        return errno == ENOENT ? NS_OK : ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
    return ns_file_read(path, arena, out, error);
}

ns_code ns_vela_cache_get(const char *folder, const char *key, ns_vela_request *request, bool *kept,
                          ns_arena *arena, ns_error *error)
{
    *kept = true;
    const char *npz = ns_arena_format(arena, "%s/%s.npz", folder, key);
    const char *reason = ns_arena_format(arena, "%s/%s.reason", folder, key);
    const char *database = ns_arena_format(arena, "%s/%s.xml", folder, key);
    if (!npz || !reason || !database)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
    ns_bytes bytes, debug = {0};
    NS_TRY(read_entry(npz, arena, &bytes, error));
    if (bytes.data && request->want_debug) {
        NS_TRY(read_entry(database, arena, &debug, error));
        if (!debug.data) /* compiled when nobody wanted it */
            return NS_OK;
        request->debug = debug.data;
        request->debug_size = debug.size;
    }
    if (bytes.data) {
        request->outcome = NS_VELA_COMPILED;
        request->npz = bytes.data;
        request->npz_size = bytes.size;
        return NS_OK;
    }
    NS_TRY(read_entry(reason, arena, &bytes, error));
    if (!bytes.data)
        return NS_OK;
    const char *text = (const char *)bytes.data; /* ns_file_read leaves a NUL behind the bytes */
    const char *colon = strstr(text, ": ");
    request->outcome = strncmp(text, "refused", 7) == 0 ? NS_VELA_REFUSED : NS_VELA_CRASHED;
    request->reason = colon ? colon + 2 : text;
    *kept = strncmp(text, "passing", 7) != 0;
    return NS_OK;
}

ns_code ns_vela_cache_folder(ns_arena *arena, const char **out, ns_error *error)
{
    const char *own = getenv("NPUSCOPE_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own && *own)
        *out = ns_arena_string(arena, own);
    else if (xdg && *xdg)
        *out = ns_arena_format(arena, "%s/npuscope/vela", xdg);
    else if (home && *home)
        *out = ns_arena_format(arena, "%s/.cache/npuscope/vela", home);
    else
        return ns_fail(error, NS_ERROR_USAGE, "no place for the cache: set NPUSCOPE_CACHE or HOME");
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a folder name");
}

/* 64 hexadecimal digits, then .npz, .xml or .reason. */
static bool is_entry(const char *name)
{
    return strspn(name, "0123456789abcdef") == 64 &&
           (strcmp(name + 64, ".npz") == 0 || strcmp(name + 64, ".xml") == 0 ||
            strcmp(name + 64, ".reason") == 0);
}

/* The folder of a run, run.<process>.XXXXXX, whose process is gone. */
static bool is_leftover(const char *name)
{
    if (strncmp(name, "run.", 4) != 0)
        return false;
    char *end = NULL;
    long process = strtol(name + 4, &end, 10);
    return process > 0 && *end == '.' && kill((pid_t)process, 0) != 0 && errno == ESRCH;
}

static ns_code remove_tree(const char *path, ns_error *error)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return errno == ENOENT ? NS_OK : ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) {
        DIR *folder = opendir(path);
        if (!folder)
            return ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
        ns_code code = NS_OK;
        for (struct dirent *entry; code == NS_OK && (entry = readdir(folder)) != NULL;) {
            char inner[4096];
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
            code = remove_tree(inner, error);
        }
        closedir(folder);
        NS_TRY(code);
    }
    if (remove(path) != 0 && errno != ENOENT)
        return ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
    return NS_OK;
}

static ns_code walk(const char *path, bool clear, ns_vela_cache_info *info, ns_error *error)
{
    *info = (ns_vela_cache_info){0};
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? NS_OK : ns_fail(error, NS_ERROR_IO, "%s: %s", path, strerror(errno));
    ns_code code = NS_OK;
    for (struct dirent *entry; code == NS_OK && (entry = readdir(folder)) != NULL;) {
        char file[4096];
        struct stat status;
        const bool leftover = is_leftover(entry->d_name);
        if (!leftover && !is_entry(entry->d_name))
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (lstat(file, &status) == 0 && !leftover) {
            info->entries += !strstr(entry->d_name, ".xml"); /* part of the entry beside it */
            info->bytes += (uint64_t)status.st_size;
        }
        info->leftovers += leftover;
        if (clear)
            code = remove_tree(file, error);
    }
    closedir(folder);
    return code;
}

ns_code ns_vela_cache_show(const char *folder, ns_vela_cache_info *out, ns_error *error)
{
    return walk(folder, false, out, error);
}

ns_code ns_vela_cache_clear(const char *folder, ns_vela_cache_info *removed, ns_error *error)
{
    return walk(folder, true, removed, error);
}
