/* npuscope diagnose: its inputs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose.h"
#include "formats/npy.h"
#include "run.h"

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

/* Do the shapes agree but for dims of 1, once the leading axis (0: none) counts `samples`? */
static bool fits(const ns_npy *array, const ns_tensor *declared, int64_t samples)
{
    int a = 0, d = 0;
    if (samples > 0) {
        if (array->rank < 1 || array->shape[0] != samples)
            return false;
        a = 1;
    }
    for (;;) {
        while (a < array->rank && array->shape[a] == 1)
            a++;
        while (d < declared->rank && declared->shape[d] == 1)
            d++;
        if (a == array->rank || d == declared->rank)
            return a == array->rank && d == declared->rank;
        if (array->shape[a++] != declared->shape[d++])
            return false;
    }
}

static double real_at(const ns_npy *array, size_t i)
{
    return array->type == NS_NPY_FLOAT32 ? (double)((const float *)array->data)[i]
                                         : ((const double *)array->data)[i];
}

/* Floats to codes; *real takes the codes before they are rounded and clipped. */
static ns_code quantise(const ns_npy *array, const input_scale *scale, const char *name, ns_arena *arena,
                        ns_tensor *tensor, const double **real, ns_error *error)
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

typedef struct loaded {
    ns_tensor tensor;
    const double *real; /* NULL: the file holds integers */
    int64_t samples;
} loaded;

static ns_code load(const char *file, const ns_graph_tensor *declared, const input_scale *scale, bool samples,
                    ns_arena *arena, loaded *out, ns_error *error)
{
    ns_npy array;
    char is[128], wanted[128];
    NS_TRY(ns_npy_load(file, arena, &array, error));
    *out = (loaded){.tensor = declared->tensor};
    out->tensor.data = NULL;
    out->samples = samples && array.rank ? array.shape[0] : samples ? 0 : 1;
    if (!fits(&array, &declared->tensor, samples ? out->samples : 0) || out->samples < 1)
        return ns_fail(error, NS_ERROR_INPUT, "input '%s': %s is %s; expected %s%s", declared->name, file,
                       ns_npy_describe(&array, is, sizeof is),
                       ns_tensor_describe(&declared->tensor, wanted, sizeof wanted),
                       samples ? " behind an axis that counts samples" : "");
    if (array.type == NS_NPY_FLOAT32 || array.type == NS_NPY_FLOAT64)
        return quantise(&array, scale, declared->name, arena, &out->tensor, &out->real, error);
    /* Some hand every integer over as int64 or int32. */
    ns_tensor view;
    if (ns_npy_to_tensor(&array, declared->tensor.dtype, &view, error) != NS_OK)
        return ns_add_context(error, "input '%s': %s", declared->name, file);
    out->tensor.data = view.data;
    return NS_OK;
}

