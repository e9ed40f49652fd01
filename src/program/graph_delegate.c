#include "program/internal.h"

#include <string.h>

#include "npuscope/eval.h"
#include "npuscope/graph.h"

static ns_code read(ns_bytes bytes, ns_graph **graph, ns_error *error)
{
    ns_code code = ns_graph_read(bytes.data, bytes.size, graph, error);
    if (code == NS_OK)
        code = ns_graph_validate(*graph, error);
    return code == NS_OK ? NS_OK : ns_add_context(error, "TOSA graph");
}

static ns_code describe(const ns_block *block, const int *list, int count, ns_arena *arena,
                        const ns_npu_io **out, ns_error *error)
{
    ns_npu_io *io = NS_ARENA_ARRAY(arena, (size_t)count, ns_npu_io);
    if (!io)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph's interface");
    for (int i = 0; i < count; i++) {
        const ns_graph_tensor *declared = &block->tensors[list[i]];
        const ns_tensor *tensor = &declared->tensor;
        io[i] = (ns_npu_io){.name = ns_arena_string(arena, declared->name),
                            .rank = tensor->rank ? tensor->rank : 1,
                            .shape = {1},
                            .element_bytes = ns_dtype_bytes(tensor->dtype),
                            .exact_shape = true};
        if (!io[i].name)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph's interface");
        memcpy(io[i].shape, tensor->shape, (size_t)tensor->rank * sizeof tensor->shape[0]);
    }
    *out = io;
    return NS_OK;
}

ns_code ns_graph_delegate_interface(ns_bytes bytes, ns_arena *arena, int *input_count,
                                    const ns_npu_io **inputs, int *output_count, const ns_npu_io **outputs,
                                    ns_error *error)
{
    ns_graph *graph = NULL;
    ns_code code = read(bytes, &graph, error);
    if (code == NS_OK) {
        const ns_block *block = &graph->regions[0].blocks[0];
        *input_count = block->input_count;
        *output_count = block->output_count;
        code = describe(block, block->inputs, block->input_count, arena, inputs, error);
        if (code == NS_OK)
            code = describe(block, block->outputs, block->output_count, arena, outputs, error);
    }
    ns_graph_free(graph);
    return code;
}

ns_code ns_graph_delegate_run(ns_bytes bytes, const ns_npu_options *options, const ns_tensor *inputs,
                              int input_count, ns_arena *arena, ns_tensor *outputs, ns_error *error)
{
    ns_graph *graph = NULL;
    ns_code code = read(bytes, &graph, error);
    ns_tensor *typed = code == NS_OK ? NS_ARENA_ARRAY(arena, (size_t)input_count, ns_tensor) : NULL;
    if (code == NS_OK && !typed)
        code = ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph's inputs");
    for (int i = 0; code == NS_OK && i < input_count; i++) {
        const ns_block *block = &graph->regions[0].blocks[0];
        typed[i] = block->tensors[block->inputs[i]].tensor;
        typed[i].data = inputs[i].data;
    }
    const ns_eval_options eval = {.cpu_mask = options ? options->cpu_mask : 0,
                                  .budget = options ? options->budget : NULL};
    if (code == NS_OK)
        code = ns_eval(graph, &eval, typed, input_count, arena, outputs, error);
    ns_graph_free(graph);
    return code;
}

ns_code ns_graph_delegate_print(ns_bytes bytes, bool as_json, ns_arena *arena, const char **text,
                                ns_error *error)
{
    ns_graph *graph = NULL;
    ns_code code = read(bytes, &graph, error);
    if (code == NS_OK)
        code = (as_json ? ns_graph_print_json : ns_graph_print_text)(graph, arena, text, error);
    ns_graph_free(graph);
    return code;
}
