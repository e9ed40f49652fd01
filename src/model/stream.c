/* Models: command streams of Vela, run by the simulator. */
#include <string.h>

#include "base/interface.h"
#include "formats/interface.h"
#include "model/driver.h"
#include "npu/watch/interface.h"

/* Elements are the container's: a tensor holds unsigned ones and bools bit for bit as signed ones. */
static ns_scalar scalar_of(const ns_npu_io *io)
{
    static const ns_scalar is_signed[] = {
        [1] = NS_SCALAR_INT8, [2] = NS_SCALAR_INT16, [4] = NS_SCALAR_INT32, [8] = NS_SCALAR_INT64};
    static const ns_scalar is_unsigned[] = {
        [1] = NS_SCALAR_UINT8, [2] = NS_SCALAR_UINT16, [4] = NS_SCALAR_UINT32, [8] = NS_SCALAR_UINT64};
    if (io->is_bool && io->element_bytes == 1)
        return NS_SCALAR_BOOL;
    return io->is_unsigned ? is_unsigned[io->element_bytes] : is_signed[io->element_bytes];
}

static ns_code describe(ns_model *model, const ns_npu_io *io, ns_model_tensor *out, ns_error *error)
{
    NS_TRY(ns_model_describe(model, out, io->name, scalar_of(io), io->rank, io->shape, error));
    out->scale = io->scale;
    out->zero_point = io->zero_point;
    return NS_OK;
}

static ns_code load(ns_model *model, ns_bytes bytes, ns_accelerator accelerator, ns_error *error)
{
    NS_TRY(ns_npu_load_npz(bytes.data, bytes.size, accelerator, model->arena, &model->stream, error));
    NS_TRY(ns_model_make_tensors(model, ns_npu_input_count(model->stream), ns_npu_output_count(model->stream),
                                 error));
    for (int i = 0; i < model->input_count; i++)
        NS_TRY(describe(model, ns_npu_input(model->stream, i), &model->inputs[i], error));
    for (int i = 0; i < model->output_count; i++)
        NS_TRY(describe(model, ns_npu_output(model->stream, i), &model->outputs[i], error));
    return NS_OK;
}

static ns_code run(ns_model *model, const ns_model_call *call, ns_error *error)
{
    const ns_npu_options options = ns_model_npu_options(call->options);
    ns_tensor *inputs = NS_ARENA_ARRAY(call->scratch, (size_t)model->input_count, ns_tensor);
    ns_tensor *outputs = NS_ARENA_ARRAY(call->scratch, (size_t)model->output_count, ns_tensor);
    ns_npu_statistics statistics = {0};
    if (!inputs || !outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stream's inputs and outputs");
    for (int i = 0; i < model->input_count; i++)
        inputs[i] = ns_model_tensor_over(&model->inputs[i],
                                         ns_dtype_of_size(ns_npu_input(model->stream, i)->element_bytes),
                                         call->inputs[i]);
    const ns_code code = ns_npu_run(model->stream, &options, inputs, model->input_count, call->scratch,
                                    outputs, &statistics, error);
    ns_npu_statistics_add(call->statistics, &statistics);
    NS_TRY(code);
    for (int i = 0; i < model->output_count; i++)
        memcpy(call->outputs[i], outputs[i].data, model->outputs[i].bytes);
    return NS_OK;
}

static ns_code inspect(ns_model *model, bool as_json, ns_buffer *text, ns_error *error)
{
    if (!as_json)
        return ns_npu_inspect_text(model->stream, text, error);
    ns_json json = ns_json_begin(text, true, 17);
    NS_TRY(ns_npu_inspect_json(model->stream, &json, NULL, error));
    return ns_json_finish(&json, "the description", NULL, error);
}

const ns_model_driver ns_model_npz_driver = {
    .probe = ns_npz_probe, .load = load, .run = run, .inspect = inspect};
