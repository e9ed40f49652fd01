/* npuscope diagnose: an ExecuTorch program. It is run once; each delegate is then judged by itself, on the
 * integers that it was given and with the scales that stand around it. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose.h"
#include "program/interface.h"
#include "run.h"
#include "shared.h"

/* What a delegate was given when it was first called. */
typedef struct first_call {
    bool made;
    int count;
    ns_tensor *inputs;
} first_call;

typedef struct lifting {
    ns_cli *cli;
    const ns_diagnose_settings *settings;
    const ns_program *program;
    const void **data; /* of each input of the program, in memory order */
    size_t *sizes;
    int64_t *parts;      /* of dynamic shapes: what the files have of them */
    first_call *calls;   /* of each delegate */
    const char *stopped; /* why the program did not run to its end; NULL: it did */
} lifting;

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the program's delegates");
}

static ns_code take_call(void *context, const ns_program_delegate_call *call, ns_error *error)
{
    lifting *l = context;
    first_call *g = &l->calls[call->delegate];
    if (call->outputs || g->made)
        return NS_OK;
    g->inputs = ns_arena_copy(l->cli->arena, call->inputs, (size_t)call->input_count * sizeof *g->inputs);
    if (!g->inputs)
        return no_memory(error);
    for (int i = 0; i < call->input_count; i++) {
        const size_t size = ns_tensor_count(&call->inputs[i]) * (size_t)ns_dtype_bytes(call->inputs[i].dtype);
        g->inputs[i].data = ns_arena_copy(l->cli->arena, call->inputs[i].data, size);
        if (!g->inputs[i].data)
            return no_memory(error);
    }
    g->count = call->input_count;
    g->made = true;
    return NS_OK;
}

/* Runs the program. A delegate that does what the chip does not define ends it: those before it, and it, can
 * be judged. */
static ns_code run(lifting *l, ns_error *error)
{
    const ns_program_watch watch = {take_call, l};
    const int outputs = ns_program_output_count(l->program);
    const ns_program_inputs inputs = {ns_program_input_count(l->program), l->data, l->sizes};
    ns_program_tensor *results = NS_ARENA_ARRAY(l->cli->arena, (size_t)outputs, ns_program_tensor);
    const ns_npu_options npu = {.cpu_mask = l->settings->cpu_mask};
    ns_error problem = {0};
    if (!results)
        return no_memory(error);
    ns_program_files files = {l->data, l->sizes, l->parts, 0};
    NS_TRY(ns_program_files_load(l->cli, &l->settings->inputs, l->program, &files, error));
    const ns_code code =
        ns_program_run_watched(l->program, &npu, &inputs, &watch, l->cli->arena, results, NULL, &problem);
    if (code == NS_ERROR_UNDEFINED || code == NS_ERROR_UNPREDICTABLE)
        l->stopped = ns_arena_string(l->cli->arena, problem.message);
    else if (code != NS_OK)
        return ns_fail(error, code, "%s", problem.message);
    return NS_OK;
}

/* The codes of an input before they were rounded: of floats that the program itself was given. */
static ns_code real_input(const lifting *l, int delegate, int position, size_t count, const double **out,
                          ns_error *error)
{
    ns_program_scale scale;
    if (!ns_program_input_scale(l->program, delegate, position, &scale) || scale.tensor < 0)
        return NS_OK;
    const ns_program_tensor *tensor = ns_program_input(l->program, scale.tensor);
    if (!tensor || tensor->scalar != NS_SCALAR_FLOAT32 || tensor->count != count)
        return NS_OK;
    double *codes = NS_ARENA_ARRAY(l->cli->arena, count + 8, double);
    if (!codes)
        return no_memory(error);
    for (size_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, (const uint8_t *)l->data[scale.tensor] + i * sizeof value, sizeof value);
        codes[i] = (double)value / scale.scale + (double)scale.zero_point;
        if (!isfinite(codes[i]))
            return ns_fail(error, NS_ERROR_INPUT, "input 'in%d': element %zu is not a finite number",
                           scale.tensor, i);
    }
    *out = codes;
    return NS_OK;
}

/* What the float model gives for an output of the program: the reference of the delegate's output behind it,
 * in the delegate's memory order. */
