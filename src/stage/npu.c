/* npu: the command stream that Vela made of the lowered graph, on the integers that eval was given. */
#include "stage/interface.h"

ns_code ns_stage_npu_results(ns_ladder *ladder, ns_tensor *results, ns_error *error)
{
    const ns_stage_execution execution = {.request = &ladder->request,
                                          .cpu_mask = ladder->cpu_mask,
                                          .input_count = ladder->input_count,
                                          .output_count = ladder->output_count,
                                          .inputs = ladder->integers};
    ns_npu_statistics statistics = {0};
    NS_TRY(ns_stage_execute(&execution, ladder->arena, results, &statistics, error));
    ladder->chip_rule = statistics.chip_rule;
    return NS_OK;
}

ns_code ns_stage_npu(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    if (ladder->parts)
        return ns_parts_npu(ladder, output, error);
    ns_tensor *results = NS_ARENA_ARRAY(ladder->arena, (size_t)ladder->output_count, ns_tensor);
    if (!results)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the outputs");
    NS_TRY(ns_stage_npu_results(ladder, results, error));
    /* The same scales as eval's, so equal integers are equal reals and different ones are not. */
    return ns_outputs_dequantise(ladder, "the stream", results, &output->values, error);
}
