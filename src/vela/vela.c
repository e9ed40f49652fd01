/* One Vela process for many graphs: writes the graphs and a list of requests into a folder of its own inside
 * the cache folder, runs driver.py on the list, and moves what appears into the cache. */
#define _GNU_SOURCE
#include "npuscope/vela.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "vela/cache.h"
#include "vela/process.h"

static const char driver[] = {
#include "driver.inc"
    0};

typedef struct batch {
    const ns_vela *vela;
    const ns_vela_options *options;
    ns_vela_request *requests;
    int count;
    const char **keys;
    const char *cache;  /* NULL: not used */
    const char *folder; /* of this run; removed at the end */
    ns_arena *arena;
    int done;
} batch;

static ns_code format_path(const batch *b, int index, const char *ending, const char **out, ns_error *error)
{
    *out = ns_arena_format(b->arena, "%s/%d%s", b->folder, index, ending);
    return *out ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
}

/* Options are separated by spaces here and by tabs in the list. */
static void append_options(ns_buffer *list, const char *options)
{
    for (const char *p = options; *p;) {
        p += strspn(p, " ");
        size_t length = strcspn(p, " ");
        if (length)
            ns_buffer_format(list, "\t%.*s", (int)length, p);
        p += length;
    }
}

/* Writes the graphs of all requests that are not run yet and the list of them; *count of them. */
static ns_code write_list(const batch *b, const char *list_path, int *pending, int *count, ns_error *error)
{
    ns_buffer list = {.arena = b->arena};
    *count = 0;
    for (int i = 0; i < b->count; i++) {
        const ns_vela_request *request = &b->requests[i];
        if (request->outcome != NS_VELA_NOT_RUN)
            continue;
        const char *graph = NULL, *npz = NULL, *reason = NULL;
        NS_TRY(format_path(b, i, request->is_tflite ? ".tflite" : ".tosa", &graph, error));
        NS_TRY(format_path(b, i, ".npz", &npz, error));
        NS_TRY(format_path(b, i, ".reason", &reason, error));
        NS_TRY(ns_file_write(graph, (ns_bytes){request->graph, request->graph_size}, error));
        ns_buffer_format(&list, "%s\t%s\t%s\t--accelerator-config=%s", graph, npz, reason,
                         ns_accelerator_text(request->accelerator));
        append_options(&list, ns_vela_flags(request->accelerator));
        append_options(&list, request->flags ? request->flags : "");
        if (request->want_debug)
            append_options(&list, "--enable-debug-db");
        ns_buffer_format(&list, "\n");
        pending[(*count)++] = i;
    }
    if (list.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the list of requests");
    return ns_file_write(list_path, (ns_bytes){list.data, list.size}, error);
}

/* Moves a file of a request into the cache. */
static ns_code keep(const batch *b, int index, const char *ending, ns_error *error)
{
    const char *made = NULL;
    NS_TRY(format_path(b, index, ending, &made, error));
    const char *entry = ns_arena_format(b->arena, "%s/%s%s", b->cache, b->keys[index], ending);
    if (!entry)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
    if (rename(made, entry) != 0)
        return ns_fail(error, NS_ERROR_IO, "%s: %s", entry, strerror(errno));
    return NS_OK;
}

/* Takes over what the driver wrote for a request, and keeps it. */
static ns_code collect(batch *b, int index, ns_error *error)
{
    ns_vela_request *request = &b->requests[index];
    const char *name = ns_arena_format(b->arena, "%d", index);
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
    bool kept;
    NS_TRY(ns_vela_cache_get(b->folder, name, request, &kept, b->arena, error));
    if (request->outcome == NS_VELA_NOT_RUN || !b->cache || !kept)
        return NS_OK;
    if (request->debug) /* first: an entry with a stream is whole */
        NS_TRY(keep(b, index, ".xml", error));
    return keep(b, index, request->outcome == NS_VELA_COMPILED ? ".npz" : ".reason", error);
}

static void report_progress(const batch *b)
{
    if (b->options && b->options->progress)
        b->options->progress(b->options->context, b->done, b->count);
}

static ns_code describe_end(batch *b, int index, int exit_code, ns_error *error)
{
    ns_vela_request *request = &b->requests[index];
    request->outcome = NS_VELA_CRASHED;
    request->reason = exit_code >= 256
                          ? ns_arena_format(b->arena, "Vela was ended by signal %d", exit_code - 256)
                          : ns_arena_format(b->arena, "Vela ended with code %d", exit_code);
    return request->reason ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a reason");
}

/* One process of Vela, over all that is not run yet. Every call settles at least one request. */
static ns_code run_once(batch *b, int *pending, ns_error *error)
{
    const char *list = NULL, *script = NULL;
    int count = 0, at_hand = -1;
    NS_TRY(format_path(b, 0, ".list", &list, error));
    NS_TRY(format_path(b, 0, ".py", &script, error));
    NS_TRY(ns_file_write(script, (ns_bytes){(const uint8_t *)driver, sizeof driver - 1}, error));
    NS_TRY(write_list(b, list, pending, &count, error));
    /* -I as where the version was asked for: PYTHONPATH must not put another Vela in its place. */
    const char *const arguments[] = {b->vela->python, "-I", script, list, NULL};
    ns_process process;
    NS_TRY(ns_process_start(arguments, &process, error));
    char line[64];
    ns_code code = NS_OK;
    while (code == NS_OK && fgets(line, sizeof line, process.output)) {
        int number = -1;
        if (sscanf(line, "begin %d", &number) == 1 && number >= 0 && number < count) {
            at_hand = pending[number];
        } else if (sscanf(line, "end %d", &number) == 1 && number >= 0 && number < count) {
            code = collect(b, pending[number], error);
            at_hand = -1;
            b->done++;
            report_progress(b);
        }
    }
    int exit_code = 0;
    ns_code waited = ns_process_wait(&process, &exit_code, code == NS_OK ? error : NULL);
    NS_TRY(code);
    NS_TRY(waited);
    if (at_hand >= 0 && b->requests[at_hand].outcome == NS_VELA_NOT_RUN) {
        b->done++;
        return describe_end(b, at_hand, exit_code, error);
    }
    for (int i = 0; i < count; i++)
        if (b->requests[pending[i]].outcome != NS_VELA_NOT_RUN)
            return NS_OK;
    return ns_fail(error, NS_ERROR_TOOL_MISSING,
                   "%s does not run Vela %s (it ended with code %d before the first graph)", b->vela->python,
                   b->vela->version, exit_code);
}

static ns_code remove_folder(const batch *b, ns_error *error)
{
    const char *const arguments[] = {"rm", "-rf", b->folder, NULL};
    ns_process process;
    int exit_code = 0;
    NS_TRY(ns_process_start(arguments, &process, error));
    NS_TRY(ns_process_wait(&process, &exit_code, error));
    return exit_code ? ns_fail(error, NS_ERROR_IO, "%s could not be removed", b->folder) : NS_OK;
}

static ns_code run_all(batch *b, ns_error *error)
{
    int *pending = NS_ARENA_ARRAY(b->arena, (size_t)b->count, int);
    if (!pending)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d requests", b->count);
    for (;;) {
        bool left = false;
        for (int i = 0; i < b->count; i++)
            left = left || b->requests[i].outcome == NS_VELA_NOT_RUN;
        if (!left)
            return NS_OK;
        NS_TRY(run_once(b, pending, error));
    }
}

ns_code ns_vela_compile(const ns_vela *vela, const ns_vela_options *options, ns_vela_request *requests,
                        int count, ns_arena *arena, ns_error *error)
{
    batch b = {vela, options, requests, count, .arena = arena};
    const char *root = options ? options->cache : NULL;
    if (!root)
        NS_TRY(ns_vela_cache_folder(arena, &root, error));
    NS_TRY(ns_folder_make(root, error));
    b.cache = options && options->no_cache ? NULL : root;
    b.keys = NS_ARENA_ARRAY(arena, (size_t)count, const char *);
    if (!b.keys)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d requests", count);
    for (int i = 0; i < count; i++) {
        requests[i].outcome = NS_VELA_NOT_RUN;
        requests[i].npz = requests[i].debug = NULL;
        requests[i].npz_size = requests[i].debug_size = 0;
        NS_TRY(ns_vela_cache_key(vela, &requests[i], arena, &b.keys[i], error));
        bool kept;
        if (b.cache)
            NS_TRY(ns_vela_cache_get(b.cache, b.keys[i], &requests[i], &kept, arena, error));
        requests[i].from_cache = requests[i].outcome != NS_VELA_NOT_RUN;
        b.done += requests[i].from_cache;
    }
    if (b.done == count)
        return NS_OK;
    report_progress(&b);
    char *folder = ns_arena_format(arena, "%s/run.%ld.XXXXXX", root, (long)getpid());
    if (!folder || !mkdtemp(folder))
        return ns_fail(error, NS_ERROR_IO, "%s: %s", root, strerror(errno));
    b.folder = folder;
    ns_code code = run_all(&b, error);
    ns_code removed = remove_folder(&b, code == NS_OK ? error : NULL);
    return code != NS_OK ? code : removed;
}
