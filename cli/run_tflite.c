/* npuscope run: .tflite models: what Vela compiled, and what it leaves to the CPU. */
#include <inttypes.h>
#include <string.h>

#include "run.h"
#include "tflm/tflm.h"

static ns_code npy_type_of(const ns_tflite_tensor *tensor, ns_npy_type *out, ns_error *error)
{
    if (ns_npy_type_parse(ns_tflite_type_text(tensor->type), out))
        return NS_OK;
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "tensor '%s': %s in files", tensor->name,
                   ns_tflite_type_text(tensor->type));
}

static ns_code declare_inputs(const ns_tflm *model, ns_input *inputs, ns_error *error)
{
    for (int i = 0; i < ns_tflm_input_count(model); i++) {
        const ns_tflite_tensor *tensor = ns_tflm_input(model, i)->tensor;
        inputs[i] = (ns_input){.name = tensor->name,
                               .rank = tensor->rank,
                               .scale = tensor->scale_count == 1 ? tensor->scale : 0,
                               .zero_point = tensor->zero_point};
        memcpy(inputs[i].shape, tensor->shape, sizeof tensor->shape);
        NS_TRY(npy_type_of(tensor, &inputs[i].type, error));
    }
    return NS_OK;
}

/* The outputs as arrays with room for `frames`, behind a leading axis where there are several. */
static ns_code make_outputs(ns_cli *cli, const ns_tflm *model, int64_t frames, ns_run_tensor *outputs,
                            ns_error *error)
{
    for (int i = 0; i < ns_tflm_output_count(model); i++) {
        const ns_tflm_value *value = ns_tflm_output(model, i);
        ns_npy *array = NS_ARENA_NEW(cli->arena, ns_npy);
        if (!array)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for output %d", i);
        NS_TRY(npy_type_of(value->tensor, &array->type, error));
        array->item_size = (size_t)ns_tflite_type_bytes(value->tensor->type);
        const int lead = frames > 1;
        if (value->tensor->rank + lead > NS_MAX_RANK)
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "frames of an output of rank %d",
                           value->tensor->rank);
        array->rank = value->tensor->rank + lead;
        array->shape[0] = frames;
        memcpy(array->shape + lead, value->tensor->shape,
               (size_t)value->tensor->rank * sizeof array->shape[0]);
        array->count = value->count * (size_t)frames;
        array->data = ns_arena_alloc(cli->arena, array->count, array->item_size);
        if (!array->data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for output %d", i);
        outputs[i] = (ns_run_tensor){.name = value->tensor->name, .array = array};
    }
    return NS_OK;
}

static ns_code run_frame(ns_tflm *model, const ns_npu_options *options, const ns_input *inputs,
                         int64_t frames, int64_t frame, const ns_run_tensor *outputs, ns_npu_statistics *sum,
                         ns_error *error)
{
    ns_npu_statistics one;
    for (int i = 0; i < ns_tflm_input_count(model); i++) {
        const ns_npy array = ns_input_frame(&inputs[i], frames, frame);
        memcpy(ns_tflm_input(model, i)->data, array.data, ns_tflm_input(model, i)->bytes);
    }
    ns_code code = ns_tflm_run(model, options, &one, error);
    ns_npu_statistics_add(sum, &one);
    if (code != NS_OK)
        return frames > 1 ? ns_add_context(error, "frame %" PRId64, frame) : code;
    for (int i = 0; i < ns_tflm_output_count(model); i++) {
        const ns_tflm_value *value = ns_tflm_output(model, i);
        memcpy((uint8_t *)outputs[i].array->data + (size_t)frame * value->bytes, value->data, value->bytes);
    }
    return NS_OK;
}

