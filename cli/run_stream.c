/* npuscope run: one command stream, sample by sample; where it keeps variables they are the frames of a
 * signal. */
#include <inttypes.h>
#include <string.h>

#include "run.h"

static ns_npy_type unsigned_type(ns_npy_type type)
{
    return type == NS_NPY_INT8    ? NS_NPY_UINT8
           : type == NS_NPY_INT16 ? NS_NPY_UINT16
           : type == NS_NPY_INT32 ? NS_NPY_UINT32
                                  : type;
}

ns_code ns_run_declare_input(const ns_npu_io *io, int index, ns_arena *arena, ns_run_tensor *out,
                             ns_error *error)
{
    out->name = io->name ? io->name : ns_arena_format(arena, "in%d", index);
    out->tensor = (ns_tensor){.dtype = ns_dtype_of_size(io->element_bytes), .rank = io->rank};
    memcpy(out->tensor.shape, io->shape, sizeof io->shape);
    out->leading_ones = !io->exact_shape;
    out->unsigned_bits = io->is_unsigned;
    out->scale = io->scale;
    out->zero_point = io->zero_point;
    return out->name ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
}

/* One run of a stream, frame by frame. */
typedef struct stream_run {
    ns_cli *cli;
    const ns_run_settings *settings;
    ns_npu_stream *stream;
    ns_arena *frame; /* what one frame leaves behind */
    int64_t frames;
    ns_input *inputs;
    ns_tensor *values, *results, *variables;
    ns_run_tensor *outputs;
} stream_run;

static ns_code allocate(stream_run *run, ns_error *error)
{
    const size_t inputs = (size_t)ns_npu_input_count(run->stream),
                 outputs = (size_t)ns_npu_output_count(run->stream),
                 variables = (size_t)ns_npu_variable_count(run->stream);
    run->inputs = NS_ARENA_ARRAY(run->cli->arena, inputs, ns_input);
    run->values = NS_ARENA_ARRAY(run->cli->arena, inputs, ns_tensor);
    run->results = NS_ARENA_ARRAY(run->cli->arena, outputs, ns_tensor);
    run->outputs = NS_ARENA_ARRAY(run->cli->arena, outputs, ns_run_tensor);
    run->variables = NS_ARENA_ARRAY(run->cli->arena, variables, ns_tensor);
    if (!run->inputs || !run->values || !run->results || !run->outputs || !run->variables)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs and outputs");
    return ns_npu_make_variables(run->stream, run->cli->arena, run->variables, error);
}

static ns_code load_inputs(stream_run *run, ns_error *error)
{
    const int count = ns_npu_input_count(run->stream);
    const ns_input_rules rules = {.files = &run->settings->inputs,
                                  .types = &run->settings->input_types,
                                  .scales = &run->settings->input_scales,
                                  .frames = ns_npu_variable_count(run->stream) > 0 || !run->settings->tap};
    for (int i = 0; i < count; i++) {
        ns_run_tensor declared = {0};
        NS_TRY(ns_run_declare_input(ns_npu_input(run->stream, i), i, run->cli->arena, &declared, error));
        NS_TRY(ns_run_declare(&declared, &run->inputs[i], error));
    }
    return ns_inputs_load(&rules, run->cli->arena, count, run->inputs, &run->frames, error);
}

/* Room for all frames of an output, in the type of its container: an unsigned or bool one as such. */
static ns_code make_output(stream_run *run, int index, ns_error *error)
{
    const ns_npu_io *io = ns_npu_output(run->stream, index);
    const ns_tensor *result = &run->results[index];
    ns_run_tensor *out = &run->outputs[index];
    ns_npy *array = NS_ARENA_NEW(run->cli->arena, ns_npy);
    out->name = io->name ? io->name : ns_arena_format(run->cli->arena, "out%d", index);
    if (!array || !out->name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for output %d", index);
    NS_TRY(ns_npy_from_tensor(result, array, error));
    array->type = io->is_bool ? NS_NPY_BOOL : io->is_unsigned ? unsigned_type(array->type) : array->type;
    if (run->frames > 1) {
        if (array->rank == NS_MAX_RANK)
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "frames of an output of rank %d", array->rank);
        memmove(array->shape + 1, array->shape, (size_t)array->rank++ * sizeof array->shape[0]);
        array->shape[0] = run->frames;
    }
    array->count *= (size_t)run->frames;
    array->data = ns_arena_alloc(run->cli->arena, array->count, array->item_size);
    out->array = array;
    return array->data ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for output %d", index);
}

