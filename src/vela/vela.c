/* One Vela process for many graphs: writes the graphs and a list of requests into a folder of its own inside
 * the cache folder, runs driver.py on the list, and moves what appears into the cache. */
#define _GNU_SOURCE
#include "npuscope/vela.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interface.h"
#include "vela/internal.h"

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

static void warn(const batch *b, const char *text)
{
    if (b->options->warn)
        b->options->warn(b->options->context, text);
}

/* A file that the driver made; data NULL where it is not there. */
static ns_code read_made(const batch *b, int index, const char *ending, ns_bytes *out, ns_error *error)
{
    const char *path = NULL;
    *out = (ns_bytes){0};
    NS_TRY(format_path(b, index, ending, &path, error));
    return access(path, F_OK) == 0 ? ns_file_read(path, b->arena, out, error) : NS_OK;
}

/* Takes over what the driver wrote for a request. *kept: false for a failure that is not the graph's (a full
 * disk), which must not become an entry. */
static ns_code take_made(batch *b, int index, bool *kept, ns_error *error)
{
    ns_vela_request *request = &b->requests[index];
    ns_bytes made, debug = {0};
    *kept = true;
    NS_TRY(read_made(b, index, ".npz", &made, error));
    if (made.data) {
        if (request->want_debug)
            NS_TRY(read_made(b, index, ".xml", &debug, error));
        request->outcome = NS_VELA_COMPILED;
        request->npz = made.data;
        request->npz_size = made.size;
        request->debug = debug.data;
        request->debug_size = debug.size;
        return NS_OK;
    }
    NS_TRY(read_made(b, index, ".reason", &made, error));
    if (!made.data)
        return NS_OK;
    const char *text = (const char *)made.data; /* ns_file_read leaves a NUL behind the bytes */
    const char *colon = strstr(text, ": ");
    request->outcome = strncmp(text, "refused", 7) == 0 ? NS_VELA_REFUSED : NS_VELA_CRASHED;
    request->reason = colon ? colon + 2 : text;
    *kept = strncmp(text, "passing", 7) != 0;
    return NS_OK;
}

/* Takes over what became of a request, and keeps it. A cache that takes nothing is worth a warning, once. */
static ns_code collect(batch *b, int index, ns_error *error)
{
    const ns_vela_request *request = &b->requests[index];
    ns_error problem = {0};
    bool kept;
    NS_TRY(take_made(b, index, &kept, error));
    if (request->outcome == NS_VELA_NOT_RUN || !b->cache || !kept)
        return NS_OK;
    const ns_code code = ns_vela_cache_put(b->cache, b->keys[index], request, b->arena, &problem);
    if (ns_code_ends_run(code))
        return ns_fail(error, code, "%s", problem.message);
    if (code != NS_OK) {
        ns_add_context(&problem, "what Vela makes is not kept");
        warn(b, problem.message);
        b->cache = NULL;
    }
    return NS_OK;
}

static void report_progress(const batch *b)
{
    if (b->options && b->options->progress)
        b->options->progress(b->options->context, b->done, b->count);
}

