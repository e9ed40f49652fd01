/* npuscope diagnose: a stream that is there already, a Vela npz or .tflite, beside its graph if that is
 * given. */
#include <math.h>

#include "base/interface.h"
#include "diagnose.h"
#include "formats/interface.h"
#include "formats/tflite.h"
#include "run.h"

bool ns_diagnose_is_stream(ns_bytes bytes)
{
    return ns_npz_probe(bytes) || ns_tflite_probe(bytes);
}

/* The stream's inputs as its container declares them. */
static ns_code load_inputs(const ns_diagnose_settings *settings, const ns_npu_stream *stream, ns_arena *arena,
                           ns_diagnose_compile_options *out, ns_error *error)
{
    const int count = ns_npu_input_count(stream);
    ns_run_tensor *inputs = NS_ARENA_ARRAY(arena, (size_t)count, ns_run_tensor);
    ns_tensor *values = NS_ARENA_ARRAY(arena, (size_t)count, ns_tensor);
    if (!inputs || !values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stream's inputs");
    for (int i = 0; i < count; i++)
        NS_TRY(ns_run_declare_input(ns_npu_input(stream, i), i, arena, &inputs[i], error));
    const ns_run_settings run = {.inputs = settings->inputs};
    NS_TRY(ns_run_load_inputs(&run, arena, count, inputs, error));
    for (int i = 0; i < count; i++)
        values[i] = inputs[i].tensor;
    out->inputs = values;
    out->input_count = count;
    return NS_OK;
}

/* The inputs of the graph beside the stream. */
static ns_code load_graph(const ns_diagnose_settings *settings, ns_arena *arena,
                          ns_diagnose_compile_options *out, ns_error *error)
{
    ns_bytes bytes;
    ns_graph *graph = NULL;
    ns_diagnose_options asked = {0};
    NS_TRY(ns_file_read(settings->graphs.values[0], arena, &bytes, error));
    ns_code code = ns_graph_read_within(ns_arena_budget(arena), bytes.data, bytes.size, &graph, error);
    if (code == NS_OK)
        code = ns_graph_validate(graph, error);
    if (code == NS_OK)
        code = ns_diagnose_load_inputs(settings, graph, arena, &asked, error);
    ns_graph_free(graph);
    NS_TRY(code);
    out->model = bytes.data;
    out->model_size = bytes.size;
    out->inputs = asked.inputs;
    out->input_count = asked.input_count;
    out->samples = asked.samples;
    return NS_OK;
}

ns_code ns_diagnose_stream_file(ns_cli *cli, const ns_diagnose_settings *settings, ns_bytes bytes,
                                ns_diagnose_result *result, ns_error *error)
{
    ns_npu_stream *stream = NULL;
    ns_bytes debug = {0};
    ns_diagnose_compile_options options = {.cpu_mask = settings->cpu_mask};
    ns_diagnose_compile *row = NS_ARENA_NEW(cli->arena, ns_diagnose_compile);
    if (!row)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a verdict");
    NS_TRY((ns_npz_probe(bytes) ? ns_npu_load_npz : ns_npu_load_tflite)(
        bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, cli->arena, &stream, error));
    if (settings->debug_dbs.count)
        NS_TRY(ns_file_read(settings->debug_dbs.values[0], cli->arena, &debug, error));
    NS_TRY(settings->graphs.count ? load_graph(settings, cli->arena, &options, error)
                                  : load_inputs(settings, stream, cli->arena, &options, error));
    NS_TRY(ns_diagnose_stream_run(&options, stream, debug.data, debug.size, cli->arena, row, error));
    if (!settings->graphs.count && !settings->no_precision)
        result->precision_missing =
            "a stream alone does not tell what is right: give the .tosa file that it was "
            "compiled from, --graph FILE";
    result->compile = row;
    result->compile_count = 1;
    return NS_OK;
}
