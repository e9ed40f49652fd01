#include "stage/execute.h"

ns_code ns_stage_execute(const ns_stage_execution *execution, ns_arena *arena, ns_tensor *outputs,
                         ns_npu_statistics *statistics, ns_error *error)
{
    const ns_vela_request *request = execution->request;
    const ns_npu_options options = {.cpu_mask = execution->cpu_mask};
    ns_npu_stream *stream = NULL;
    NS_TRY(ns_npu_load_npz(request->npz, request->npz_size, request->accelerator, arena, &stream, error));
    if (ns_npu_input_count(stream) != execution->input_count ||
        ns_npu_output_count(stream) != execution->output_count)
        return ns_fail(error, NS_ERROR_INPUT, "the stream has %d inputs and %d outputs, the graph %d and %d",
                       ns_npu_input_count(stream), ns_npu_output_count(stream), execution->input_count,
                       execution->output_count);
    return ns_npu_run(stream, &options, execution->inputs, execution->input_count, arena, outputs, statistics,
                      error);
}
