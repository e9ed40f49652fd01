/* npuscope inspect: Vela's command streams, and which registers a set of them executes. */

#include "base/interface.h"
#include "formats/tflite.h"
#include "npu/watch/interface.h"
#include "shared.h"

/* Either container of a command stream, told by its content. */
static ns_code load(ns_bytes bytes, ns_arena *arena, ns_npu_stream **out, ns_error *error)
{
    return ns_tflite_probe(bytes)
               ? ns_npu_load_tflite(bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, arena, out, error)
               : ns_npu_load_npz(bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, arena, out, error);
}

static ns_code stream_json(ns_npu_stream *stream, const char *only, ns_buffer *text, ns_error *error)
{
    ns_json json = ns_json_begin(text, true, 17);
    NS_TRY(ns_npu_inspect_some_json(stream, only, &json, NULL, error));
    return ns_json_finish(&json, "the description", NULL, error);
}

ns_code ns_inspect_stream(ns_cli *cli, bool json, const char *only, ns_bytes bytes, ns_error *error)
{
    ns_npu_stream *stream;
    ns_buffer text = {.arena = cli->arena};
    NS_TRY(load(bytes, cli->arena, &stream, error));
    NS_TRY(json ? stream_json(stream, only, &text, error) : ns_npu_inspect_some(stream, only, &text, error));
    fwrite(text.data, 1, text.size, json ? cli->documents : cli->out);
    return NS_OK;
}

/* Families meet in one list: one coverage each. */
typedef struct coverage_list {
    ns_npu_coverage *items[8];
    int count;
} coverage_list;

static ns_code add_file(ns_cli *cli, coverage_list *list, const char *path, ns_error *error)
{
    ns_bytes bytes;
    ns_npu_stream *stream;
    ns_arena *arena = ns_arena_new_like(cli->arena);
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", path);
    ns_code code = ns_file_read(path, arena, &bytes, error);
    if (code == NS_OK)
        code = load(bytes, arena, &stream, error);
    int i = 0;
    while (code == NS_OK && i < list->count && list->items[i]->table != stream->config->table)
        i++;
    if (code == NS_OK && i == list->count) {
        code = ns_npu_coverage_new(stream->config->table, cli->arena, &list->items[i], error);
        list->count += code == NS_OK;
    }
    if (code == NS_OK)
        code = ns_npu_coverage_add(list->items[i], stream, error);
    ns_arena_free(arena);
    return code == NS_OK ? NS_OK : ns_add_context(error, "%s", path);
}

static ns_code coverage_json(const coverage_list *list, ns_buffer *text, ns_error *error)
{
    ns_json json = ns_json_begin(text, true, 17);
    json.lines = 3; /* families and their parts; their members share a line */
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/coverage/1");
    ns_json_array(&json, "families");
    for (int i = 0; i < list->count; i++)
        ns_npu_coverage_json(list->items[i], &json);
    ns_json_end(&json);
    ns_json_end(&json);
    return ns_json_finish(&json, "the coverage", NULL, error);
}

static ns_code coverage_text(const coverage_list *list, ns_buffer *text, ns_error *error)
{
    for (int i = 0; i < list->count; i++) {
        ns_buffer_format(text, i ? "\n" : "");
        ns_npu_coverage_text(list->items[i], text);
    }
    return text->failed ? ns_fail(error, NS_ERROR_MEMORY, "no memory for the coverage") : NS_OK;
}

ns_code ns_inspect_coverage(ns_cli *cli, bool json, int count, char **paths, ns_error *error)
{
    coverage_list list = {0};
    ns_buffer text = {.arena = cli->arena};
    for (int i = 0; i < count; i++)
        NS_TRY(add_file(cli, &list, paths[i], error));
    NS_TRY(json ? coverage_json(&list, &text, error) : coverage_text(&list, &text, error));
    fwrite(text.data, 1, text.size, json ? cli->documents : cli->out);
    return NS_OK;
}
