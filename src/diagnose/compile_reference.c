/* What every tensor of the graph holds: the graph once more with all of them as outputs. */
#include <string.h>

#include "diagnose/compile_parts.h"

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the graph's tensors");
}

/* Results of all operators of the main block, without constants and variables. */
static ns_code show_all(ns_graph *graph, ns_arena *arena, int **shown, int *count, ns_error *error)
{
    ns_block *block = &graph->regions[0].blocks[0];
    *shown = NS_ARENA_ARRAY(arena, (size_t)block->tensor_count, int);
    *count = 0;
    if (!*shown)
        return no_memory(error);
    for (int i = 0; i < block->operator_count; i++)
        for (int k = 0; k < block->operators[i].output_count; k++) {
            const int tensor = block->operators[i].outputs[k];
            if (!block->tensors[tensor].tensor.data && !block->tensors[tensor].is_variable &&
                block->tensors[tensor].tensor.dtype != NS_DTYPE_SHAPE)
                (*shown)[(*count)++] = tensor;
        }
    return ns_block_set_outputs(graph, block, *count, *shown, error);
}

static ns_code evaluate_sample(const ns_diagnose_compile_options *options, ns_compile_reference *reference,
                               const ns_graph *all, const int *shown, int count, int sample, ns_arena *arena,
                               ns_error *error)
{
    const ns_block *block = reference->block;
    ns_tensor *inputs = reference->inputs + sample * block->input_count;
    ns_tensor *values = reference->values + sample * block->tensor_count;
    ns_tensor *results = NS_ARENA_ARRAY(arena, (size_t)count, ns_tensor);
    if (!results)
        return no_memory(error);
    for (int i = 0; i < block->input_count; i++) {
        inputs[i] = block->tensors[block->inputs[i]].tensor;
        const size_t bytes = ns_tensor_count(&inputs[i]) * (size_t)ns_dtype_bytes(inputs[i].dtype);
        inputs[i].data = (uint8_t *)options->inputs[i].data + (size_t)sample * bytes;
        values[block->inputs[i]] = inputs[i];
    }
    const ns_eval_options eval = {.cpu_mask = options->cpu_mask};
    NS_TRY(ns_eval(all, &eval, inputs, block->input_count, arena, results, error));
    for (int i = 0; i < count; i++)
        values[shown[i]] = results[i];
    for (int i = 0; i < block->output_count; i++) {
        const int index = block->outputs[i];
        if (!values[index].data) /* a constant, or an input */
            values[index] = block->tensors[index].tensor;
        reference->expected[sample * block->output_count + i] = values[index];
    }
    return NS_OK;
}

ns_code ns_compile_evaluate(const ns_diagnose_compile_options *options, ns_arena *arena,
                            ns_compile_reference *out, ns_error *error)
{
    ns_graph *all = NULL;
    int *shown = NULL, count = 0;
    NS_TRY(ns_graph_read_within(ns_arena_budget(arena), options->model, options->model_size, &out->graph,
                                error));
    out->block = &out->graph->regions[0].blocks[0];
    out->samples = options->samples ? options->samples : 1;
    NS_TRY(ns_graph_validate(out->graph, error));
    if (options->input_count != out->block->input_count)
        return ns_fail(error, NS_ERROR_INPUT, "the graph has %d inputs, %d are given",
                       out->block->input_count, options->input_count);
    const size_t samples = (size_t)out->samples;
    out->values = NS_ARENA_ARRAY(arena, samples * (size_t)out->block->tensor_count, ns_tensor);
    out->inputs = NS_ARENA_ARRAY(arena, samples * (size_t)out->block->input_count, ns_tensor);
    out->expected = NS_ARENA_ARRAY(arena, samples * (size_t)out->block->output_count, ns_tensor);
    if (!out->values || !out->inputs || !out->expected)
        return no_memory(error);
    NS_TRY(ns_graph_read_within(ns_arena_budget(arena), options->model, options->model_size, &all, error));
    ns_code code = show_all(all, arena, &shown, &count, error);
    for (int i = 0; code == NS_OK && i < out->samples; i++)
        code = evaluate_sample(options, out, all, shown, count, i, arena, error);
    ns_graph_free(all);
    return code;
}

int ns_compile_find_tensor(const ns_block *block, const char *name)
{
    for (int i = 0; i < block->tensor_count; i++)
        if (block->tensors[i].name && strcmp(block->tensors[i].name, name) == 0)
            return i;
    return -1;
}
