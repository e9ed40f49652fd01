/* A stream on the graph's inputs, compared with the graph's outputs element for element. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "diagnose/compile_parts.h"

typedef struct execution {
    const ns_compile_run *asked;
    ns_arena *arena;
    ns_compile_outcome *out;
    ns_npu_options npu;
    double signal, noise;
} execution;

static void take_message(void *context, const char *text)
{
    execution *run = context;
    if (!run->out->warning)
        run->out->warning = ns_arena_string(run->arena, text);
}

static ns_code hand_tap(void *context, const ns_npu_tap *tap, ns_error *error)
{
    execution *run = context;
    return run->asked->tap(run->asked->context, tap, error);
}

static size_t io_count(const ns_npu_io *io)
{
    size_t count = 1;
    for (int d = 0; d < io->rank; d++)
        count *= (size_t)io->shape[d];
    return count;
}

static int stored_bytes(ns_dtype dtype)
{
    return ns_dtype_bytes(dtype);
}

/* The graph's inputs for the stream's, which are in the same order; Vela leaves out those that it folded
 * away. */
static bool bind_inputs(const execution *run, int sample, ns_tensor *bound)
{
    const ns_block *block = run->asked->reference->block;
    const ns_tensor *given = run->asked->reference->inputs + sample * block->input_count;
    int next = 0;
    for (int i = 0; i < ns_npu_input_count(run->asked->stream); i++, next++) {
        const ns_npu_io *io = ns_npu_input(run->asked->stream, i);
        while (next < block->input_count && (ns_tensor_count(&given[next]) != io_count(io) ||
                                             stored_bytes(given[next].dtype) != io->element_bytes))
            next++;
        if (next == block->input_count)
            return false;
        bound[i] = given[next];
    }
    return true;
}

static void compare_output(execution *run, const ns_tensor *got, int output, int sample)
{
    const ns_compile_reference *reference = run->asked->reference;
    const ns_tensor *expected = &reference->expected[sample * reference->block->output_count + output];
    const size_t count = ns_tensor_count(expected);
    const bool is_bool = expected->dtype == NS_DTYPE_BOOL;
    size_t wrong = 0;
    run->out->elements += count;
    if (ns_tensor_count(got) != count) {
        if (run->out->failing_output < 0)
            run->out->failing_output = output;
        run->out->missing_outputs = true;
        run->out->wrong += count;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const int64_t a = ns_tensor_get(got, i), b = ns_tensor_get(expected, i);
        const double difference = (double)a - (double)b;
        run->signal += (double)b * (double)b;
        run->noise += difference * difference;
        wrong += is_bool ? (a != 0) != (b != 0) : a != b;
    }
    if (wrong && run->out->wrong == 0)
        run->out->failing_sample = sample;
    if (wrong && run->out->failing_output < 0)
        run->out->failing_output = output;
    run->out->wrong += wrong;
}

/* One sample; false: it went wrong, and the outcome says how. */
static ns_code run_sample(execution *run, int sample, bool *ran, ns_error *error)
{
    ns_compile_outcome *out = run->out;
    const int input_count = ns_npu_input_count(run->asked->stream),
              count = ns_npu_output_count(run->asked->stream);
    ns_tensor *inputs = NS_ARENA_ARRAY(run->arena, (size_t)input_count, ns_tensor);
    ns_tensor *results = NS_ARENA_ARRAY(run->arena, (size_t)count, ns_tensor);
    ns_error problem = {0};
    *ran = false;
    if (!inputs || !results)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stream's inputs and outputs");
    if (!run->asked->reference) {
        memcpy(inputs, run->asked->options->inputs, (size_t)input_count * sizeof *inputs);
    } else if (!bind_inputs(run, sample, inputs)) {
        out->code = NS_ERROR_INPUT;
        out->message = "the stream's inputs are not the graph's";
        return NS_OK;
    }
    out->code = ns_npu_run(run->asked->stream, &run->npu, inputs, input_count, run->arena, results,
                           &out->statistics, &problem);
    if (ns_code_ends_run(out->code) || out->code == NS_ERROR_INTERNAL)
        return ns_fail(error, out->code, "%s", problem.message);
    if (out->code != NS_OK) {
        out->message = ns_arena_string(run->arena, problem.message);
        return NS_OK;
    }
    *ran = true;
    const int wanted = run->asked->reference ? run->asked->reference->block->output_count : 0;
    for (int i = 0; i < wanted; i++) {
        ns_tensor none = {.rank = 1};
        out->missing_outputs = out->missing_outputs || i >= count;
        compare_output(run, i < count ? &results[i] : &none, i, sample);
    }
    return NS_OK;
}

