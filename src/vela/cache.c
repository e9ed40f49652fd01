#include "vela/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interface.h"

/* Counted up when the meaning of an entry changes. */
#define CACHE_FORMAT "npuscope vela cache 3"
#define ENTRY ".entry"

ns_code ns_vela_cache_key(const ns_vela *vela, const ns_vela_request *request, ns_arena *arena,
                          const char **out, ns_error *error)
{
    ns_digest digest;
    ns_digest_begin(&digest);
    ns_digest_text(&digest, CACHE_FORMAT);
    ns_digest_text(&digest, vela->version);
    ns_digest_text(&digest, vela->contents);
    ns_digest_text(&digest, ns_accelerator_text(request->accelerator));
    ns_digest_text(&digest, ns_vela_flags(request->accelerator));
    ns_digest_text(&digest, request->flags);
    ns_digest_text(&digest, request->is_tflite ? "tflite" : "tosa");
    ns_digest_part(&digest, request->graph, request->graph_size);
    *out = ns_digest_end_text(&digest, arena);
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a cache key");
}

static const char *entry_name(ns_arena *arena, const char *key)
{
    return ns_arena_format(arena, "%s" ENTRY, key);
}

ns_code ns_vela_cache_get(const char *folder, const char *key, ns_vela_request *request, const char **damage,
                          ns_arena *arena, ns_error *error)
{
    ns_error problem = {0};
    ns_bytes bytes;
    *damage = NULL;
    const char *path = ns_arena_format(arena, "%s/%s" ENTRY, folder, key);
    if (!path)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
    if (access(path, F_OK) != 0)
        return NS_OK;
    ns_vela_request found = *request;
    ns_code code = ns_file_read(path, arena, &bytes, &problem);
    if (code == NS_OK) {
        code = ns_vela_entry_read(bytes.data, bytes.size, arena, &found, &problem);
        if (code != NS_OK)
            ns_add_context(&problem, "%s", path);
    }
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem.message);
    if (code != NS_OK) {
        *damage = ns_arena_string(arena, problem.message);
        return *damage ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a message");
    }
    /* Without the debug database it was compiled when nobody wanted one. */
    if (!request->want_debug || found.debug || found.outcome != NS_VELA_COMPILED)
        *request = found;
    return NS_OK;
}

ns_code ns_vela_cache_put(const char *folder, const char *key, const ns_vela_request *request,
                          ns_arena *arena, ns_error *error)
{
    const char *name = entry_name(arena, key);
    return name ? ns_vela_entry_write(folder, name, request, error)
                : ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
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

/* 64 hexadecimal digits, then .entry; or what the releases up to 0.1 kept: .npz, .xml or .reason. */
static bool is_entry(const char *name)
{
    static const char *const endings[] = {ENTRY, ".npz", ".reason", ".xml"};
    bool known = false;
    for (size_t i = 0; strspn(name, "0123456789abcdef") == 64 && i < sizeof endings / sizeof *endings; i++)
        known = known || strcmp(name + 64, endings[i]) == 0;
    return known;
}

/* <prefix><process>.XXXXXX, of a process that is gone. */
static bool is_leftover(const char *name, const char *prefix)
{
    const size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0)
        return false;
    char *end = NULL;
    long process = strtol(name + length, &end, 10);
    return process > 0 && *end == '.' && !ns_system_is_there((pid_t)process);
}

/* Renamed first: what a killed run's Vela still writes finds no folder any more, and can't fill it again
   meanwhile. The new name is a leftover's too, should this process be killed as well. */
static bool remove_leftover(const char *path)
{
    char renamed[4096 + 8];
    snprintf(renamed, sizeof renamed, "%s.gone", path);
    const bool moved = ns_system_rename(path, renamed) == 0;
    return ns_tree_remove(moved ? renamed : path, NULL) == NS_OK;
}

size_t ns_vela_sweep(const char *path, const char *prefix)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        char file[4096];
        if (is_leftover(entry->d_name, prefix) &&
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name) < (int)sizeof file)
            count += remove_leftover(file);
    }
    if (folder)
        closedir(folder);
    return count;
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
        const bool leftover =
            is_leftover(entry->d_name, NS_VELA_RUN) || is_leftover(entry->d_name, NS_VELA_PART);
        if (!leftover && !is_entry(entry->d_name))
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (lstat(file, &status) == 0 && !leftover) {
            info->entries += !strstr(entry->d_name, ".xml"); /* part of the entry beside it */
            info->bytes += (uint64_t)status.st_size;
        }
        info->leftovers += leftover;
        if (clear)
            code = ns_tree_remove(file, error);
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