static ns_code describe_end(batch *b, int index, int exit_code, ns_error *error)
{
    ns_vela_request *request = &b->requests[index];
    if (request->outcome != NS_VELA_NOT_RUN) /* it had ended before */
        return NS_OK;
    b->done++;
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
    char line[640], broken[600] = "";
    ns_code code = NS_OK;
    while (code == NS_OK && fgets(line, sizeof line, process.output)) {
        int number = -1, ended = 0;
        if (sscanf(line, "begin %d", &number) == 1 && number >= 0 && number < count) {
            at_hand = pending[number];
        } else if (sscanf(line, "end %d", &number) == 1 && number >= 0 && number < count) {
            code = collect(b, pending[number], error);
            at_hand = -1;
            b->done++;
            report_progress(b);
        } else if (sscanf(line, "died %d %d", &number, &ended) == 2 && number >= 0 && number < count) {
            code = describe_end(b, pending[number], ended, error);
            at_hand = -1;
            report_progress(b);
        } else if (strncmp(line, "broken ", 7) == 0) {
            snprintf(broken, sizeof broken, ": %.*s", (int)strcspn(line + 7, "\n"), line + 7);
        }
    }
    int exit_code = 0;
    ns_code waited = ns_process_wait(&process, &exit_code, code == NS_OK ? error : NULL);
    NS_TRY(code);
    NS_TRY(waited);
    if (at_hand >= 0 && b->requests[at_hand].outcome == NS_VELA_NOT_RUN)
        return describe_end(b, at_hand, exit_code, error);
    for (int i = 0; i < count; i++)
        if (b->requests[pending[i]].outcome != NS_VELA_NOT_RUN)
            return NS_OK;
    return ns_fail(error, NS_ERROR_TOOL_MISSING,
                   "%s does not run Vela %s (it ended with code %d before the first graph)%s",
                   b->vela->python, b->vela->version, exit_code, broken);
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

/* What the cache has. */
static ns_code look_up(batch *b, int index, ns_error *error)
{
    ns_vela_request *request = &b->requests[index];
    const char *damage = NULL;
    request->outcome = NS_VELA_NOT_RUN;
    request->npz = request->debug = NULL;
    request->npz_size = request->debug_size = 0;
    NS_TRY(ns_vela_cache_key(b->vela, request, b->arena, &b->keys[index], error));
    if (b->cache)
        NS_TRY(ns_vela_cache_get(b->cache, b->keys[index], request, &damage, b->arena, error));
    if (damage) {
        ns_error text;
        ns_fail(&text, NS_ERROR_INPUT, "%s: the entry of the cache is made anew", damage);
        warn(b, text.message);
    }
    request->from_cache = request->outcome != NS_VELA_NOT_RUN;
    b->done += request->from_cache;
    return NS_OK;
}

/* The run's own folder: in the cache's, or where that takes none, in the one for temporary files. */
static ns_code make_folder(batch *b, const char *root, ns_leftover *leftover, ns_error *error)
{
    const char *temporary = getenv("TMPDIR");
    temporary = temporary && *temporary ? temporary : "/tmp";
    char *own = ns_arena_format(b->arena, "%s/" NS_VELA_RUN "%ld.XXXXXX", root, (long)getpid());
    char *other = ns_arena_format(b->arena, "%s/npuscope-vela.%ld.XXXXXX", temporary, (long)getpid());
    if (!own || !other)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a folder name");
    b->folder = own;
    if (ns_leftover_folder(leftover, own))
        return NS_OK;
    ns_error problem = {0};
    ns_fail_system(&problem, root);
    ns_add_context(&problem, "what Vela makes is not kept");
    if (b->cache)
        warn(b, problem.message);
    b->cache = NULL;
    b->folder = other;
    return ns_leftover_folder(leftover, other) ? NS_OK : ns_fail_system(error, temporary);
}

static ns_code run_in_folder(batch *b, const char *root, ns_error *error)
{
    ns_leftover leftover;
    NS_TRY(make_folder(b, root, &leftover, error));
    ns_code code = run_all(b, error);
    const ns_code removed = ns_tree_remove(b->folder, code == NS_OK ? error : NULL);
    ns_leftover_drop(&leftover);
    return code != NS_OK ? code : removed;
}

ns_code ns_vela_compile(const ns_vela *vela, const ns_vela_options *given, ns_vela_request *requests,
                        int count, ns_arena *arena, ns_error *error)
{
    ns_vela_options options;
    NS_TRY(NS_OPTIONS_TAKE(&options, given, error));
    batch b = {vela, &options, requests, count, .arena = arena};
    const char *root = options.cache;
    if (!root)
        NS_TRY(ns_vela_cache_folder(arena, &root, error));
    (void)ns_folder_make(root, NULL); /* where it cannot be made, nothing is kept */
    /* Also where every graph is in the cache: a run may be killed after its last entry was written. */
    ns_vela_sweep(root, NS_VELA_RUN);
    ns_vela_sweep(root, NS_VELA_PART);
    b.cache = options.no_cache ? NULL : root;
    b.keys = NS_ARENA_ARRAY(arena, (size_t)count, const char *);
    if (!b.keys)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d requests", count);
    for (int i = 0; i < count; i++)
        NS_TRY(look_up(&b, i, error));
    if (b.done == count)
        return NS_OK;
    report_progress(&b);
    return run_in_folder(&b, root, error);
}
