/* Fuzz target: a .tosa file is diagnosed: defects by their patterns, and the precision half with its mends,
 * within a small budget.
 *
 * The input: one byte of choices, then the file. */
#include <stdint.h>
#include <stdlib.h>

#include "npuscope/defects.h"
#include "npuscope/diagnose.h"
#include "npuscope/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The main block's inputs, `samples` of each, in a pattern; false where they have no memory or no shape. */
static bool make_inputs(const ns_block *block, int samples, ns_arena *arena, ns_tensor *out)
{
    ns_error error;
    for (int i = 0; i < block->input_count; i++) {
        ns_tensor *tensor = &out[i];
        const ns_tensor *declared = &block->tensors[block->inputs[i]].tensor;
        if (ns_tensor_new(arena, declared->dtype, declared->rank, declared->shape, tensor, &error) != NS_OK)
            return false;
        const size_t bytes = ns_tensor_count(tensor) * (size_t)ns_dtype_bytes(tensor->dtype);
        uint8_t *values = ns_arena_alloc(arena, (size_t)samples, bytes);
        for (size_t k = 0; values && k < bytes * (size_t)samples; k++)
            values[k] = (uint8_t)(k * 37 + (size_t)i);
        for (size_t k = 0;
             values && k < ns_tensor_count(tensor) * (size_t)samples && ns_dtype_is_integer(tensor->dtype);
             k++) {
            ns_tensor one = *tensor;
            one.data = values;
            const int64_t low = ns_dtype_min(one.dtype), span = ns_dtype_max(one.dtype) / 2 - low / 2;
            ns_tensor_set(&one, k,
                          low / 2 + (int64_t)((k * 2654435761u + (size_t)i) % (size_t)(span > 0 ? span : 1)));
        }
        if (!(tensor->data = values))
            return false;
    }
    return true;
}

static void diagnose(const ns_graph *graph, uint8_t choice, ns_arena *arena)
{
    ns_error error = {0};
    ns_defect_match *matches;
    int count;
    const ns_block *block = &graph->regions[0].blocks[0];
    const int samples = 1 + choice % 2;
    ns_tensor *inputs = NS_ARENA_ARRAY(arena, (size_t)block->input_count + 1, ns_tensor);
    ns_diagnose_result *result = NS_ARENA_NEW(arena, ns_diagnose_result);
    ns_diagnose_precision *precision = NS_ARENA_NEW(arena, ns_diagnose_precision);
    (void)ns_defects_find(graph, NS_FAMILY_U55 | NS_FAMILY_U65 | NS_FAMILY_U85, NULL, arena, &matches, &count,
                          &error);
    if (!inputs || !result || !precision || !make_inputs(block, samples, arena, inputs))
        return;
    const ns_diagnose_options options = {
        .inputs = inputs, .input_count = block->input_count, .samples = samples, .threads = 1};
    if (ns_diagnose_precision_run(graph, &options, arena, precision, &error) != NS_OK) {
        if (!error.message[0])
            abort();
        return;
    }
    ns_diagnose_applied applied = {0};
    if (choice & 2 && ns_diagnose_apply(graph, &options, precision, arena, &applied, &error) == NS_OK)
        ns_graph_free(applied.graph);
    ns_diagnose_smallest smallest;
    if (choice & 4)
        (void)ns_diagnose_reduce(graph, &options, precision, 0.05, arena, &smallest, &error);
    const char *text;
    size_t length;
    *result = (ns_diagnose_result){.model = "fuzz", .precision = precision};
    if (ns_report_diagnosis_json(result, arena, &text, &length, &error) == NS_ERROR_INTERNAL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ns_error error;
    ns_graph *graph = NULL;
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)64 << 20, (uint64_t)1 << 22, 0.5);
    if (size < 1 || ns_graph_read_within(&budget, data + 1, size - 1, &graph, &error) != NS_OK)
        return 0;
    ns_arena *arena = ns_arena_new_within(&budget);
    if (arena && ns_graph_validate(graph, &error) == NS_OK)
        diagnose(graph, data[0], arena);
    ns_arena_free(arena);
    ns_graph_free(graph);
    if (budget.memory != 0)
        abort();
    return 0;
}
