#include "draft/interface.h"

#include "base/interface.h"
#include "formats/interface.h"

ns_code ns_exhibit_make(const ns_draft *draft, ns_arena *arena, ns_exhibit *out, ns_error *error)
{
    *out = (ns_exhibit){.output_count = draft->output_count};
    ns_tensor *inputs = NS_ARENA_ARRAY(arena, (size_t)draft->count, ns_tensor);
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph's inputs");
    NS_TRY(ns_draft_to_graph(draft, &out->graph, inputs, &out->input_count, error));
    out->inputs = inputs;
    for (int i = 0; i < draft->output_count; i++)
        out->outputs[i] = *ns_draft_value(draft, draft->outputs[i]);
    const ns_code code = ns_graph_write(out->graph, arena, &out->file, &out->file_size, error);
    if (code != NS_OK)
        ns_graph_free(out->graph);
    return code;
}

static ns_code write_tensor(const char *folder, const char *kind, int index, const ns_tensor *tensor,
                            ns_arena *arena, ns_error *error)
{
    ns_npy array;
    const char *path = ns_arena_format(arena, "%s/%s%d.npy", folder, kind, index);
    if (!path)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
    NS_TRY(ns_npy_from_tensor(tensor, &array, error));
    return ns_npy_save(&array, path, arena, error);
}

ns_code ns_exhibit_write(const ns_exhibit *exhibit, const char *folder, ns_arena *arena, ns_error *error)
{
    NS_TRY(ns_folder_make(folder, error));
    const char *path = ns_arena_format(arena, "%s/graph.tosa", folder);
    if (!path)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file name");
    NS_TRY(ns_file_write(path, (ns_bytes){exhibit->file, exhibit->file_size}, error));
    for (int i = 0; i < exhibit->input_count; i++)
        NS_TRY(write_tensor(folder, "in", i, &exhibit->inputs[i], arena, error));
    for (int i = 0; i < exhibit->output_count; i++)
        NS_TRY(write_tensor(folder, "out", i, &exhibit->outputs[i], arena, error));
    return NS_OK;
}

ns_code ns_draft_write(const ns_draft *draft, const char *folder, ns_arena *arena, ns_error *error)
{
    ns_exhibit exhibit;
    NS_TRY(ns_exhibit_make(draft, arena, &exhibit, error));
    const ns_code code = ns_exhibit_write(&exhibit, folder, arena, error);
    ns_graph_free(exhibit.graph);
    return code;
}
