#include "support/data.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SETS = 16 };

/* The sets that this test has read from, open until it ends. */
static struct set {
    char path[1024];
    ns_archive archive;
} sets[MAX_SETS];
static int set_count;

/* The archive of the set that `name` begins with, and the rest of the name. */
static ns_code find_set(const char *name, ns_archive **archive, const char **rest, ns_error *error)
{
    const char *data = getenv("NPUSCOPE_TEST_DATA");
    const int length = (int)strcspn(name, "/");
    char path[sizeof sets[0].path];
    snprintf(path, sizeof path, "%s/%.*s.zip", data ? data : "tests/data", length, name);
    *rest = name[length] ? name + length + 1 : "";
    for (int i = 0; i < set_count; i++) {
        *archive = &sets[i].archive;
        if (strcmp(sets[i].path, path) == 0)
            return NS_OK;
    }
    if (set_count == MAX_SETS)
        return ns_fail(error, NS_ERROR_INTERNAL, "%s: more than %d sets of test data are open", path,
                       MAX_SETS);
    struct set *set = &sets[set_count];
    strcpy(set->path, path);
    NS_TRY(ns_archive_open(set->path, &set->archive, error));
    *archive = &set->archive;
    set_count++;
    return NS_OK;
}

ns_code test_data_read(const char *name, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    ns_archive *archive;
    const char *rest;
    pthread_mutex_lock(&lock);
    ns_code code = find_set(name, &archive, &rest, error);
    if (code == NS_OK)
        code = ns_archive_read(archive, rest, arena, out, error);
    pthread_mutex_unlock(&lock);
    return code;
}

ns_code test_data_array(const char *name, ns_arena *arena, ns_npy *out, ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(test_data_read(name, arena, &bytes, error));
    return ns_npy_read(bytes, name, arena, out, error);
}

ns_code test_data_json(const char *name, json_t **out, ns_error *error)
{
    ns_bytes bytes = {0};
    json_error_t reason = {0};
    ns_arena *arena = ns_arena_new();
    ns_code code = test_data_read(name, arena, &bytes, error);
    *out = code == NS_OK ? json_loadb((const char *)bytes.data, bytes.size, 0, &reason) : NULL;
    if (code == NS_OK && !*out)
        code = ns_fail(error, NS_ERROR_INPUT, "%s:%d: %s", name, reason.line, reason.text);
    ns_arena_free(arena);
    return code;
}

bool test_data_has(const char *name)
{
    ns_error error;
    ns_bytes bytes;
    ns_arena *arena = ns_arena_new();
    const bool has = test_data_read(name, arena, &bytes, &error) == NS_OK;
    ns_arena_free(arena);
    return has;
}

ns_code test_data_list(const char *folder, ns_arena *arena, const char *const **names, int *count,
                       ns_error *error)
{
    ns_archive *archive;
    const char *rest;
    NS_TRY(find_set(folder, &archive, &rest, error));
    return ns_archive_list(archive, rest, arena, names, count, error);
}
