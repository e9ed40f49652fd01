/* npuscope run: ExecuTorch programs whose delegates are Ethos-U command streams. */
#include "program/order.h"
#include "program_files.h"
#include "run.h"

static ns_code make_output(ns_cli *cli, const ns_program_tensor *tensor, int index, ns_run_tensor *out,
                           ns_error *error)
{
    if (!tensor->data)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "output %d is no tensor: only tensors can be written",
                       index);
    ns_npy *array = NS_ARENA_NEW(cli->arena, ns_npy);
    out->name = ns_arena_format(cli->arena, "out%d", index);
    if (!array || !out->name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for output %d", index);
    NS_TRY(ns_program_files_describe(tensor, array, error));
    array->data = ns_arena_alloc(cli->arena, tensor->count * array->item_size, 1);
    if (!array->data)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for output %d", index);
    ns_program_from_memory_order(tensor, array->data);
    out->array = array;
    return NS_OK;
}

static ns_code run(ns_cli *cli, const ns_run_settings *settings, ns_bytes bytes, int *output_count,
                   ns_run_tensor **outputs, ns_error *error)
{
    ns_accelerator accelerator = NS_ACCELERATOR_UNKNOWN;
    ns_program *program = NULL;
    if (settings->accelerator)
        NS_TRY(ns_accelerator_parse(settings->accelerator, &accelerator, error));
    NS_TRY(ns_program_read(bytes.data, bytes.size, accelerator, cli->arena, &program, error));
    const int input_count = ns_program_input_count(program), count = ns_program_output_count(program);
    const void **data = NS_ARENA_ARRAY(cli->arena, (size_t)input_count, const void *);
    size_t *sizes = NS_ARENA_ARRAY(cli->arena, (size_t)input_count, size_t);
    ns_program_tensor *results = NS_ARENA_ARRAY(cli->arena, (size_t)count, ns_program_tensor);
    ns_run_tensor *out = NS_ARENA_ARRAY(cli->arena, (size_t)count, ns_run_tensor);
    ns_program_statistics statistics = {0};
    ns_npu_options options;
    ns_run_tap tap;
    if (!data || !sizes || !results || !out)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs and outputs");
    NS_TRY(ns_program_files_load(cli, &settings->inputs, program, data, sizes, error));
    NS_TRY(ns_run_tap_open(&tap, cli, settings, NULL, &options, error));
    const ns_program_watch watch = {ns_run_tap_delegate, &tap};
    ns_code code = ns_program_run_watched(program, &options, &(ns_program_inputs){input_count, data, sizes},
                                          &watch, cli->arena, results, &statistics, error);
    NS_TRY(ns_run_tap_close(&tap, code, &statistics.npu, error));
    for (int i = 0; i < count; i++)
        NS_TRY(make_output(cli, &results[i], i, &out[i], error));
    *output_count = count;
    *outputs = out;
    return NS_OK;
}

const ns_model_kind ns_model_program = {
    .name = "ExecuTorch program", .probe = ns_program_files_probe, .run = run};
