/* Fuzz target: any model file, through the public API: read, validated, and run on inputs of a fixed pattern
 * within a small budget, everything tapped and checked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "npuscope/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ns_code touch(void *context, const ns_model_tap *tap, ns_error *error)
{
    (void)error;
    const size_t bytes = ns_tensor_count(tap->data) * (size_t)ns_dtype_bytes(tap->data->dtype);
    for (size_t i = 0; i < bytes; i++)
        *(uint8_t *)context ^= ((const uint8_t *)tap->data->data)[i];
    return NS_OK;
}

static void hear(void *context, const char *text)
{
    *(uint8_t *)context ^= (uint8_t)strlen(text);
}

static void run(ns_model *model, ns_budget *budget, ns_arena *arena)
{
    ns_error error;
    uint8_t seen = 0;
    const int in = ns_model_input_count(model), out = ns_model_output_count(model);
    const void **inputs = NS_ARENA_ARRAY(arena, (size_t)in + 1, const void *);
    const void **outputs = NS_ARENA_ARRAY(arena, (size_t)out + 1, const void *);
    for (int i = 0; inputs && i < in; i++) {
        const size_t bytes = ns_model_input(model, i)->bytes;
        uint8_t *values = ns_arena_alloc(arena, bytes, 1);
        if (!values)
            return;
        for (size_t k = 0; k < bytes; k++)
            values[k] = (uint8_t)(k * 37 + (size_t)i);
        inputs[i] = values;
    }
    const ns_model_options options = {
        .check = true, .budget = budget, .tap = touch, .message = hear, .context = &seen};
    if (!inputs || !outputs ||
        ns_model_run(model, &options, inputs, 1, arena, outputs, NULL, &error) != NS_OK)
        return;
    for (int i = 0; i < out; i++)
        for (size_t k = 0; outputs[i] && k < ns_model_output(model, i)->bytes; k++)
            seen ^= ((const uint8_t *)outputs[i])[k];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ns_error error = {0};
    ns_model *model = NULL;
    ns_budget budget;
    ns_budget_open(&budget, (uint64_t)64 << 20, (uint64_t)1 << 24, 0.5);
    const ns_code code = ns_model_load(data, size, NS_ACCELERATOR_UNKNOWN, &budget, &model, &error);
    if (code != NS_OK && !error.message[0])
        abort(); /* a failure says what is wrong */
    ns_arena *arena = code == NS_OK ? ns_arena_new_within(&budget) : NULL;
    if (arena)
        run(model, &budget, arena);
    ns_arena_free(arena);
    ns_model_free(model);
    if (budget.memory != 0)
        abort(); /* the books are closed */
    return 0;
}