static ns_code take_outputs(stream_run *run, int64_t frame, ns_error *error)
{
    for (int i = 0; i < ns_npu_output_count(run->stream); i++) {
        if (frame == 0)
            NS_TRY(make_output(run, i, error));
        const ns_npy *array = run->outputs[i].array;
        const size_t bytes = ns_tensor_count(&run->results[i]) * array->item_size;
        memcpy((uint8_t *)array->data + (size_t)frame * bytes, run->results[i].data, bytes);
    }
    return NS_OK;
}

static ns_code run_frame(stream_run *run, const ns_npu_options *options, int64_t frame,
                         ns_npu_statistics *sum, ns_error *error)
{
    ns_npu_statistics one = {0};
    ns_arena_reset(run->frame);
    for (int i = 0; i < ns_npu_input_count(run->stream); i++) {
        const ns_npy array = ns_input_frame(&run->inputs[i], run->frames, frame);
        const ns_dtype dtype = ns_dtype_of_size(ns_npu_input(run->stream, i)->element_bytes);
        NS_TRY(ns_npy_to_tensor(&array, dtype, &run->values[i], error));
    }
    ns_code code = ns_npu_run(run->stream, options, run->values, ns_npu_input_count(run->stream), run->frame,
                              run->results, &one, error);
    ns_npu_statistics_add(sum, &one);
    if (code != NS_OK)
        return run->frames > 1 ? ns_add_context(error, "frame %" PRId64, frame) : code;
    return take_outputs(run, frame, error);
}

static ns_code state_items(stream_run *run, ns_state_item **out, ns_error *error)
{
    const int count = ns_npu_variable_count(run->stream);
    ns_state_item *items = NS_ARENA_ARRAY(run->cli->arena, (size_t)count, ns_state_item);
    if (!items)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for variables");
    if (!count)
        return ns_fail(error, NS_ERROR_USAGE, "--state: the model keeps no variables");
    for (int i = 0; i < count; i++)
        NS_TRY(ns_npy_from_tensor(&run->variables[i], &items[i].value, error));
    *out = items;
    return NS_OK;
}

ns_code ns_run_stream(ns_cli *cli, const ns_run_settings *settings, ns_npu_stream *stream, int *output_count,
                      ns_run_tensor **outputs, ns_error *error)
{
    stream_run run = {.cli = cli, .settings = settings, .stream = stream};
    const int variables = ns_npu_variable_count(stream);
    ns_npu_statistics statistics = {0};
    ns_npu_options options;
    ns_run_tap tap;
    ns_state_item *items = NULL;
    bool found;
    NS_TRY(allocate(&run, error));
    NS_TRY(load_inputs(&run, error));
    if (settings->state) {
        NS_TRY(state_items(&run, &items, error));
        NS_TRY(ns_state_load(settings->state, cli->arena, variables, items, &found, error));
    }
    NS_TRY(ns_run_tap_open(&tap, cli, settings, stream, &options, error));
    options.variables = variables ? run.variables : NULL;
    run.frame = ns_arena_new_like(cli->arena);
    ns_code code = run.frame ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a run");
    for (int64_t f = 0; f < run.frames && code == NS_OK; f++)
        code = run_frame(&run, &options, f, &statistics, error);
    ns_arena_free(run.frame);
    NS_TRY(ns_run_tap_close(&tap, code, &statistics, error));
    if (settings->state)
        NS_TRY(ns_state_save(settings->state, cli->arena, variables, items, error));
    *output_count = ns_npu_output_count(stream);
    *outputs = run.outputs;
    return NS_OK;
}
