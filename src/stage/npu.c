/* npu: the command stream that Vela made of the lowered graph, on the integers that eval was given. */
#include "stage/execute.h"
#include "stage/stage.h"

/* Hazards are not asked for, so that every message is a chip rule. */
static void note_chip_rule(void *context, const char *text)
{
    ns_case_run *run = context;
    if (!run->chip_rule)
        run->chip_rule = ns_arena_string(run->arena, text);
}

ns_code ns_stage_npu(ns_case_run *run, ns_stage_output *output, ns_error *error)
{
    const ns_npu_options options = {.cpu_mask = run->cpu_mask, .message = note_chip_rule, .context = run};
    ns_tensor result = {0};
    NS_TRY(ns_suite_execute(&run->request, &options, run->integers, run->decomposed->input_count, 1,
                            run->arena, &result, NULL, error));
    if (ns_tensor_count(&result) != run->count)
        return ns_fail(error, NS_ERROR_INPUT, "the stream gives %zu elements, the graph %zu",
                       ns_tensor_count(&result), run->count);
    output->values = NS_ARENA_ARRAY(run->arena, run->count, double);
    if (!output->values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the output");
    /* The same scale as eval's, so equal integers are equal reals and different ones are not. */
    for (size_t i = 0; i < run->count; i++)
        output->values[i] = (double)ns_tensor_get(&result, i) * run->scale;
    return NS_OK;
}
