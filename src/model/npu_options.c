/* The options of a model's run as the simulator takes them: its callbacks lead to the model's. */
#include "model/driver.h"

static ns_code pass_tap(void *context, const ns_npu_tap *tap, ns_error *error)
{
    const ns_model_options *options = context;
    const ns_model_tap passed = {
        .number = tap->operation, .name = tap->name, .data = tap->data, .is_unsigned = tap->is_unsigned};
    return options->tap(options->context, &passed, error);
}

static void pass_message(void *context, const char *text)
{
    const ns_model_options *options = context;
    options->message(options->context, text);
}

ns_npu_options ns_model_npu_options(const ns_model_options *options)
{
    return (ns_npu_options){.cpu_mask = options->cpu_mask,
                            .hazards = options->check,
                            .check = options->check,
                            .strict_chip = options->strict_chip,
                            .budget = options->budget,
                            .tap = options->tap ? pass_tap : NULL,
                            .message = options->message ? pass_message : NULL,
                            .context = (void *)(uintptr_t)options};
}
