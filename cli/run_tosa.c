/* npuscope run: TOSA graphs. */
#include <string.h>

#include "npuscope/eval.h"
#include "run.h"

/* A FlatBuffer's file identifier follows the offset of its root. */
static bool probe(ns_bytes bytes)
{
    return bytes.size >= 8 && memcmp(bytes.data + 4, "TOSA", 4) == 0;
}

static ns_code run_graph(ns_cli *cli, const ns_run_settings *settings, const ns_graph *graph,
                         int *output_count, ns_run_tensor **outputs, ns_error *error)
{
    NS_TRY(ns_graph_validate(graph, error));
    const ns_block *block = &graph->regions[0].blocks[0];
    size_t in_count = (size_t)block->input_count, out_count = (size_t)block->output_count;
    ns_run_tensor *in = NS_ARENA_ARRAY(cli->arena, in_count, ns_run_tensor);
    ns_run_tensor *out = NS_ARENA_ARRAY(cli->arena, out_count, ns_run_tensor);
    ns_tensor *values = NS_ARENA_ARRAY(cli->arena, in_count, ns_tensor);
    ns_tensor *results = NS_ARENA_ARRAY(cli->arena, out_count, ns_tensor);
    if (!in || !out || !values || !results)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs and outputs");
    for (size_t i = 0; i < in_count; i++) {
        const ns_graph_tensor *declared = &block->tensors[block->inputs[i]];
        in[i] = (ns_run_tensor){declared->name, declared->tensor};
        in[i].tensor.data = NULL;
    }
    NS_TRY(ns_run_load_inputs(settings, cli->arena, block->input_count, in, error));
    for (size_t i = 0; i < in_count; i++)
        values[i] = in[i].tensor;
    ns_eval_options options = {.cpu_mask = settings->cpu_mask};
    NS_TRY(ns_eval(graph, &options, values, block->input_count, cli->arena, results, error));
    for (size_t i = 0; i < out_count; i++) {
        /* The names must outlive the graph. */
        const char *name = ns_arena_string(cli->arena, block->tensors[block->outputs[i]].name);
        if (!name)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        out[i] = (ns_run_tensor){.name = name, .tensor = results[i]};
    }
    *output_count = block->output_count;
    *outputs = out;
    return NS_OK;
}

static ns_code run(ns_cli *cli, const ns_run_settings *settings, ns_bytes bytes, int *output_count,
                   ns_run_tensor **outputs, ns_error *error)
{
    ns_graph *graph = NULL;
    NS_TRY(ns_graph_read(bytes.data, bytes.size, &graph, error));
    ns_code code = run_graph(cli, settings, graph, output_count, outputs, error);
    ns_graph_free(graph);
    return code;
}

const ns_model_kind ns_model_tosa = {.name = "TOSA graph", .probe = probe, .run = run};