ns_code ns_compile_execute(const ns_compile_run *asked, ns_arena *arena, ns_compile_outcome *out,
                           ns_error *error)
{
    *out = (ns_compile_outcome){.sqnr_db = NAN, .failing_output = -1};
    execution run = {.asked = asked, .arena = arena, .out = out};
    run.npu = (ns_npu_options){.cpu_mask = asked->options->cpu_mask,
                               .hazards = true,
                               .check = true,
                               .message = take_message,
                               .tap = asked->tap ? hand_tap : NULL,
                               .context = &run};
    const int first = asked->sample < 0 ? 0 : asked->sample;
    const int last = asked->sample < 0 && asked->reference ? asked->reference->samples - 1 : first;
    for (int i = first; i <= last; i++) {
        bool ran;
        NS_TRY(run_sample(&run, i, &ran, error));
        if (!ran)
            return NS_OK;
    }
    if (asked->reference)
        out->sqnr_db = run.noise == 0 ? INFINITY : 10 * log10(run.signal / run.noise);
    return NS_OK;
}

/* What every tensor of the graph holds: the graph once more with all of them as outputs. */

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the graph's tensors");
}

/* Results of all operators of the main block, without constants and variables. */
static ns_code show_all(ns_graph *graph, ns_arena *arena, int **shown, int *count, ns_error *error)
{
    ns_block *block = &graph->regions[0].blocks[0];
    *shown = NS_ARENA_ARRAY(arena, (size_t)block->tensor_count, int);
    *count = 0;
    if (!*shown)
        return no_memory(error);
    for (int i = 0; i < block->operator_count; i++)
        for (int k = 0; k < block->operators[i].output_count; k++) {
            const int tensor = block->operators[i].outputs[k];
            if (!block->tensors[tensor].tensor.data && !block->tensors[tensor].is_variable &&
                block->tensors[tensor].tensor.dtype != NS_DTYPE_SHAPE)
                (*shown)[(*count)++] = tensor;
        }
    return ns_block_set_outputs(graph, block, *count, *shown, error);
}

static ns_code evaluate_sample(const ns_diagnose_compile_options *options, ns_compile_reference *reference,
                               const ns_graph *all, const int *shown, int count, int sample, ns_arena *arena,
                               ns_error *error)
{
    const ns_block *block = reference->block;
    ns_tensor *inputs = reference->inputs + sample * block->input_count;
    ns_tensor *values = reference->values + sample * block->tensor_count;
    ns_tensor *results = NS_ARENA_ARRAY(arena, (size_t)count, ns_tensor);
    if (!results)
        return no_memory(error);
    for (int i = 0; i < block->input_count; i++) {
        inputs[i] = block->tensors[block->inputs[i]].tensor;
        const size_t bytes = ns_tensor_count(&inputs[i]) * (size_t)ns_dtype_bytes(inputs[i].dtype);
        inputs[i].data = (uint8_t *)options->inputs[i].data + (size_t)sample * bytes;
        values[block->inputs[i]] = inputs[i];
    }
    const ns_eval_options eval = {.cpu_mask = options->cpu_mask};
    NS_TRY(ns_eval(all, &eval, inputs, block->input_count, arena, results, error));
    for (int i = 0; i < count; i++)
        values[shown[i]] = results[i];
    for (int i = 0; i < block->output_count; i++) {
        const int index = block->outputs[i];
        if (!values[index].data) /* a constant, or an input */
            values[index] = block->tensors[index].tensor;
        reference->expected[sample * block->output_count + i] = values[index];
    }
    return NS_OK;
}

ns_code ns_compile_evaluate(const ns_diagnose_compile_options *options, ns_arena *arena,
                            ns_compile_reference *out, ns_error *error)
{
    ns_graph *all = NULL;
    int *shown = NULL, count = 0;
    NS_TRY(ns_graph_read_within(ns_arena_budget(arena), options->model, options->model_size, &out->graph,
                                error));
    out->block = &out->graph->regions[0].blocks[0];
    out->samples = options->samples ? options->samples : 1;
    NS_TRY(ns_graph_validate(out->graph, error));
    if (options->input_count != out->block->input_count)
        return ns_fail(error, NS_ERROR_INPUT, "the graph has %d inputs, %d are given",
                       out->block->input_count, options->input_count);
    const size_t samples = (size_t)out->samples;
    out->values = NS_ARENA_ARRAY(arena, samples * (size_t)out->block->tensor_count, ns_tensor);
    out->inputs = NS_ARENA_ARRAY(arena, samples * (size_t)out->block->input_count, ns_tensor);
    out->expected = NS_ARENA_ARRAY(arena, samples * (size_t)out->block->output_count, ns_tensor);
    if (!out->values || !out->inputs || !out->expected)
        return no_memory(error);
    NS_TRY(ns_graph_read_within(ns_arena_budget(arena), options->model, options->model_size, &all, error));
    ns_code code = show_all(all, arena, &shown, &count, error);
    for (int i = 0; code == NS_OK && i < out->samples; i++)
        code = evaluate_sample(options, out, all, shown, count, i, arena, error);
    ns_graph_free(all);
    return code;
}

int ns_compile_find_tensor(const ns_block *block, const char *name)
{
    for (int i = 0; i < block->tensor_count; i++)
        if (block->tensors[i].name && strcmp(block->tensors[i].name, name) == 0)
            return i;
    return -1;
}
