/* Lifts the delegates out of an ExecuTorch program: runs it, once for each sample, and keeps what each
 * delegate was given, with the scales that stand around it. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "diagnose.h"
#include "program/interface.h"
#include "shared.h"

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the program's delegates");
}

/* ---- calls ---- */

/* Of several calls in one run the first is taken. */
static ns_code take_call(void *context, const ns_program_delegate_call *call, ns_error *error)
{
    ns_lifting *l = context;
    ns_lifted *g = &l->delegates[call->delegate];
    if (call->outputs || g->taken != l->sample)
        return NS_OK;
    if (!g->inputs) {
        g->inputs = ns_arena_copy(l->cli->arena, call->inputs, (size_t)call->input_count * sizeof *g->inputs);
        g->count = call->input_count;
        if (!g->inputs)
            return no_memory(error);
        for (int i = 0; i < g->count; i++) {
            g->inputs[i].data =
                ns_arena_alloc(l->cli->arena, ns_tensor_count(&g->inputs[i]) * (size_t)l->files.samples,
                               (size_t)ns_dtype_bytes(g->inputs[i].dtype));
            if (!g->inputs[i].data)
                return no_memory(error);
        }
    }
    for (int i = 0; i < g->count; i++) {
        const size_t size = ns_tensor_count(&g->inputs[i]) * (size_t)ns_dtype_bytes(g->inputs[i].dtype);
        memcpy((uint8_t *)g->inputs[i].data + (size_t)l->sample * size, call->inputs[i].data, size);
    }
    g->taken++;
    return NS_OK;
}

/* Of sample `sample`, or the one that is kept for all. */
static const void *sample_of(const ns_lifting *l, int input, int64_t sample)
{
    const uint8_t *data = l->files.data[input];
    return data && l->files.held[input] > 1 ? data + (size_t)sample * l->files.sizes[input] : data;
}

/* ---- the whole program against its references ---- */

static const char *name_of(const void *arena, int index)
{
    return ns_arena_format((ns_arena *)(uintptr_t)arena, "out%d", index);
}

/* The file of --reference for an output of the program, by its place or as out<k>=FILE; NULL: none. */
static ns_code find_reference(const ns_lifting *l, int output, const char **file, ns_error *error)
{
    const ns_text_list *list = &l->settings->references;
    *file = NULL;
    for (int i = 0; i < list->count; i++) {
        const char *path = NULL;
        int index = 0;
        NS_TRY(ns_input_find(list->values[i], i, ns_program_output_count(l->program), name_of, l->cli->arena,
                             &index, &path, error));
        if (index == output)
            *file = path;
    }
    return NS_OK;
}

/* Adds the distance of this sample's output; types and counts that do not fit are told where the reference is
 * taken for a delegate. */
static ns_code measure_output(ns_lifting *l, int output, const ns_program_tensor *result, ns_error *error)
{
    ns_npy array;
    const char *file = NULL;
    NS_TRY(find_reference(l, output, &file, error));
    if (!file || !result->data || result->scalar != NS_SCALAR_FLOAT32)
        return NS_OK;
    NS_TRY(ns_npy_load(file, l->cli->arena, &array, error));
    if (array.type != NS_NPY_FLOAT32 || array.count != result->count * (size_t)l->files.samples)
        return ns_fail(error, NS_ERROR_INPUT, "reference of 'out%d': expected %zu float32", output,
                       result->count * (size_t)l->files.samples);
    float *memory = NS_ARENA_ARRAY(l->cli->arena, result->count, float);
    if (!memory)
        return no_memory(error);
    ns_program_to_memory_order(result, (const float *)array.data + (size_t)l->sample * result->count, memory);
    for (size_t i = 0; i < result->count; i++) {
        float value;
        memcpy(&value, (const uint8_t *)result->data + i * sizeof value, sizeof value);
        const double wanted = (double)memory[i], d = (double)value - wanted;
        l->measured[output].signal += wanted * wanted;
        l->measured[output].noise += d * d;
    }
    return NS_OK;
}

static ns_code run_sample(ns_lifting *l, ns_error *error)
{
    const ns_program_watch watch = {take_call, l};
    const int count = ns_program_input_count(l->program), outputs = ns_program_output_count(l->program);
    const ns_npu_options npu = {.cpu_mask = l->settings->cpu_mask};
    const void **data = NS_ARENA_ARRAY(l->cli->arena, (size_t)count, const void *);
    ns_program_tensor *results = NS_ARENA_ARRAY(l->cli->arena, (size_t)outputs, ns_program_tensor);
    ns_error problem = {0};
    if (!data || !results)
        return no_memory(error);
    for (int i = 0; i < count; i++)
        data[i] = sample_of(l, i, l->sample);
    const ns_program_inputs inputs = {count, data, l->files.sizes};
    const ns_code code =
        ns_program_run_watched(l->program, &npu, &inputs, &watch, l->cli->arena, results, NULL, &problem);
    if (code == NS_ERROR_UNDEFINED || code == NS_ERROR_UNPREDICTABLE)
        l->stopped = ns_arena_string(l->cli->arena, problem.message);
    else if (code != NS_OK)
        return ns_fail(error, code, "%s", problem.message);
    for (int i = 0; code == NS_OK && l->settings->references.count && i < outputs; i++)
        NS_TRY(measure_output(l, i, &results[i], error));
    return NS_OK;
}

