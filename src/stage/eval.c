/* eval: the lowered TOSA graph, in integers. */
#include "npuscope/eval.h"
#include "lower/lower.h"
#include "stage/stage.h"

/* The program's inputs as the integers that ExecuTorch's quantize operators give the delegate. */
static ns_code quantise_inputs(ns_ladder *ladder, ns_error *error)
{
    ladder->integers = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->decomposed->input_count, ns_tensor);
    if (!ladder->integers)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs");
    for (int i = 0; i < ladder->decomposed->input_count; i++) {
        const ns_aten_node *node = &ladder->decomposed->nodes[ladder->decomposed->inputs[i]];
        const size_t count = ns_aten_count(node);
        int32_t *values = NS_ARENA_ARRAY(ladder->arena, count, int32_t);
        if (!values)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs");
        NS_TRY(ns_quantise_values(&node->quantisation, node->rank, node->shape, ladder->inputs[i].data,
                                  values, error));
        NS_TRY(ns_tensor_new(ladder->arena, node->quantisation.dtype, node->rank, node->shape,
                             &ladder->integers[i], error));
        for (size_t k = 0; k < count; k++)
            ns_tensor_set(&ladder->integers[i], k, values[k]);
    }
    return NS_OK;
}

static ns_code evaluate_graph(ns_ladder *ladder, const ns_graph *graph, double **output, ns_error *error)
{
    NS_TRY(ns_graph_validate(graph, error));
    if (graph->regions[0].blocks[0].output_count != 1)
        return ns_fail(error, NS_ERROR_INTERNAL, "the lowered graph has %d outputs, the program has 1",
                       graph->regions[0].blocks[0].output_count);
    NS_TRY(quantise_inputs(ladder, error));
    const ns_eval_options options = {.cpu_mask = ladder->cpu_mask};
    NS_TRY(ns_eval(graph, &options, ladder->integers, ladder->decomposed->input_count, ladder->arena,
                   &ladder->evaluated, error));
    if (ns_tensor_count(&ladder->evaluated) != ladder->count)
        return ns_fail(error, NS_ERROR_INTERNAL, "the lowered graph gives %zu elements, the program %zu",
                       ns_tensor_count(&ladder->evaluated), ladder->count);
    *output = NS_ARENA_ARRAY(ladder->arena, ladder->count, double);
    if (!*output)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the output");
    for (size_t i = 0; i < ladder->count; i++)
        (*output)[i] = (double)ns_tensor_get(&ladder->evaluated, i) * ladder->scale;
    return NS_OK;
}

ns_code ns_stage_eval(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    const ns_target target = ladder->row->target->target;
    ns_code code = ns_lower_supported(ladder->decomposed, target, error);
    if (code != NS_OK) {
        output->rejected = code == NS_ERROR_UNSUPPORTED;
        return code;
    }
    ns_graph *graph = NULL;
    NS_TRY(ns_lower(ladder->decomposed, target, &graph, error));
    if (ladder->hooks && ladder->hooks->lowered)
        code = ladder->hooks->lowered(ladder->hooks->context, ladder->decomposed, &graph, error);
    if (code == NS_OK && ladder->watch)
        code = ladder->watch(ladder->watch_context, graph, error);
    if (code == NS_OK && ladder->compile)
        code =
            ns_graph_write(graph, ladder->arena, &ladder->request.graph, &ladder->request.graph_size, error);
    if (code == NS_OK)
        code = evaluate_graph(ladder, graph, &output->values, error);
    ns_graph_free(graph);
    return code;
}
