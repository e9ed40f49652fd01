#include "stage/execute.h"

ns_code ns_suite_execute(const ns_vela_request *request, const ns_npu_options *options,
                         const ns_tensor *inputs, int input_count, int output_count, ns_arena *arena,
                         ns_tensor *outputs, ns_npu_statistics *statistics, ns_error *error)
{
    ns_npu_stream *stream = NULL;
    NS_TRY(ns_npu_load_npz(request->npz, request->npz_size, request->accelerator, arena, &stream, error));
    if (ns_npu_input_count(stream) != input_count || ns_npu_output_count(stream) != output_count)
        return ns_fail(error, NS_ERROR_INPUT, "the stream has %d inputs and %d outputs, the graph %d and %d",
                       ns_npu_input_count(stream), ns_npu_output_count(stream), input_count, output_count);
    return ns_npu_run(stream, options, inputs, input_count, arena, outputs, statistics, error);
}