ns_code ns_diagnose_lift(ns_lifting *l, ns_error *error)
{
    l->delegates = NS_ARENA_ARRAY(l->cli->arena, (size_t)ns_program_delegate_count(l->program), ns_lifted);
    l->measured = NS_ARENA_ARRAY(l->cli->arena, (size_t)ns_program_output_count(l->program) + 1, ns_measured);
    if (!l->delegates || !l->measured)
        return no_memory(error);
    NS_TRY(ns_program_files_new(l->program, l->cli->arena, &l->files, error));
    l->files.with_samples = l->settings->samples;
    NS_TRY(ns_program_files_load(l->cli, &l->settings->inputs, l->program, &l->files, error));
    if (l->files.samples > INT32_MAX)
        return ns_fail(error, NS_ERROR_INPUT, "%lld samples", (long long)l->files.samples);
    for (l->sample = 0; l->sample < l->files.samples && !l->stopped; l->sample++)
        NS_TRY(run_sample(l, error));
    return NS_OK;
}

/* ---- floats ---- */

/* The codes of an input before they were rounded: of floats that the program itself was given. */
static ns_code real_input(const ns_lifting *l, int delegate, int position, size_t count, const double **out,
                          ns_error *error)
{
    ns_program_scale scale;
    if (!ns_program_input_scale(l->program, delegate, position, &scale) || scale.tensor < 0)
        return NS_OK;
    const ns_program_tensor *tensor = ns_program_input(l->program, scale.tensor);
    if (!tensor || tensor->scalar != NS_SCALAR_FLOAT32 || tensor->count != count)
        return NS_OK;
    const size_t samples = (size_t)l->files.samples;
    double *codes = NS_ARENA_ARRAY(l->cli->arena, count * samples + 8, double);
    if (!codes)
        return no_memory(error);
    for (size_t i = 0; i < count * samples; i++) {
        float value;
        const uint8_t *data = sample_of(l, scale.tensor, (int64_t)(i / count));
        memcpy(&value, data + i % count * sizeof value, sizeof value);
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
static ns_code take_reference(const ns_lifting *l, int delegate, int position, size_t count,
                              const double **out, double *factor, ns_error *error)
{
    ns_program_scale scale;
    ns_npy array;
    const char *file = NULL;
    const size_t samples = (size_t)l->files.samples;
    if (!ns_program_output_scale(l->program, delegate, position, &scale) || scale.tensor < 0)
        return NS_OK;
    NS_TRY(find_reference(l, scale.tensor, &file, error));
    if (!file)
        return NS_OK;
    const ns_program_tensor *tensor = ns_program_output(l->program, scale.tensor);
    NS_TRY(ns_npy_load(file, l->cli->arena, &array, error));
    if (!tensor || tensor->scalar != NS_SCALAR_FLOAT32 || array.type != NS_NPY_FLOAT32 ||
        array.count != count * samples || tensor->count != count)
        return ns_fail(error, NS_ERROR_INPUT, "reference of 'out%d': expected %zu float32", scale.tensor,
                       count * samples);
    float *memory = NS_ARENA_ARRAY(l->cli->arena, count * samples, float);
    double *values = NS_ARENA_ARRAY(l->cli->arena, count * samples, double);
    if (!memory || !values)
        return no_memory(error);
    for (size_t i = 0; i < samples; i++)
        ns_program_to_memory_order(tensor, (const float *)array.data + i * count, memory + i * count);
    for (size_t i = 0; i < count * samples; i++)
        values[i] = (double)memory[i];
    *out = values;
    *factor = scale.scale;
    return NS_OK;
}

/* ---- a delegate's graph ---- */

ns_code ns_diagnose_bind(const ns_lifting *l, int delegate, const ns_graph *graph, ns_diagnose_options *asked,
                         ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    const ns_lifted *lifted = &l->delegates[delegate];
    const size_t inputs = (size_t)block->input_count, outputs = (size_t)block->output_count;
    ns_tensor *bound = NS_ARENA_ARRAY(l->cli->arena, inputs, ns_tensor);
    const double **real = NS_ARENA_ARRAY(l->cli->arena, inputs, const double *);
    const double **references = NS_ARENA_ARRAY(l->cli->arena, outputs, const double *);
    double *scales = NS_ARENA_ARRAY(l->cli->arena, outputs, double);
    if (!bound || !real || !references || !scales)
        return no_memory(error);
    ns_diagnose_set_options(l->settings, asked);
    if (block->input_count != lifted->count)
        return ns_fail(error, NS_ERROR_INPUT, "its graph has %d inputs, the program gives it %d",
                       block->input_count, lifted->count);
    for (size_t i = 0; i < inputs; i++) {
        const ns_tensor *given = &lifted->inputs[i];
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
                                   .samples = (int)l->files.samples,
                                   .real_inputs = real,
                                   .references = references,
                                   .reference_scales = scales,
                                   .cpu_mask = asked->cpu_mask,
                                   .threads = asked->threads};
    return NS_OK;
}