/* The model's variables as items of --state; those that nothing is assigned to have no value. */
static ns_code state_items(ns_cli *cli, const ns_tflm *model, int *count, ns_state_item **out,
                           ns_error *error)
{
    const int most = ns_tflm_variable_count(model);
    ns_state_item *items = NS_ARENA_ARRAY(cli->arena, (size_t)most, ns_state_item);
    if (!items)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for variables");
    *count = 0;
    for (int i = 0; i < most; i++) {
        const ns_tflm_variable *variable = ns_tflm_variable_at(model, i);
        ns_npy *value = &items[*count].value;
        if (!variable->tensor)
            continue;
        NS_TRY(npy_type_of(variable->tensor, &value->type, error));
        items[(*count)++].name = variable->name;
        value->item_size = (size_t)ns_tflite_type_bytes(variable->tensor->type);
        value->rank = variable->tensor->rank;
        memcpy(value->shape, variable->tensor->shape, sizeof value->shape);
        value->count = variable->bytes / value->item_size;
        value->data = variable->data;
    }
    *out = items;
    return *count ? NS_OK : ns_fail(error, NS_ERROR_USAGE, "--state: the model keeps no variables");
}

static ns_code run_model(ns_cli *cli, const ns_run_settings *settings, ns_tflm *model, int *output_count,
                         ns_run_tensor **outputs, ns_error *error)
{
    const int count = ns_tflm_input_count(model);
    ns_input *inputs = NS_ARENA_ARRAY(cli->arena, (size_t)count, ns_input);
    *output_count = ns_tflm_output_count(model);
    *outputs = NS_ARENA_ARRAY(cli->arena, (size_t)*output_count, ns_run_tensor);
    const ns_input_rules rules = {.files = &settings->inputs,
                                  .types = &settings->input_types,
                                  .scales = &settings->input_scales,
                                  .frames = ns_tflm_variable_count(model) > 0};
    ns_npu_statistics statistics = {0};
    ns_npu_options options;
    ns_run_tap tap;
    int64_t frames;
    ns_state_item *items = NULL;
    int variables = 0;
    if (!inputs || !*outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs and outputs");
    NS_TRY(declare_inputs(model, inputs, error));
    NS_TRY(ns_inputs_load(&rules, cli->arena, count, inputs, &frames, error));
    NS_TRY(ns_tflm_open(model, error));
    if (settings->state) {
        bool found;
        NS_TRY(state_items(cli, model, &variables, &items, error));
        NS_TRY(ns_state_load(settings->state, cli->arena, variables, items, &found, error));
        if (found)
            ns_tflm_set_has_run(model);
    }
    NS_TRY(make_outputs(cli, model, frames, *outputs, error));
    NS_TRY(ns_run_tap_open(&tap, cli, settings,
                           ns_tflm_part_count(model) == 1 ? ns_tflm_part(model, 0) : NULL, &options, error));
    ns_code code = NS_OK;
    for (int64_t f = 0; f < frames && code == NS_OK; f++)
        code = run_frame(model, &options, inputs, frames, f, *outputs, &statistics, error);
    NS_TRY(ns_run_tap_close(&tap, code, &statistics, error));
    return settings->state ? ns_state_save(settings->state, cli->arena, variables, items, error) : NS_OK;
}

static ns_code not_compiled(const ns_tflm *model, ns_error *error)
{
    return ns_fail(error, NS_ERROR_UNSUPPORTED,
                   "the .tflite has no ethos-u operator: %s; --reference runs it as TFLite Micro's reference "
                   "kernels do",
                   ns_tflm_uncompiled(model));
}

static ns_code run(ns_cli *cli, const ns_run_settings *settings, ns_bytes bytes, int *output_count,
                   ns_run_tensor **outputs, ns_error *error)
{
    ns_accelerator accelerator;
    ns_tflm *model;
    NS_TRY(ns_run_accelerator(settings, &accelerator, error));
    NS_TRY(ns_tflm_read(bytes, accelerator, cli->arena, &model, error));
    const int parts = ns_tflm_part_count(model);
    if (settings->part >= parts)
        return ns_fail(error, NS_ERROR_USAGE,
                       "--part %" PRId64 ": the model has %d ethos-u operator%s, from 0", settings->part,
                       parts, parts == 1 ? "" : "s");
    if (settings->part >= 0)
        return ns_run_stream(cli, settings, ns_tflm_part(model, (int)settings->part), output_count, outputs,
                             error);
    if (parts == 0 && !settings->reference)
        return not_compiled(model, error);
    NS_TRY(ns_tflm_missing(model, error));
    return run_model(cli, settings, model, output_count, outputs, error);
}

const ns_model_kind ns_run_tflite_kind = {.name = "TFLite model", .probe = ns_tflite_probe, .run = run};
