#include <string.h>

#include "formats/interface.h"
#include "formats/tflite.h"
#include "npuscope/cpu.h"
#include "npuscope/program.h"
#include "support/conformance.h"

static ns_dtype dtype_of_bytes(size_t bytes)
{
    return bytes == 1   ? NS_DTYPE_INT8
           : bytes == 2 ? NS_DTYPE_INT16
           : bytes == 4 ? NS_DTYPE_INT32
                        : NS_DTYPE_INT48;
}

/* The corpus' inputs under the stream's shapes: Vela may pad or fold dimensions, the element order stays. */
static ns_code read_inputs(ns_corpus *corpus, const ns_corpus_graph *graph, const ns_npu_stream *stream,
                           ns_arena *arena, ns_tensor *inputs, ns_error *error)
{
    for (int i = 0; i < graph->input_count; i++) {
        ns_npy array;
        NS_TRY(ns_corpus_array(corpus, graph, "in", i, arena, &array, error));
        const ns_npu_io *io = ns_npu_input(stream, i);
        inputs[i] =
            (ns_tensor){.dtype = dtype_of_bytes(array.item_size), .rank = io->rank, .data = array.data};
        memcpy(inputs[i].shape, io->shape, sizeof inputs[i].shape);
        if (ns_tensor_count(&inputs[i]) != array.count || (size_t)io->element_bytes != array.item_size)
            return ns_fail(error, NS_ERROR_INPUT,
                           "input %d: the stream has %zu elements of %d bytes, the corpus %zu of %zu", i,
                           ns_tensor_count(&inputs[i]), io->element_bytes, array.count, array.item_size);
    }
    return NS_OK;
}

/* The stream in Vela's npz or .tflite, or of the only delegate of an ExecuTorch program. */
static ns_code load(const ns_corpus_stream *entry, ns_bytes file, ns_arena *arena, ns_npu_stream **out,
                    ns_error *error)
{
    ns_accelerator accelerator;
    NS_TRY(ns_accelerator_parse(entry->accelerator, &accelerator, error));
    if (ns_npz_probe(file))
        return ns_npu_load_npz(file.data, file.size, accelerator, arena, out, error);
    if (ns_tflite_probe(file))
        return ns_npu_load_tflite(file.data, file.size, accelerator, arena, out, error);
    ns_program *program;
    NS_TRY(ns_program_read(file.data, file.size, accelerator, arena, &program, error));
    if (ns_program_delegate_count(program) != 1)
        return ns_fail(error, NS_ERROR_INPUT, "%d delegates", ns_program_delegate_count(program));
    *out = ns_program_delegate(program, 0);
    return NS_OK;
}

static ns_code run(ns_corpus *corpus, const ns_corpus_graph *graph, const ns_corpus_stream *entry,
                   ns_conformance_watch *watch, ns_arena *arena, ns_tensor *outputs, ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_corpus_read(corpus, graph, entry->file, arena, &bytes, error));
    ns_npu_stream *stream;
    NS_TRY(load(entry, bytes, arena, &stream, error));
    if (ns_npu_input_count(stream) != graph->input_count ||
        ns_npu_output_count(stream) != graph->output_count)
        return ns_fail(error, NS_ERROR_INPUT, "the stream has %d inputs and %d outputs, the corpus %d and %d",
                       ns_npu_input_count(stream), ns_npu_output_count(stream), graph->input_count,
                       graph->output_count);
    ns_tensor *inputs = NS_ARENA_ARRAY(arena, (size_t)graph->input_count, ns_tensor);
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory");
    NS_TRY(read_inputs(corpus, graph, stream, arena, inputs, error));
    const ns_npu_options options = {.cpu_mask = ns_cpu_detect(),
                                    .hazards = watch->hazards,
                                    .check = watch->check,
                                    .message = watch->message,
                                    .context = watch->context};
    if (watch->change)
        watch->change(watch->context, stream);
    return ns_npu_run(stream, &options, inputs, graph->input_count, arena, outputs, &watch->statistics,
                      error);
}

ns_conformance ns_conformance_npu(ns_corpus *corpus, const ns_corpus_graph *graph,
                                  const ns_corpus_stream *stream, ns_conformance_watch *watch,
                                  char message[NS_CONFORMANCE_MESSAGE])
{
    ns_conformance_watch nothing = {0};
    watch = watch ? watch : &nothing;
    message[0] = 0;
    ns_arena *arena = ns_arena_new();
    ns_error error;
    ns_tensor *outputs = NS_ARENA_ARRAY(arena, (size_t)graph->output_count, ns_tensor);
    watch->statistics = (ns_npu_statistics){0};
    ns_code code = run(corpus, graph, stream, watch, arena, outputs, &error);
    ns_conformance worst = NS_CONFORMANCE_EQUAL;
    if (code != NS_OK) {
        snprintf(message, NS_CONFORMANCE_MESSAGE, "%s: %s", ns_code_name(code), error.message);
        worst = NS_CONFORMANCE_FAILED;
    }
    for (int i = 0; code == NS_OK && i < graph->output_count && worst != NS_CONFORMANCE_DIFFERS; i++) {
        ns_conformance result =
            ns_conformance_compare(corpus, graph, i, outputs[i].data, ns_tensor_count(&outputs[i]),
                                   (size_t)ns_dtype_bytes(outputs[i].dtype), arena, message);
        worst = result > worst ? result : worst;
    }
    ns_arena_free(arena);
    return worst == NS_CONFORMANCE_DIFFERS && watch->statistics.chip_rules > 0 ? NS_CONFORMANCE_CHIP_RULE
                                                                               : worst;
}
