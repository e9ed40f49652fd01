/* Models: .tflite files that Vela has compiled, with what it leaves to the CPU, run as TFLite Micro does. */
#include <string.h>

#include "model/driver.h"
#include "tflm/tflm.h"

static bool scalar_of(ns_tflite_type type, ns_scalar *out)
{
    static const struct {
        ns_tflite_type type;
        ns_scalar scalar;
    } rows[] = {
        {NS_TFLITE_FLOAT32, NS_SCALAR_FLOAT32}, {NS_TFLITE_FLOAT16, NS_SCALAR_FLOAT16},
        {NS_TFLITE_FLOAT64, NS_SCALAR_FLOAT64}, {NS_TFLITE_BFLOAT16, NS_SCALAR_BFLOAT16},
        {NS_TFLITE_INT8, NS_SCALAR_INT8},       {NS_TFLITE_INT16, NS_SCALAR_INT16},
        {NS_TFLITE_INT32, NS_SCALAR_INT32},     {NS_TFLITE_INT64, NS_SCALAR_INT64},
        {NS_TFLITE_UINT8, NS_SCALAR_UINT8},     {NS_TFLITE_UINT16, NS_SCALAR_UINT16},
        {NS_TFLITE_UINT32, NS_SCALAR_UINT32},   {NS_TFLITE_UINT64, NS_SCALAR_UINT64},
        {NS_TFLITE_BOOL, NS_SCALAR_BOOL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].type == type) {
            *out = rows[i].scalar;
            return true;
        }
    }
    return false;
}

static ns_code describe(ns_model *model, const ns_tflite_tensor *tensor, ns_model_tensor *out,
                        ns_error *error)
{
    ns_scalar scalar;
    if (!scalar_of(tensor->type, &scalar))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "tensor '%s': %s as an input or output", tensor->name,
                       ns_tflite_type_text(tensor->type));
    NS_TRY(ns_model_describe(model, out, tensor->name, scalar, tensor->rank, tensor->shape, error));
    if (tensor->scale_count == 1) {
        out->scale = tensor->scale;
        out->zero_point = tensor->zero_point;
    }
    return NS_OK;
}

static ns_code describe_all(ns_model *model, ns_error *error)
{
    NS_TRY(ns_model_make_tensors(model, ns_tflm_input_count(model->tflite),
                                 ns_tflm_output_count(model->tflite), error));
    for (int i = 0; i < model->input_count; i++)
        NS_TRY(describe(model, ns_tflm_input(model->tflite, i)->tensor, &model->inputs[i], error));
    for (int i = 0; i < model->output_count; i++)
        NS_TRY(describe(model, ns_tflm_output(model->tflite, i)->tensor, &model->outputs[i], error));
    return NS_OK;
}

static ns_code load(ns_model *model, ns_bytes bytes, ns_accelerator accelerator, ns_error *error)
{
    /* Constants stay where the file has them. */
    const ns_bytes kept = {ns_arena_copy(model->arena, bytes.data, bytes.size), bytes.size};
    if (!kept.data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the file");
    NS_TRY(ns_tflm_read(kept, accelerator, model->arena, &model->tflite, error));
    if (ns_tflm_part_count(model->tflite) == 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "the .tflite has no ethos-u operator: %s",
                       ns_tflm_uncompiled(model->tflite));
    NS_TRY(ns_tflm_missing(model->tflite, error));
    NS_TRY(ns_tflm_open(model->tflite, error));
    return describe_all(model, error);
}

static void begin(ns_model *model)
{
    ns_tflm_reset(model->tflite);
}

static ns_code run(ns_model *model, const ns_model_call *call, ns_error *error)
{
    const ns_npu_options options = ns_model_npu_options(call->options);
    ns_npu_statistics statistics = {0};
    for (int i = 0; i < model->input_count; i++)
        memcpy(ns_tflm_input(model->tflite, i)->data, call->inputs[i], model->inputs[i].bytes);
    const ns_code code = ns_tflm_run(model->tflite, &options, &statistics, error);
    ns_npu_statistics_add(call->statistics, &statistics);
    NS_TRY(code);
    for (int i = 0; i < model->output_count; i++)
        memcpy(call->outputs[i], ns_tflm_output(model->tflite, i)->data, model->outputs[i].bytes);
    return NS_OK;
}

static ns_code inspect(ns_model *model, bool json, ns_buffer *text, ns_error *error)
{
    return ns_tflm_inspect(model->tflite, json, -1, text, error);
}

const ns_model_driver ns_model_tflite_driver = {
    .probe = ns_tflite_probe, .load = load, .begin = begin, .run = run, .inspect = inspect};
