/* npu: the command stream that Vela made of the lowered graph, on the integers that eval was given. */
#include "stage/execute.h"
#include "stage/stage.h"

ns_code ns_stage_npu(ns_ladder *ladder, ns_stage_output *output, ns_error *error)
{
    const ns_npu_options options = {.cpu_mask = ladder->cpu_mask};
    ns_tensor result = {0};
    ns_npu_statistics statistics = {0};
    NS_TRY(ns_suite_execute(&ladder->request, &options, ladder->integers, ladder->decomposed->input_count, 1,
                            ladder->arena, &result, &statistics, error));
    ladder->chip_rule = statistics.chip_rule;
    if (ns_tensor_count(&result) != ladder->count)
        return ns_fail(error, NS_ERROR_INPUT, "the stream gives %zu elements, the graph %zu",
                       ns_tensor_count(&result), ladder->count);
    output->values = NS_ARENA_ARRAY(ladder->arena, ladder->count, double);
    if (!output->values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the output");
    /* The same scale as eval's, so equal integers are equal reals and different ones are not. */
    for (size_t i = 0; i < ladder->count; i++)
        output->values[i] = (double)ns_tensor_get(&result, i) * ladder->scale;
    return NS_OK;
}
