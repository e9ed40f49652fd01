/* npuscope diagnose: its inputs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose.h"
#include "shared.h"

/* What a real number becomes: code = round(x / scale) + zero, within [low, high]. */
typedef struct input_scale {
    bool given;
    double scale, zero;
} input_scale;

/* "S", "S:ZERO" or either behind "NAME=", for the tensors of `list`. */
static ns_code read_scale(const char *option, const char *text, int position, const ns_block *block,
                          const int *list, int count, input_scale *scales, ns_error *error)
{
    const char *equals = strchr(text, '=');
    int index = position;
    if (equals)
        for (index = 0; index < count; index++) {
            const char *name = block->tensors[list[index]].name;
            if (strlen(name) == (size_t)(equals - text) && strncmp(name, text, strlen(name)) == 0)
                break;
        }
    char *end = NULL;
    const char *number = equals ? equals + 1 : text;
    const double value = strtod(number, &end);
    double zero = 0;
    if (end != number && *end == ':')
        zero = strtod(end + 1, &end);
    if (end == number || *end || !(value > 0) || !isfinite(value) || zero != rint(zero) || fabs(zero) > 32768)
        return ns_fail(error, NS_ERROR_USAGE, "%s '%s': expected [NAME=]SCALE[:ZERO], SCALE > 0", option,
                       text);
    if (index >= count)
        return ns_fail(error, NS_ERROR_USAGE, "%s '%s': the model has no such tensor", option, text);
    scales[index] = (input_scale){true, value, zero};
    return NS_OK;
}

static double real_at(const ns_npy *array, size_t i)
{
    return array->type == NS_NPY_FLOAT32 ? (double)((const float *)array->data)[i]
                                         : ((const double *)array->data)[i];
}

/* Floats to codes; *real takes the codes before they are rounded and clipped. */
static ns_code quantise(const ns_npy *array, const input_scale *scale, const char *name, ns_arena *arena,
                        ns_tensor *tensor, double **real, ns_error *error)
{
    if (!scale->given)
        return ns_fail(error, NS_ERROR_USAGE, "input '%s' holds floats: give --input-scale SCALE[:ZERO]",
                       name);
    double *values = NS_ARENA_ARRAY(arena, array->count, double);
    tensor->data = ns_arena_alloc(arena, array->count, (size_t)ns_dtype_bytes(tensor->dtype));
    if (!values || !tensor->data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for input '%s'", name);
    const double high = (double)ns_dtype_max(tensor->dtype);
    /* int16 is symmetric in ExecuTorch's quantiser: -32768 is not used. */
    const double low = tensor->dtype == NS_DTYPE_INT16 ? -high : (double)ns_dtype_min(tensor->dtype);
    for (size_t i = 0; i < array->count; i++) {
        values[i] = real_at(array, i) / scale->scale + scale->zero;
        if (!isfinite(values[i]))
            return ns_fail(error, NS_ERROR_INPUT, "input '%s': element %zu is not a finite number", name, i);
        ns_tensor_set(tensor, i, (int64_t)fmin(fmax(rint(values[i]), low), high));
    }
    *real = values;
    return NS_OK;
}

/* ---- the inputs ---- */

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs");
}

/* The tensors of `list` as the common loader takes them. */
static ns_code declare(const ns_block *block, const int *list, int count, ns_arena *arena, ns_input **out,
                       ns_error *error)
{
    *out = NS_ARENA_ARRAY(arena, (size_t)count, ns_input);
    if (!*out)
        return no_memory(error);
    for (int i = 0; i < count; i++) {
        const ns_graph_tensor *tensor = &block->tensors[list[i]];
        ns_input *input = &(*out)[i];
        *input = (ns_input){.name = tensor->name, .rank = tensor->tensor.rank};
        memcpy(input->shape, tensor->tensor.shape, sizeof input->shape);
        if (!ns_npy_type_of(tensor->tensor.dtype, &input->type))
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "'%s': files of type %s", tensor->name,
                           ns_dtype_text(tensor->tensor.dtype));
    }
    return NS_OK;
}

static bool is_float(ns_npy_type type)
{
    return type == NS_NPY_FLOAT32 || type == NS_NPY_FLOAT64;
}

/* One that holds a single sample is kept for all: its bytes, once for each. */
static ns_code repeat(void **data, size_t bytes, int samples, ns_arena *arena, ns_error *error)
{
    if (!*data || samples == 1)
        return NS_OK;
    char *all = ns_arena_alloc(arena, bytes, (size_t)samples);
    if (!all)
        return no_memory(error);
    for (int i = 0; i < samples; i++)
        memcpy(all + (size_t)i * bytes, *data, bytes);
    *data = all;
    return NS_OK;
}

