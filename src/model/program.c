/* Models: ExecuTorch programs. */
#include <string.h>

#include "model/driver.h"
#include "program/interface.h"

/* A FlatBuffer with the file identifier ET and two digits, or a bundle of one. */
static bool probe(ns_bytes bytes)
{
    return ns_bytes_contains(bytes, 4, 4) &&
           (memcmp(bytes.data + 4, "ET", 2) == 0 || ns_program_is_bundle(bytes.data, bytes.size));
}

/* What is no tensor stays a description with a name alone. */
static ns_code describe(ns_model *model, const ns_program_tensor *tensor, ns_model_tensor *out,
                        ns_error *error)
{
    if (tensor)
        return ns_model_describe(model, out, NULL, tensor->scalar, tensor->rank, tensor->shape, error);
    NS_TRY(ns_model_describe(model, out, NULL, NS_SCALAR_UINT8, 0, (const int64_t[1]){0}, error));
    out->is_tensor = false;
    out->bytes = 0;
    return NS_OK;
}

static ns_code load(ns_model *model, ns_bytes bytes, ns_accelerator accelerator, ns_error *error)
{
    NS_TRY(ns_program_read(bytes.data, bytes.size, accelerator, model->arena, &model->program, error));
    const ns_program *program = model->program;
    NS_TRY(ns_model_make_tensors(model, ns_program_input_count(program), ns_program_output_count(program),
                                 error));
    for (int i = 0; i < model->input_count; i++)
        NS_TRY(describe(model, ns_program_input(program, i), &model->inputs[i], error));
    for (int i = 0; i < model->output_count; i++)
        NS_TRY(describe(model, ns_program_output(program, i), &model->outputs[i], error));
    return NS_OK;
}

/* The inputs in memory order. */
static ns_code order_inputs(const ns_model *model, const ns_model_call *call, const void **data,
                            size_t *sizes, ns_error *error)
{
    for (int i = 0; i < model->input_count; i++) {
        const ns_program_tensor *tensor = ns_program_input(model->program, i);
        uint8_t *memory = ns_arena_alloc(call->scratch, model->inputs[i].bytes, 1);
        if (!memory)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for input '%s'", model->inputs[i].name);
        if (tensor)
            ns_program_to_memory_order(tensor, call->inputs[i], memory);
        data[i] = memory;
        sizes[i] = model->inputs[i].bytes;
    }
    return NS_OK;
}

/* A program may give an output of another shape than it declares: fewer elements are no fault of the caller's
 * buffer, but of what the description promised. */
static ns_code store_output(const ns_model *model, int index, const ns_program_tensor *result, void *out,
                            ns_error *error)
{
    const ns_model_tensor *described = &model->outputs[index];
    if (!described->is_tensor)
        return NS_OK;
    if (!result->data || result->count * (size_t)ns_scalar_bytes(result->scalar) != described->bytes)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "output '%s' is of another shape than declared",
                       described->name);
    ns_program_from_memory_order(result, out);
    return NS_OK;
}

static ns_code run(ns_model *model, const ns_model_call *call, ns_error *error)
{
    const ns_npu_options options = ns_model_npu_options(call->options);
    const void **data = NS_ARENA_ARRAY(call->scratch, (size_t)model->input_count, const void *);
    size_t *sizes = NS_ARENA_ARRAY(call->scratch, (size_t)model->input_count, size_t);
    ns_program_tensor *results =
        NS_ARENA_ARRAY(call->scratch, (size_t)model->output_count, ns_program_tensor);
    ns_program_statistics statistics = {0};
    if (!data || !sizes || !results)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the program's inputs and outputs");
    NS_TRY(order_inputs(model, call, data, sizes, error));
    const ns_program_inputs inputs = {model->input_count, data, sizes};
    const ns_code code =
        ns_program_run(model->program, &options, &inputs, call->scratch, results, &statistics, error);
    ns_npu_statistics_add(call->statistics, &statistics.npu);
    NS_TRY(code);
    for (int i = 0; i < model->output_count; i++)
        NS_TRY(store_output(model, i, &results[i], call->outputs[i], error));
    return NS_OK;
}

static ns_code inspect(ns_model *model, bool json, ns_buffer *text, ns_error *error)
{
    return json ? ns_program_inspect_json(model->program, text, error)
                : ns_program_inspect_text(model->program, text, error);
}

const ns_model_driver ns_model_program_driver = {
    .probe = probe, .load = load, .run = run, .inspect = inspect};