static ns_code take_reference(const lifting *l, int delegate, int position, size_t count, const double **out,
                              double *factor, ns_error *error)
{
    ns_program_scale scale;
    ns_npy array;
    if (!ns_program_output_scale(l->program, delegate, position, &scale) || scale.tensor < 0 ||
        scale.tensor >= l->settings->references.count)
        return NS_OK;
    const ns_program_tensor *tensor = ns_program_output(l->program, scale.tensor);
    NS_TRY(ns_npy_load(l->settings->references.values[scale.tensor], l->cli->arena, &array, error));
    if (!tensor || tensor->scalar != NS_SCALAR_FLOAT32 || array.type != NS_NPY_FLOAT32 ||
        array.count != count || tensor->count != count)
        return ns_fail(error, NS_ERROR_INPUT, "reference %d: expected %zu float32, those of output %d",
                       scale.tensor, count, scale.tensor);
    float *memory = NS_ARENA_ARRAY(l->cli->arena, count, float);
    double *values = NS_ARENA_ARRAY(l->cli->arena, count, double);
    if (!memory || !values)
        return no_memory(error);
    ns_program_to_memory_order(tensor, array.data, memory);
    for (size_t i = 0; i < count; i++)
        values[i] = (double)memory[i];
    *out = values;
    *factor = scale.scale;
    return NS_OK;
}

/* The delegate's inputs as the graph declares them, their reals, and the references. */
static ns_code bind(const lifting *l, int delegate, const ns_graph *graph, ns_diagnose_options *asked,
                    ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    const size_t inputs = (size_t)block->input_count, outputs = (size_t)block->output_count;
    ns_tensor *bound = NS_ARENA_ARRAY(l->cli->arena, inputs, ns_tensor);
    const double **real = NS_ARENA_ARRAY(l->cli->arena, inputs, const double *);
    const double **references = NS_ARENA_ARRAY(l->cli->arena, outputs, const double *);
    double *scales = NS_ARENA_ARRAY(l->cli->arena, outputs, double);
    if (!bound || !real || !references || !scales)
        return no_memory(error);
    ns_diagnose_set_options(l->settings, asked);
    if (block->input_count != l->calls[delegate].count)
        return ns_fail(error, NS_ERROR_INPUT, "its graph has %d inputs, the program gives it %d",
                       block->input_count, l->calls[delegate].count);
    for (size_t i = 0; i < inputs; i++) {
        const ns_tensor *given = &l->calls[delegate].inputs[i];
        bound[i] = block->tensors[block->inputs[i]].tensor;
        if (ns_tensor_count(&bound[i]) != ns_tensor_count(given) ||
            ns_dtype_bytes(bound[i].dtype) != ns_dtype_bytes(given->dtype))
            return ns_fail(error, NS_ERROR_INPUT, "input '%s' of its graph is not what the program gives it",
                           block->tensors[block->inputs[i]].name);
        bound[i].data = given->data;
        NS_TRY(real_input(l, delegate, (int)i, ns_tensor_count(given), &real[i], error));
    }
    /* Where others have computed an input, the distance would be theirs as well. */
    bool alone = true;
    for (size_t i = 0; i < inputs; i++)
        alone = alone && real[i];
    for (size_t i = 0; alone && i < outputs; i++)
        NS_TRY(take_reference(l, delegate, (int)i, ns_tensor_count(&block->tensors[block->outputs[i]].tensor),
                              &references[i], &scales[i], error));
    *asked = (ns_diagnose_options){.inputs = bound,
                                   .input_count = (int)inputs,
                                   .samples = 1,
                                   .real_inputs = real,
                                   .references = references,
                                   .reference_scales = scales,
                                   .cpu_mask = asked->cpu_mask,
                                   .threads = asked->threads};
    return NS_OK;
}

/* The delegate's own stream beside the graph, or without one. */
static ns_code judge_stream(const lifting *l, int delegate, ns_bytes graph, const ns_diagnose_options *asked,
                            const char *debug_db, ns_diagnose_result *part, ns_error *error)
{
    ns_npu_stream *stream = ns_program_delegate(l->program, delegate);
    ns_diagnose_compile *row = NS_ARENA_NEW(l->cli->arena, ns_diagnose_compile);
    ns_bytes debug = {0};
    if (!row)
        return no_memory(error);
    if (debug_db)
        NS_TRY(ns_file_read(debug_db, l->cli->arena, &debug, error));
    const ns_diagnose_compile_options options = {.model = graph.data,
                                                 .model_size = graph.size,
                                                 .inputs =
                                                     graph.data ? asked->inputs : l->calls[delegate].inputs,
                                                 .input_count = l->calls[delegate].count,
                                                 .samples = 1,
                                                 .cpu_mask = l->settings->cpu_mask};
    NS_TRY(ns_diagnose_stream_run(&options, stream, debug.data, debug.size, l->cli->arena, row, error));
    part->compile = row;
    part->compile_count = 1;
    return NS_OK;
}

