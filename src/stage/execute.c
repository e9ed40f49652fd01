#include "stage/interface.h"

/* The inputs that the graph reads. */
static ns_code keep_read(const ns_stage_execution *execution, ns_arena *arena, const ns_tensor **inputs,
                         int *count, ns_error *error)
{
    ns_tensor *kept = NS_ARENA_ARRAY(arena, (size_t)execution->input_count, ns_tensor);
    if (!kept)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for inputs");
    *count = 0;
    for (int i = 0; i < execution->input_count; i++)
        if (execution->read[i])
            kept[(*count)++] = execution->inputs[i];
    *inputs = kept;
    return NS_OK;
}

ns_code ns_stage_execute(const ns_stage_execution *execution, ns_arena *arena, ns_tensor *outputs,
                         ns_npu_statistics *statistics, ns_error *error)
{
    const ns_vela_request *request = execution->request;
    const ns_npu_options options = {.cpu_mask = execution->cpu_mask, .check = execution->check};
    ns_npu_stream *stream = NULL;
    NS_TRY(ns_npu_load_npz(request->npz, request->npz_size, request->accelerator, arena, &stream, error));
    const ns_tensor *inputs = execution->inputs;
    int input_count = execution->input_count;
    if (ns_npu_input_count(stream) < input_count && execution->read)
        NS_TRY(keep_read(execution, arena, &inputs, &input_count, error));
    if (!ns_npu_input_count(stream)) /* Vela found that nothing depends on them; the outputs will tell */
        input_count = 0;
    if (ns_npu_input_count(stream) != input_count || ns_npu_output_count(stream) != execution->output_count)
        return ns_fail(error, NS_ERROR_INPUT, "the stream has %d inputs and %d outputs, the graph %d and %d",
                       ns_npu_input_count(stream), ns_npu_output_count(stream), execution->input_count,
                       execution->output_count);
    return ns_npu_run(stream, &options, inputs, input_count, arena, outputs, statistics, error);
}