/* Integers of any width that hold the codes, or floats that are quantised. */
static ns_code convert(const ns_input *input, const ns_tensor *declared, const input_scale *scale,
                       int samples, ns_arena *arena, ns_tensor *tensor, const double **real, ns_error *error)
{
    double *values = NULL;
    *tensor = *declared;
    tensor->data = NULL;
    if (is_float(input->array.type)) {
        NS_TRY(quantise(&input->array, scale, input->name, arena, tensor, &values, error));
    } else {
        ns_tensor view;
        if (scale->given)
            ns_cli_say("--input-scale has no effect on input '%s': its file holds integers", input->name);
        if (ns_npy_to_tensor(&input->array, declared->dtype, &view, error) != NS_OK)
            return ns_add_context(error, "input '%s'", input->name);
        tensor->data = view.data;
    }
    if (input->held == 1) {
        const size_t count = ns_tensor_count(declared);
        void *codes = values;
        NS_TRY(repeat(&tensor->data, count * (size_t)ns_dtype_bytes(declared->dtype), samples, arena, error));
        NS_TRY(repeat(&codes, count * sizeof *values, samples, arena, error));
        values = codes;
    }
    *real = values;
    return NS_OK;
}

ns_code ns_diagnose_load_inputs(const ns_diagnose_settings *settings, const ns_graph *graph, ns_arena *arena,
                                ns_diagnose_options *options, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    const size_t count = (size_t)block->input_count;
    const ns_input_rules rules = {.files = &settings->inputs,
                                  .types = &settings->input_types,
                                  .frames = settings->samples,
                                  .any_type = true};
    ns_tensor *tensors = NS_ARENA_ARRAY(arena, count, ns_tensor);
    const double **real = NS_ARENA_ARRAY(arena, count, const double *);
    input_scale *scales = NS_ARENA_ARRAY(arena, count, input_scale);
    ns_input *inputs = NULL;
    int64_t samples = 1;
    if (!tensors || !real || !scales)
        return no_memory(error);
    for (int i = 0; i < settings->input_scales.count; i++)
        NS_TRY(read_scale("--input-scale", settings->input_scales.values[i], i, block, block->inputs,
                          block->input_count, scales, error));
    NS_TRY(declare(block, block->inputs, block->input_count, arena, &inputs, error));
    NS_TRY(ns_inputs_load(&rules, arena, block->input_count, inputs, &samples, error));
    if (samples > INT32_MAX)
        return ns_fail(error, NS_ERROR_INPUT, "%lld samples", (long long)samples);
    for (size_t i = 0; i < count; i++)
        NS_TRY(convert(&inputs[i], &block->tensors[block->inputs[i]].tensor, &scales[i], (int)samples, arena,
                       &tensors[i], &real[i], error));
    options->samples = (int)samples;
    options->inputs = tensors;
    options->input_count = block->input_count;
    options->real_inputs = real;
    options->scales_by_hand = settings->input_scales.count > 0;
    return NS_OK;
}

/* ---- what the float model gives ---- */

static ns_code take_reference(const ns_input *input, int samples, ns_arena *arena, const double **out,
                              ns_error *error)
{
    const ns_npy *array = &input->array;
    if (!is_float(array->type))
        return ns_fail(error, NS_ERROR_INPUT, "reference of '%s': %s; expected floats", input->name,
                       ns_npy_type_text(array->type));
    if (input->held != samples)
        return ns_fail(error, NS_ERROR_INPUT, "reference of '%s': %lld samples; the inputs hold %d",
                       input->name, (long long)input->held, samples);
    double *values = NS_ARENA_ARRAY(arena, array->count, double);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the reference of '%s'", input->name);
    for (size_t i = 0; i < array->count; i++) {
        values[i] = real_at(array, i);
        if (!isfinite(values[i]))
            return ns_fail(error, NS_ERROR_INPUT, "reference of '%s': element %zu is not a finite number",
                           input->name, i);
    }
    *out = values;
    return NS_OK;
}

ns_code ns_diagnose_load_references(const ns_diagnose_settings *settings, const ns_graph *graph,
                                    ns_arena *arena, ns_diagnose_options *options, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    const size_t count = (size_t)block->output_count;
    const ns_input_rules rules = {.files = &settings->references,
                                  .frames = settings->samples,
                                  .any_type = true,
                                  .optional = true,
                                  .what = "reference of"};
    if (!settings->references.count)
        return NS_OK;
    const double **values = NS_ARENA_ARRAY(arena, count, const double *);
    double *numbers = NS_ARENA_ARRAY(arena, count, double);
    input_scale *scales = NS_ARENA_ARRAY(arena, count, input_scale);
    ns_input *outputs = NULL;
    int64_t samples = 1;
    if (!values || !numbers || !scales)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the references");
    for (int i = 0; i < settings->output_scales.count; i++)
        NS_TRY(read_scale("--output-scale", settings->output_scales.values[i], i, block, block->outputs,
                          block->output_count, scales, error));
    NS_TRY(declare(block, block->outputs, block->output_count, arena, &outputs, error));
    for (size_t i = 0; i < count; i++)
        outputs[i].type = NS_NPY_FLOAT32;
    NS_TRY(ns_inputs_load(&rules, arena, block->output_count, outputs, &samples, error));
    for (size_t i = 0; i < count; i++) {
        if (outputs[i].array.data)
            NS_TRY(take_reference(&outputs[i], options->samples, arena, &values[i], error));
        numbers[i] = scales[i].scale;
    }
    options->references = values;
    options->reference_scales = numbers;
    return NS_OK;
}