static ns_code judge_graph(const lifting *l, int delegate, const ns_graph *graph, ns_bytes bytes,
                           const char *debug_db, ns_diagnose_result *part, ns_error *error)
{
    ns_diagnose_options asked = {0};
    ns_diagnose_settings settings = *l->settings;
    NS_TRY(ns_graph_validate(graph, error));
    NS_TRY(bind(l, delegate, graph, &asked, error));
    part->region = ns_arena_string(l->cli->arena, graph->regions[0].name);
    const bool is_stream = ns_program_delegate(l->program, delegate) != NULL;
    settings.no_compile = settings.no_compile || is_stream; /* it is compiled already */
    NS_TRY(ns_diagnose_halves(l->cli, &settings, graph, bytes, &asked, part, error));
    return is_stream && !l->settings->no_compile
               ? judge_stream(l, delegate, bytes, &asked, debug_db, part, error)
               : NS_OK;
}

/* Delegate `index`; `number` counts those that are streams. */
static ns_code judge(const lifting *l, int index, int number, ns_diagnose_result *part, ns_error *error)
{
    const ns_diagnose_settings *s = l->settings;
    ns_bytes bytes = {0};
    bytes.data = ns_program_delegate_graph(l->program, index, &bytes.size);
    const bool is_stream = !bytes.data;
    const char *debug_db = is_stream && number < s->debug_dbs.count ? s->debug_dbs.values[number] : NULL;
    if (!l->calls[index].made) {
        part->precision_missing = part->compile_missing =
            l->stopped ? ns_arena_format(l->cli->arena, "the program stopped before it: %s", l->stopped)
                       : "the program never calls it";
        return NS_OK;
    }
    if (is_stream && number < s->graphs.count)
        NS_TRY(ns_file_read(s->graphs.values[number], l->cli->arena, &bytes, error));
    if (!bytes.data) {
        part->precision_missing =
            s->no_precision ? NULL : "the delegate holds no graph: give it with --graph";
        return s->no_compile ? NS_OK : judge_stream(l, index, bytes, NULL, NULL, part, error);
    }
    ns_graph *graph = NULL;
    ns_code code = ns_graph_read_within(l->cli->budget, bytes.data, bytes.size, &graph, error);
    if (code == NS_OK)
        code = judge_graph(l, index, graph, bytes, debug_db, part, error);
    ns_graph_free(graph);
    return code == NS_OK ? NS_OK : ns_add_context(error, "delegate %d", index);
}

ns_code ns_diagnose_program_file(ns_cli *cli, const ns_diagnose_settings *settings, ns_bytes bytes,
                                 ns_diagnose_result *result, ns_error *error)
{
    lifting l = {.cli = cli, .settings = settings};
    ns_program *program = NULL;
    NS_TRY(ns_program_read(bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, cli->arena, &program, error));
    const int count = ns_program_delegate_count(program);
    const size_t inputs = (size_t)ns_program_input_count(program);
    ns_diagnose_result *parts = NS_ARENA_ARRAY(cli->arena, (size_t)count, ns_diagnose_result);
    l.program = program;
    l.calls = NS_ARENA_ARRAY(cli->arena, (size_t)count, first_call);
    l.data = NS_ARENA_ARRAY(cli->arena, inputs, const void *);
    l.sizes = NS_ARENA_ARRAY(cli->arena, inputs, size_t);
    l.parts = NS_ARENA_ARRAY(cli->arena, inputs, int64_t);
    if (!parts || !l.calls || !l.data || !l.sizes || !l.parts)
        return no_memory(error);
    if (settings->samples)
        return ns_fail(error, NS_ERROR_USAGE, "--samples takes a .tosa graph");
    if (!count)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "the program has no delegate: nothing in it is for the NPU");
    NS_TRY(run(&l, error));
    for (int i = 0, streams = 0; i < count; i++) {
        parts[i] = (ns_diagnose_result){.model = result->model};
        parts[i].part = ns_arena_format(cli->arena, "delegate %d, %s", i, ns_program_delegate_id(program, i));
        if (!parts[i].part)
            return no_memory(error);
        NS_TRY(judge(&l, i, streams, &parts[i], error));
        streams += ns_program_delegate(program, i) != NULL;
    }
    if (count == 1) {
        *result = parts[0];
        return NS_OK;
    }
    result->parts = parts;
    result->part_count = count;
    return NS_OK;
}