ns_code ns_diagnose_load_inputs(const ns_diagnose_settings *settings, const ns_graph *graph, ns_arena *arena,
                                ns_diagnose_options *options, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    const size_t count = (size_t)block->input_count;
    ns_run_tensor *names = NS_ARENA_ARRAY(arena, count, ns_run_tensor);
    ns_tensor *inputs = NS_ARENA_ARRAY(arena, count, ns_tensor);
    const double **real = NS_ARENA_ARRAY(arena, count, const double *);
    input_scale *scales = NS_ARENA_ARRAY(arena, count, input_scale);
    if (!names || !inputs || !real || !scales)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs");
    for (size_t i = 0; i < count; i++)
        names[i].name = block->tensors[block->inputs[i]].name;
    for (int i = 0; i < settings->input_scales.count; i++)
        NS_TRY(read_scale("--input-scale", settings->input_scales.values[i], i, block, block->inputs,
                          block->input_count, scales, error));
    options->samples = 0;
    for (int i = 0; i < settings->inputs.count; i++) {
        int index = 0;
        loaded input = {0};
        const char *file = NULL;
        NS_TRY(ns_run_find_input(settings->inputs.values[i], i, block->input_count, names, &index, &file,
                                 error));
        if (inputs[index].data)
            return ns_fail(error, NS_ERROR_USAGE, "input '%s' is given twice", names[index].name);
        NS_TRY(load(file, &block->tensors[block->inputs[index]], &scales[index], settings->samples, arena,
                    &input, error));
        inputs[index] = input.tensor;
        real[index] = input.real;
        if (options->samples && input.samples != options->samples)
            return ns_fail(error, NS_ERROR_INPUT, "input '%s' has %lld samples, another has %d",
                           names[index].name, (long long)input.samples, options->samples);
        options->samples = (int)input.samples;
    }
    for (size_t i = 0; i < count; i++)
        if (!inputs[i].data)
            return ns_fail(error, NS_ERROR_USAGE, "input '%s' is missing (-i %s=FILE)", names[i].name,
                           names[i].name);
    options->samples = options->samples ? options->samples : 1;
    options->inputs = inputs;
    options->input_count = block->input_count;
    options->real_inputs = real;
    return NS_OK;
}

static ns_code load_reference(const char *file, const ns_graph_tensor *declared,
                              const ns_diagnose_options *options, bool samples, ns_arena *arena,
                              const double **out, ns_error *error)
{
    ns_npy array;
    char is[128], wanted[128];
    NS_TRY(ns_npy_load(file, arena, &array, error));
    if ((array.type != NS_NPY_FLOAT32 && array.type != NS_NPY_FLOAT64) ||
        !fits(&array, &declared->tensor, samples ? options->samples : 0))
        return ns_fail(error, NS_ERROR_INPUT,
                       "reference of '%s': %s is %s; expected floats of the shape of %s", declared->name,
                       file, ns_npy_describe(&array, is, sizeof is),
                       ns_tensor_describe(&declared->tensor, wanted, sizeof wanted));
    double *values = NS_ARENA_ARRAY(arena, array.count, double);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the reference of '%s'", declared->name);
    for (size_t i = 0; i < array.count; i++) {
        values[i] = real_at(&array, i);
        if (!isfinite(values[i]))
            return ns_fail(error, NS_ERROR_INPUT, "reference of '%s': element %zu is not a finite number",
                           declared->name, i);
    }
    *out = values;
    return NS_OK;
}

ns_code ns_diagnose_load_references(const ns_diagnose_settings *settings, const ns_graph *graph,
                                    ns_arena *arena, ns_diagnose_options *options, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    const size_t count = (size_t)block->output_count;
    if (!settings->references.count)
        return NS_OK;
    ns_run_tensor *names = NS_ARENA_ARRAY(arena, count, ns_run_tensor);
    const double **values = NS_ARENA_ARRAY(arena, count, const double *);
    double *numbers = NS_ARENA_ARRAY(arena, count, double);
    input_scale *scales = NS_ARENA_ARRAY(arena, count, input_scale);
    if (!names || !values || !numbers || !scales)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the references");
    for (size_t i = 0; i < count; i++)
        names[i].name = block->tensors[block->outputs[i]].name;
    for (int i = 0; i < settings->output_scales.count; i++)
        NS_TRY(read_scale("--output-scale", settings->output_scales.values[i], i, block, block->outputs,
                          block->output_count, scales, error));
    for (int i = 0; i < settings->references.count; i++) {
        int index = 0;
        const char *file = NULL;
        NS_TRY(ns_run_find_input(settings->references.values[i], i, block->output_count, names, &index, &file,
                                 error));
        NS_TRY(load_reference(file, &block->tensors[block->outputs[index]], options, settings->samples, arena,
                              &values[index], error));
    }
    for (size_t i = 0; i < count; i++)
        numbers[i] = scales[i].scale;
    options->references = values;
    options->reference_scales = numbers;
    return NS_OK;
}
