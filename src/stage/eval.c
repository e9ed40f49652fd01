/* eval: the lowered TOSA graph, in integers. */
#include "npuscope/eval.h"
#include "lower/lower.h"
#include "stage/stage.h"
#include "suite/details.h"

/* The program's inputs as the integers that ExecuTorch's quantize operators give the delegate. */
static ns_code quantise_inputs(ns_case_run *run, ns_error *error)
{
    run->integers = NS_ARENA_ARRAY(run->arena, (size_t)run->decomposed->input_count, ns_tensor);
    if (!run->integers)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs");
    for (int i = 0; i < run->decomposed->input_count; i++) {
        const ns_aten_node *node = &run->decomposed->nodes[run->decomposed->inputs[i]];
        const size_t count = ns_aten_count(node);
        int32_t *values = NS_ARENA_ARRAY(run->arena, count, int32_t);
        if (!values)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs");
        NS_TRY(ns_quantise_values(&node->quantisation, node->rank, node->shape, run->inputs[i].data, values,
                                  error));
        NS_TRY(ns_tensor_new(run->arena, node->quantisation.dtype, node->rank, node->shape, &run->integers[i],
                             error));
        for (size_t k = 0; k < count; k++)
            ns_tensor_set(&run->integers[i], k, values[k]);
    }
    return NS_OK;
}

static ns_code evaluate_graph(ns_case_run *run, const ns_graph *graph, double **output, ns_error *error)
{
    NS_TRY(ns_graph_validate(graph, error));
    if (graph->regions[0].blocks[0].output_count != 1)
        return ns_fail(error, NS_ERROR_INTERNAL, "the lowered graph has %d outputs, the program has 1",
                       graph->regions[0].blocks[0].output_count);
    NS_TRY(quantise_inputs(run, error));
    const ns_eval_options options = {.cpu_mask = run->cpu_mask};
    NS_TRY(ns_eval(graph, &options, run->integers, run->decomposed->input_count, run->arena, &run->evaluated,
                   error));
    if (ns_tensor_count(&run->evaluated) != run->count)
        return ns_fail(error, NS_ERROR_INTERNAL, "the lowered graph gives %zu elements, the program %zu",
                       ns_tensor_count(&run->evaluated), run->count);
    *output = NS_ARENA_ARRAY(run->arena, run->count, double);
    if (!*output)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the output");
    for (size_t i = 0; i < run->count; i++)
        (*output)[i] = (double)ns_tensor_get(&run->evaluated, i) * run->scale;
    return NS_OK;
}

ns_code ns_stage_eval(ns_case_run *run, ns_stage_output *output, ns_error *error)
{
    const ns_target target = run->row->target->target;
    ns_code code = ns_lower_supported(run->decomposed, target, error);
    if (code != NS_OK) {
        output->rejected = code == NS_ERROR_UNSUPPORTED;
        return code;
    }
    ns_graph *graph = NULL;
    NS_TRY(ns_lower(run->decomposed, target, &graph, error));
    if (run->hooks && run->hooks->lowered)
        code = run->hooks->lowered(run->hooks->context, run->decomposed, &graph, error);
    if (code == NS_OK && run->details)
        code = ns_details_draw_graph(graph, run->arena, run->details, error);
    if (code == NS_OK && run->stages & NS_STAGES_COMPILED)
        code = ns_graph_write(graph, run->arena, &run->request.graph, &run->request.graph_size, error);
    if (code == NS_OK)
        code = evaluate_graph(run, graph, &output->values, error);
    ns_graph_free(graph);
    return code;
}
