/* eval: the lowered TOSA graph, in integers. */
#include "npuscope/eval.h"
#include "lower/interface.h"
#include "stage/interface.h"

/* One input as the integers that ExecuTorch's quantize operator gives the delegate; what is no real stands
 * for itself.
 */
static ns_code quantise_input(ns_ladder *ladder, int index, ns_error *error)
{
    const ns_aten_node *node = &ladder->decomposed->nodes[ladder->decomposed->inputs[index]];
    const float *reals = ladder->inputs[index].data;
    ns_tensor *integers = &ladder->integers[index];
    const size_t count = ns_aten_count(node);
    if (node->dtype != NS_DTYPE_FP32) {
        *integers = ladder->inputs[index];
        return NS_OK;
    }
    int32_t *values = NS_ARENA_ARRAY(ladder->arena, count, int32_t);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs");
    NS_TRY(ns_quantise_values(&node->quantisation, node->rank, node->shape, reals, values, error));
    NS_TRY(ns_tensor_new(ladder->arena, node->quantisation.dtype, node->rank, node->shape, integers, error));
    for (size_t k = 0; k < count; k++)
        ns_tensor_set(integers, k, values[k]);
    return NS_OK;
}

static ns_code quantise_inputs(ns_ladder *ladder, ns_error *error)
{
    ladder->integers = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->decomposed->input_count, ns_tensor);
    if (!ladder->integers)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs");
    for (int i = 0; i < ladder->decomposed->input_count; i++)
        NS_TRY(quantise_input(ladder, i, error));
    return NS_OK;
}

static ns_code evaluate_graph(ns_ladder *ladder, const ns_graph *graph, double **output, ns_error *error)
{
    NS_TRY(ns_graph_validate(graph, error));
    if (graph->regions[0].blocks[0].output_count != ladder->output_count)
        return ns_fail(error, NS_ERROR_INTERNAL, "the lowered graph has %d outputs, the program has %d",
                       graph->regions[0].blocks[0].output_count, ladder->output_count);
    NS_TRY(quantise_inputs(ladder, error));
    const ns_eval_options options = {.cpu_mask = ladder->cpu_mask};
    ns_tensor *evaluated = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->output_count, ns_tensor);
    if (!evaluated)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the outputs");
    NS_TRY(ns_eval(graph, &options, ladder->integers, ladder->decomposed->input_count, ladder->arena,
                   evaluated, error));
    ladder->evaluated = evaluated;
    return ns_outputs_dequantise(ladder, "the lowered graph", evaluated, output, error);
}

ns_code ns_stage_eval(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    const ns_target target = ladder->row->target->target;
    ns_code code = ns_lower_supported(ladder->decomposed, target, error);
    if (code != NS_OK)
        return code == NS_ERROR_UNSUPPORTED ? ns_parts_eval(ladder, output, error) : code;
    NS_TRY(ns_parts_check(ladder, 1, error));
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
