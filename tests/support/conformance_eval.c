#include <string.h>

#include "npuscope/cpu.h"
#include "npuscope/eval.h"
#include "support/conformance.h"
#ifdef NS_EMULATED_AVX512
#include "support/kernels.h"
#endif

/* Runs a graph in chains and operator by operator: both say the same, and give the same elements. */
static ns_code evaluate_both(const ns_graph *graph, const ns_tensor *inputs, ns_arena *arena,
                             ns_tensor *outputs, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_error single_error = {0};
    ns_tensor *single = NS_ARENA_ARRAY(arena, (size_t)block->output_count, ns_tensor);
    if (!single)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory");
    const ns_eval_options options[] = {{.cpu_mask = ns_cpu_detect()},
                                       {.cpu_mask = ns_cpu_detect(), .no_chains = true}};
    const ns_code code = ns_eval(graph, &options[0], inputs, block->input_count, arena, outputs, error);
    const ns_code expected =
        ns_eval(graph, &options[1], inputs, block->input_count, arena, single, &single_error);
    if (code != expected || (code != NS_OK && strcmp(error->message, single_error.message) != 0))
        return ns_fail(error, NS_ERROR_INTERNAL, "operator by operator: %s", single_error.message);
    for (int i = 0; code == NS_OK && i < block->output_count; i++)
        if (memcmp(outputs[i].data, single[i].data,
                   ns_tensor_count(&single[i]) * (size_t)ns_dtype_bytes(single[i].dtype)) != 0)
            return ns_fail(error, NS_ERROR_INTERNAL, "output %d is another operator by operator", i);
    return code;
}

/* Fills the inputs and evaluates. */
static ns_code evaluate(ns_corpus *corpus, const ns_corpus_graph *entry, const ns_graph *graph,
                        ns_arena *arena, ns_tensor *outputs, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    if (block->input_count != entry->input_count)
        return ns_fail(error, NS_ERROR_INPUT, "the graph has %d inputs, the corpus %d", block->input_count,
                       entry->input_count);
    ns_tensor *inputs = NS_ARENA_ARRAY(arena, (size_t)block->input_count, ns_tensor);
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory");
    for (int i = 0; i < block->input_count; i++) {
        ns_npy array;
        NS_TRY(ns_corpus_array(corpus, entry, "in", i, arena, &array, error));
        NS_TRY(ns_npy_to_tensor(&array, block->tensors[block->inputs[i]].tensor.dtype, &inputs[i], error));
    }
    NS_TRY(ns_graph_validate(graph, error));
    return evaluate_both(graph, inputs, arena, outputs, error);
}

static ns_conformance compare(ns_corpus *corpus, const ns_corpus_graph *entry, const ns_graph *graph,
                              ns_arena *arena, char *message)
{
    ns_error error;
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_tensor *outputs = NS_ARENA_ARRAY(arena, (size_t)block->output_count, ns_tensor);
    ns_code code = evaluate(corpus, entry, graph, arena, outputs, &error);
    bool unpredictable = strcmp(entry->status, "unpredictable") == 0;
    if (code == NS_ERROR_UNPREDICTABLE && unpredictable)
        return NS_CONFORMANCE_EQUAL;
    if (code != NS_OK) {
        snprintf(message, NS_CONFORMANCE_MESSAGE, "%s: %s", ns_code_name(code), error.message);
        return code == NS_ERROR_UNPREDICTABLE ? NS_CONFORMANCE_DIFFERS : NS_CONFORMANCE_FAILED;
    }
    if (unpredictable) {
        snprintf(message, NS_CONFORMANCE_MESSAGE, "evaluates, but the reference model says: %s",
                 entry->reason);
        return NS_CONFORMANCE_DIFFERS;
    }
    ns_conformance worst = NS_CONFORMANCE_EQUAL;
    for (int i = 0; i < block->output_count && worst != NS_CONFORMANCE_DIFFERS; i++) {
        ns_npy got;
        if (ns_npy_from_tensor(&outputs[i], &got, &error) != NS_OK) {
            snprintf(message, NS_CONFORMANCE_MESSAGE, "output %d: %s", i, error.message);
            return NS_CONFORMANCE_FAILED;
        }
        ns_conformance result =
            ns_conformance_compare(corpus, entry, i, got.data, got.count, got.item_size, arena, message);
        worst = result > worst ? result : worst;
    }
    return worst;
}

ns_conformance ns_conformance_eval(ns_corpus *corpus, const ns_corpus_graph *entry,
                                   char message[NS_CONFORMANCE_MESSAGE])
{
    message[0] = 0;
    if (strcmp(entry->status, "ok") != 0 && strcmp(entry->status, "unpredictable") != 0)
        return NS_CONFORMANCE_EXCLUDED;
    ns_arena *arena = ns_arena_new();
    ns_error error;
    ns_bytes bytes;
    ns_graph *graph = NULL;
    ns_conformance result = NS_CONFORMANCE_FAILED;
    if (ns_corpus_read(corpus, entry, "graph.tosa", arena, &bytes, &error) == NS_OK &&
        ns_graph_read(bytes.data, bytes.size, &graph, &error) == NS_OK)
        result = compare(corpus, entry, graph, arena, message);
    else
        snprintf(message, NS_CONFORMANCE_MESSAGE, "%s", error.message);
    ns_graph_free(graph);
    ns_arena_free(arena);
    return result;
}
