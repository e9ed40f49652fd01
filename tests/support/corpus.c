#include "support/conformance.h"

#include <string.h>

static const char *text_of(ns_arena *arena, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return ns_arena_string(arena, text ? text : "");
}

static ns_code read_streams(const json_t *entry, ns_arena *arena, ns_corpus_graph *graph, ns_error *error)
{
    json_t *streams = json_object_get(entry, "streams");
    graph->streams = NS_ARENA_ARRAY(arena, json_object_size(streams), ns_corpus_stream);
    if (!graph->streams)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", graph->name);
    const char *target;
    json_t *stream;
    json_object_foreach(streams, target, stream)
    {
        const char *status = json_string_value(json_object_get(stream, "status"));
        if (!status || strcmp(status, "ok") != 0)
            continue;
        ns_corpus_stream *next = &graph->streams[graph->stream_count++];
        next->target = ns_arena_string(arena, target);
        next->accelerator = ns_arena_format(arena, "%.*s", (int)strcspn(target, "_"), target);
        const char *format = json_string_value(json_object_get(stream, "format"));
        next->file = ns_arena_format(arena, "%s_vela.%.16s", target, format ? format : "npz");
        if (!next->target || !next->accelerator || !next->file)
            return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", graph->name);
    }
    return NS_OK;
}

static ns_code read_index(json_t *index, ns_arena *arena, ns_corpus *corpus, ns_error *error)
{
    json_t *graphs = json_object_get(index, "graphs");
    corpus->graphs = NS_ARENA_ARRAY(arena, json_array_size(graphs), ns_corpus_graph);
    if (!corpus->graphs)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", corpus->archive.path);
    size_t position;
    json_t *entry;
    json_array_foreach(graphs, position, entry)
    {
        ns_corpus_graph *graph = &corpus->graphs[corpus->graph_count++];
        graph->name = text_of(arena, entry, "name");
        graph->operator= text_of(arena, entry, "operator");
        graph->status = text_of(arena, entry, "status");
        graph->reason = text_of(arena, entry, "reason");
        graph->inexact = json_is_true(json_object_get(entry, "inexact"));
        if (!graph->name || !graph->operator|| !graph->status || !graph->reason)
            return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", corpus->archive.path);
        graph->input_count = (int)json_array_size(json_object_get(entry, "inputs"));
        graph->output_count = (int)json_array_size(json_object_get(entry, "outputs"));
        NS_TRY(read_streams(entry, arena, graph, error));
    }
    return NS_OK;
}

ns_code ns_corpus_open(const char *path, ns_arena *arena, ns_corpus *out, ns_error *error)
{
    *out = (ns_corpus){0};
    const char *kept = ns_arena_string(arena, path);
    if (!kept)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", path);
    NS_TRY(ns_archive_open(kept, &out->archive, error));
    ns_bytes bytes;
    NS_TRY(ns_archive_read(&out->archive, "index.json", arena, &bytes, error));
    json_error_t reason;
    json_t *index = json_loadb((const char *)bytes.data, bytes.size, 0, &reason);
    if (!index)
        return ns_fail(error, NS_ERROR_INPUT, "%s: index.json line %d: %s", path, reason.line, reason.text);
    ns_code code = read_index(index, arena, out, error);
    json_decref(index);
    return code;
}

void ns_corpus_close(ns_corpus *corpus)
{
    ns_archive_close(&corpus->archive);
}

ns_code ns_corpus_read(ns_corpus *corpus, const ns_corpus_graph *graph, const char *file, ns_arena *arena,
                       ns_bytes *out, ns_error *error)
{
    const char *name = ns_arena_format(arena, "%s/%s", graph->name, file);
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", file);
    return ns_archive_read(&corpus->archive, name, arena, out, error);
}

ns_code ns_corpus_array(ns_corpus *corpus, const ns_corpus_graph *graph, const char *kind, int index,
                        ns_arena *arena, ns_npy *out, ns_error *error)
{
    const char *file = ns_arena_format(arena, "%s%d.npy", kind, index);
    if (!file)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory", kind);
    ns_bytes bytes;
    NS_TRY(ns_corpus_read(corpus, graph, file, arena, &bytes, error));
    return ns_npy_read(bytes, file, arena, out, error);
}
