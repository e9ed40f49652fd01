/* npuscope run: TOSA graphs. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "npuscope/eval.h"
#include "run.h"

/* A FlatBuffer's file identifier follows the offset of its root. */
static bool probe(ns_bytes bytes)
{
    return bytes.size >= 8 && memcmp(bytes.data + 4, "TOSA", 4) == 0;
}

/* ---- tap ---- */

typedef struct graph_tap {
    ns_budget *budget;
    const ns_run_settings *settings;
    const ns_block *block;
    ns_json json; /* tap.json */
} graph_tap;

/* Each operator's results but those of constants: <operator>_<NAME>.npy, and _<output> behind the first. */
static ns_code take_tap(void *context, const ns_eval_tap *tap, ns_error *error)
{
    graph_tap *run = context;
    const ns_operator *op = &run->block->operators[tap->operator_index];
    char file[64], output[16] = "";
    bool wanted;
    if (op->op == NS_OP_CONST || op->op == NS_OP_CONST_SHAPE)
        return NS_OK;
    NS_TRY(ns_run_tap_wanted(run->settings->tap_only, tap->operator_index, &wanted, error));
    if (!wanted)
        return NS_OK;
    NS_TRY(ns_budget_spend(run->budget, NS_RUN_TAP_FILE_WORK, error));
    if (tap->output)
        snprintf(output, sizeof output, "_%d", tap->output);
    snprintf(file, sizeof file, "%04d_%s%s.npy", tap->operator_index, ns_op_text(op->op), output);
    ns_arena *arena = ns_arena_new_within(run->budget);
    ns_npy array;
    const char *path = arena ? ns_arena_format(arena, "%s/%s", run->settings->tap, file) : NULL;
    ns_code code = path ? ns_npy_from_tensor(tap->data, &array, error)
                        : ns_fail(error, NS_ERROR_MEMORY, "no memory for the tap");
    if (code == NS_OK)
        code = ns_npy_save(&array, path, arena, error);
    ns_arena_free(arena);
    NS_TRY(code);
    ns_json_object(&run->json, NULL);
    ns_json_integer(&run->json, "operator", tap->operator_index);
    ns_json_text(&run->json, "name", ns_op_text(op->op));
    ns_json_integer(&run->json, "output", tap->output);
    ns_json_text(&run->json, "tensor", tap->name);
    ns_json_text(&run->json, "file", file);
    ns_json_end(&run->json);
    return NS_OK;
}

static ns_code write_tap_json(graph_tap *tap, ns_arena *arena, ns_error *error)
{
    ns_bytes bytes;
    ns_json_end(&tap->json);
    ns_json_end(&tap->json);
    NS_TRY(ns_json_finish(&tap->json, "tap.json", &bytes, error));
    const char *path = ns_arena_format(arena, "%s/tap.json", tap->settings->tap);
    return path ? ns_file_write(path, bytes, error) : ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
}

static ns_code run_graph(ns_cli *cli, const ns_run_settings *settings, const ns_graph *graph,
                         int *output_count, ns_run_tensor **outputs, ns_error *error)
{
    if (settings->hazards || settings->check || settings->strict_chip || settings->debug_db)
        return ns_fail(error, NS_ERROR_USAGE,
                       "--hazards, --check, --strict-chip and --debug-db are about command streams: a graph "
                       "has no chip yet "
                       "(npuscope diagnose compiles it)");
    NS_TRY(ns_graph_validate(graph, error));
    const ns_block *block = &graph->regions[0].blocks[0];
    size_t in_count = (size_t)block->input_count, out_count = (size_t)block->output_count;
    ns_run_tensor *in = NS_ARENA_ARRAY(cli->arena, in_count, ns_run_tensor);
    ns_run_tensor *out = NS_ARENA_ARRAY(cli->arena, out_count, ns_run_tensor);
    ns_tensor *values = NS_ARENA_ARRAY(cli->arena, in_count, ns_tensor);
    ns_tensor *results = NS_ARENA_ARRAY(cli->arena, out_count, ns_tensor);
    if (!in || !out || !values || !results)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs and outputs");
    for (size_t i = 0; i < in_count; i++) {
        const ns_graph_tensor *declared = &block->tensors[block->inputs[i]];
        in[i] = (ns_run_tensor){declared->name, declared->tensor};
        in[i].tensor.data = NULL;
    }
    NS_TRY(ns_run_load_inputs(settings, cli->arena, block->input_count, in, error));
    for (size_t i = 0; i < in_count; i++)
        values[i] = in[i].tensor;
    ns_buffer buffer = {.arena = cli->arena};
    graph_tap tap = {.budget = cli->budget,
                     .settings = settings,
                     .block = block,
                     .json = ns_json_begin(&buffer, true, 17)};
    ns_eval_options options = {.cpu_mask = settings->cpu_mask, .budget = cli->budget, .context = &tap};
    if (settings->tap) {
        NS_TRY(ns_folder_make(settings->tap, error));
        options.tap = take_tap;
        ns_json_object(&tap.json, NULL);
        ns_json_text(&tap.json, "schema", "npuscope/tap/1");
        ns_json_array(&tap.json, "operators");
    }
    NS_TRY(ns_eval(graph, &options, values, block->input_count, cli->arena, results, error));
    if (settings->tap)
        NS_TRY(write_tap_json(&tap, cli->arena, error));
    for (size_t i = 0; i < out_count; i++) {
        /* The names must outlive the graph. */
        const char *name = ns_arena_string(cli->arena, block->tensors[block->outputs[i]].name);
        if (!name)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        out[i] = (ns_run_tensor){.name = name, .tensor = results[i]};
    }
    *output_count = block->output_count;
    *outputs = out;
    return NS_OK;
}

static ns_code run(ns_cli *cli, const ns_run_settings *settings, ns_bytes bytes, int *output_count,
                   ns_run_tensor **outputs, ns_error *error)
{
    ns_graph *graph = NULL;
    NS_TRY(ns_graph_read_within(cli->budget, bytes.data, bytes.size, &graph, error));
    ns_code code = run_graph(cli, settings, graph, output_count, outputs, error);
    ns_graph_free(graph);
    return code;
}

const ns_model_kind ns_model_tosa = {.name = "TOSA graph", .probe = probe, .run = run};
