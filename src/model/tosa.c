/* Models: TOSA graphs, run by the evaluator. */
#include <string.h>

#include "base/interface.h"
#include "model/driver.h"
#include "npuscope/eval.h"

/* A FlatBuffer's file identifier follows the offset of its root. */
static bool probe(ns_bytes bytes)
{
    return ns_bytes_contains(bytes, 4, 4) && memcmp(bytes.data + 4, "TOSA", 4) == 0;
}

static const ns_block *main_block(const ns_model *model)
{
    return &model->graph->regions[0].blocks[0];
}

static ns_code describe(ns_model *model, int index, ns_model_tensor *out, ns_error *error)
{
    const ns_graph_tensor *tensor = &main_block(model)->tensors[index];
    ns_scalar scalar;
    if (!ns_model_scalar_of(tensor->tensor.dtype, &scalar))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "'%s' is %s: npuscope keeps no such elements in memory",
                       tensor->name ? tensor->name : "", ns_dtype_text(tensor->tensor.dtype));
    return ns_model_describe(model, out, tensor->name, scalar, tensor->tensor.rank, tensor->tensor.shape,
                             error);
}

static ns_code load(ns_model *model, ns_bytes bytes, ns_accelerator accelerator, ns_error *error)
{
    (void)accelerator;
    NS_TRY(ns_graph_read_within(model->budget, bytes.data, bytes.size, &model->graph, error));
    NS_TRY(ns_graph_validate(model->graph, error));
    const ns_block *block = main_block(model);
    NS_TRY(ns_model_make_tensors(model, block->input_count, block->output_count, error));
    for (int i = 0; i < block->input_count; i++)
        NS_TRY(describe(model, block->inputs[i], &model->inputs[i], error));
    for (int i = 0; i < block->output_count; i++)
        NS_TRY(describe(model, block->outputs[i], &model->outputs[i], error));
    return NS_OK;
}

typedef struct tapped {
    const ns_model_options *options;
    const ns_block *block;
} tapped;

static ns_code pass_on(void *context, const ns_eval_tap *tap, ns_error *error)
{
    const tapped *to = context;
    const ns_model_tap passed = {.number = tap->operator_index,
                                 .output = tap->output,
                                 .name = ns_op_text(to->block->operators[tap->operator_index].op),
                                 .tensor = tap->name,
                                 .data = tap->data};
    return to->options->tap(to->options->context, &passed, error);
}

/* The evaluator wants its tensors aligned to 64 bytes; a caller's sample may lie anywhere. */
static ns_code take_input(const ns_model *model, const void *data, int index, ns_arena *scratch,
                          ns_tensor *out, ns_error *error)
{
    const ns_block *block = main_block(model);
    if ((uintptr_t)data % 64 != 0)
        data = ns_arena_copy(scratch, data, model->inputs[index].bytes);
    if (!data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for input '%s'", model->inputs[index].name);
    *out =
        ns_model_tensor_over(&model->inputs[index], block->tensors[block->inputs[index]].tensor.dtype, data);
    return NS_OK;
}

/* The evaluator that the samples share. Under a tap, whose context is the sample's, each has its own. */
static ns_code find_evaluator(ns_model *model, const ns_model_options *options, ns_error *error)
{
    if (model->evaluator && model->evaluator_mask == options->cpu_mask &&
        model->evaluator_threads == options->threads)
        return NS_OK;
    ns_evaluator_free(model->evaluator);
    model->evaluator = NULL;
    model->evaluator_mask = options->cpu_mask;
    model->evaluator_threads = options->threads;
    const ns_eval_options own = {
        .cpu_mask = options->cpu_mask, .budget = options->budget, .threads = options->threads};
    return ns_evaluator_new(model->graph, &own, &model->evaluator, error);
}

static ns_code evaluate(ns_model *model, const ns_model_call *call, const ns_tensor *inputs,
                        ns_tensor *outputs, ns_error *error)
{
    if (!call->options->tap) {
        NS_TRY(find_evaluator(model, call->options, error));
        return ns_evaluator_run(model->evaluator, inputs, model->input_count, call->scratch, outputs, error);
    }
    tapped to = {call->options, main_block(model)};
    const ns_eval_options options = {
        .cpu_mask = call->options->cpu_mask, .budget = call->options->budget, .tap = pass_on, .context = &to};
    return ns_eval(model->graph, &options, inputs, model->input_count, call->scratch, outputs, error);
}

static ns_code run(ns_model *model, const ns_model_call *call, ns_error *error)
{
    ns_tensor *inputs = NS_ARENA_ARRAY(call->scratch, (size_t)model->input_count, ns_tensor);
    ns_tensor *outputs = NS_ARENA_ARRAY(call->scratch, (size_t)model->output_count, ns_tensor);
    if (!inputs || !outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the graph's inputs and outputs");
    for (int i = 0; i < model->input_count; i++)
        NS_TRY(take_input(model, call->inputs[i], i, call->scratch, &inputs[i], error));
    NS_TRY(evaluate(model, call, inputs, outputs, error));
    for (int i = 0; i < model->output_count; i++)
        memcpy(call->outputs[i], outputs[i].data, model->outputs[i].bytes);
    return NS_OK;
}

typedef struct all_samples {
    const ns_model *model;
    const void *const *inputs;
    void *const *outputs;
} all_samples;

static ns_code take_sample(void *context, size_t sample, ns_arena *arena, ns_tensor *inputs, ns_error *error)
{
    const all_samples *all = context;
    const ns_model *model = all->model;
    for (int i = 0; i < model->input_count; i++)
        NS_TRY(take_input(model, (const uint8_t *)all->inputs[i] + sample * model->inputs[i].bytes, i, arena,
                          &inputs[i], error));
    return NS_OK;
}

static ns_code keep_sample(void *context, size_t sample, const ns_tensor *outputs, ns_error *error)
{
    (void)error;
    const all_samples *all = context;
    for (int i = 0; i < all->model->output_count; i++) {
        const size_t bytes = all->model->outputs[i].bytes;
        memcpy((uint8_t *)all->outputs[i] + sample * bytes, outputs[i].data, bytes);
    }
    return NS_OK;
}

static ns_code run_all(ns_model *model, const ns_model_options *options, const void *const *inputs,
                       size_t samples, ns_arena *scratch, void *const *outputs, ns_error *error)
{
    all_samples all = {model, inputs, outputs};
    const ns_eval_options own = {
        .cpu_mask = options->cpu_mask, .budget = options->budget, .threads = options->threads};
    return ns_eval_all(model->graph, &own, &(ns_eval_samples){samples, take_sample, keep_sample, &all},
                       scratch, error);
}

/* A caller's budget need not outlive the call. */
static void end(ns_model *model, const ns_model_options *options)
{
    if (!options->budget)
        return;
    ns_evaluator_free(model->evaluator);
    model->evaluator = NULL;
}

static ns_code inspect(ns_model *model, bool json, ns_buffer *text, ns_error *error)
{
    const char *made = NULL;
    NS_TRY(json ? ns_graph_print_json(model->graph, text->arena, &made, error)
                : ns_graph_print_text(model->graph, text->arena, &made, error));
    ns_buffer_append(text, made, strlen(made));
    return NS_OK;
}

const ns_model_driver ns_model_tosa_driver = {
    .probe = probe, .load = load, .run = run, .inspect = inspect, .end = end, .run_all = run_all};
