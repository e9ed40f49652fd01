/* npuscope run: TOSA graphs. */
#include <stdio.h>
#include <string.h>

#include "base/interface.h"
#include "base/system.h"
#include "npuscope/eval.h"
#include "run.h"

/* A FlatBuffer's file identifier follows the offset of its root. */
static bool probe(ns_bytes bytes)
{
    return bytes.size >= 8 && memcmp(bytes.data + 4, "TOSA", 4) == 0;
}

/* ---- tap ---- */

typedef struct graph_tap {
    ns_cli *cli;
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
    if (op->op == NS_OP_CONST || op->op == NS_OP_CONST_SHAPE)
        return NS_OK;
    if (!ns_run_tap_wanted(run->settings->tap_only, tap->operator_index, tap->name))
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
    if (code != NS_OK) {
        ns_arena_free(arena);
        return code;
    }
    ns_json_object(&run->json, NULL);
    ns_json_integer(&run->json, "operator", tap->operator_index);
    ns_json_text(&run->json, "name", ns_op_text(op->op));
    ns_json_integer(&run->json, "output", tap->output);
    ns_json_text(&run->json, "tensor", tap->name);
    ns_json_text(&run->json, "file", file);
    ns_run_tap_summary(run->cli, run->settings, &run->json, tap->operator_index, ns_op_text(op->op),
                       tap->name, &array);
    ns_json_end(&run->json);
    ns_arena_free(arena);
    return NS_OK;
}

static bool is_written(const void *block_, const char *name)
{
    const ns_block *block = block_;
    for (int i = 0; i < block->operator_count; i++)
        for (int k = 0; k < block->operators[i].output_count; k++) {
            const char *own = block->tensors[block->operators[i].outputs[k]].name;
            if (own && strcmp(own, name) == 0)
                return true;
        }
    return false;
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

/* ---- samples ---- */

typedef struct sampling {
    const ns_block *block;
    ns_input *inputs;
    int64_t samples;    /* that the files hold behind a leading axis; 1: none */
    ns_tensor *results; /* of one */
    ns_npy *outputs;    /* of all samples */
} sampling;

static ns_code load_inputs(ns_cli *cli, const ns_run_settings *settings, sampling *s, ns_error *error)
{
    /* A tap shows one evaluation. */
    const ns_input_rules rules = {.files = &settings->inputs,
                                  .types = &settings->input_types,
                                  .scales = &settings->input_scales,
                                  .frames = !settings->tap};
    for (int i = 0; i < s->block->input_count; i++) {
        const ns_graph_tensor *declared = &s->block->tensors[s->block->inputs[i]];
        const ns_run_tensor tensor = {.name = declared->name, .tensor = declared->tensor};
        NS_TRY(ns_run_declare(&tensor, &s->inputs[i], error));
    }
    return ns_inputs_load(&rules, cli->arena, s->block->input_count, s->inputs, &s->samples, error);
}

/* Sample `index` of the inputs, where the evaluator may read it. */
static ns_code take_sample(const sampling *s, int64_t index, ns_arena *arena, ns_tensor *values,
                           ns_error *error)
{
    for (int i = 0; i < s->block->input_count; i++) {
        const ns_graph_tensor *declared = &s->block->tensors[s->block->inputs[i]];
        ns_npy one = ns_input_frame(&s->inputs[i], s->samples, index);
        if ((uintptr_t)one.data % 64 != 0)
            one.data = ns_arena_copy(arena, one.data, one.count * one.item_size);
        if (!one.data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for input '%s'", declared->name);
        if (ns_npy_to_tensor(&one, declared->tensor.dtype, &values[i], error) != NS_OK)
            return ns_add_context(error, "input '%s'", declared->name);
    }
    return NS_OK;
}

/* Room for the outputs of all samples. */
static ns_code make_outputs(ns_cli *cli, sampling *s, ns_error *error)
{
    for (int i = 0; i < s->block->output_count; i++) {
        ns_npy *all = &s->outputs[i];
        ns_tensor one = s->block->tensors[s->block->outputs[i]].tensor;
        NS_TRY(ns_shape_count(one.rank, one.shape, &(size_t){0}, error));
        NS_TRY(ns_npy_from_tensor(&one, all, error));
        if (all->rank == NS_MAX_RANK)
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "samples of an output of rank %d", all->rank);
        memmove(all->shape + 1, all->shape, (size_t)all->rank++ * sizeof all->shape[0]);
        all->shape[0] = s->samples;
        all->count *= (size_t)s->samples;
        all->data = ns_arena_alloc(cli->arena, all->count, all->item_size);
        if (!all->data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for output %d of %lld samples", i,
                           (long long)s->samples);
    }
    return NS_OK;
}

static ns_code take_one(void *context, size_t sample, ns_arena *arena, ns_tensor *inputs, ns_error *error)
{
    return take_sample(context, (int64_t)sample, arena, inputs, error);
}

static ns_code keep_one(void *context, size_t sample, const ns_tensor *outputs, ns_error *error)
{
    const sampling *s = context;
    for (int i = 0; i < s->block->output_count; i++) {
        ns_npy one;
        NS_TRY(ns_npy_from_tensor(&outputs[i], &one, error));
        const size_t size = one.count * one.item_size;
        memcpy((uint8_t *)s->outputs[i].data + sample * size, one.data, size);
    }
    return NS_OK;
}

static ns_code run_one(ns_cli *cli, const ns_graph *graph, const ns_eval_options *options, sampling *s,
                       ns_error *error)
{
    ns_tensor *values = NS_ARENA_ARRAY(cli->arena, (size_t)s->block->input_count, ns_tensor);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs");
    NS_TRY(take_sample(s, 0, cli->arena, values, error));
    return ns_eval(graph, options, values, s->block->input_count, cli->arena, s->results, error);
}

static ns_code run_samples(ns_cli *cli, const ns_graph *graph, const ns_eval_options *options, sampling *s,
                           ns_error *error)
{
    if (s->samples == 1)
        return run_one(cli, graph, options, s, error);
    NS_TRY(make_outputs(cli, s, error));
    return ns_eval_all(graph, options, &(ns_eval_samples){(size_t)s->samples, take_one, keep_one, s},
                       cli->arena, error);
}

static ns_code evaluate(ns_cli *cli, const ns_run_settings *settings, const ns_graph *graph, sampling *s,
                        ns_error *error)
{
    ns_buffer buffer = {.arena = cli->arena};
    graph_tap tap = {.cli = cli,
                     .budget = cli->budget,
                     .settings = settings,
                     .block = s->block,
                     .json = ns_json_begin(&buffer, true, 17)};
    ns_eval_options options = {.cpu_mask = settings->cpu_mask,
                               .budget = cli->budget,
                               .context = &tap,
                               .threads =
                                   (int)(settings->threads ? settings->threads : ns_system_processors())};
    if (settings->tap) {
        NS_TRY(ns_run_tap_check(settings->tap_only, is_written, s->block, cli->arena, error));
        NS_TRY(ns_folder_make(settings->tap, error));
        options.tap = take_tap;
        ns_run_tap_heading(cli);
        ns_json_object(&tap.json, NULL);
        ns_json_text(&tap.json, "schema", "npuscope/tap/1");
        ns_json_array(&tap.json, "operators");
    }
    NS_TRY(run_samples(cli, graph, &options, s, error));
    return settings->tap ? write_tap_json(&tap, cli->arena, error) : NS_OK;
}

/* Options about a command stream, which a graph has not, would be passed over without a word: those that were
 * given are named. */
static ns_code refuse_stream_options(const ns_run_settings *settings, ns_error *error)
{
    const struct {
        bool given;
        const char *option;
    } all[] = {{settings->accelerator != NULL, "--target"},
               {settings->hazards, "--hazards"},
               {settings->check, "--check"},
               {settings->strict_chip, "--strict-chip"},
               {settings->debug_db != NULL, "--debug-db"}};
    enum { COUNT = sizeof all / sizeof all[0] };
    const char *given[COUNT] = {0};
    char text[128] = "";
    int count = 0;
    for (int i = 0; i < COUNT; i++)
        if (all[i].given)
            given[count++] = all[i].option;
    for (int i = 0; i < count; i++) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s",
                 i == 0          ? ""
                 : i + 1 < count ? ", "
                                 : " and ",
                 given[i]);
    }
    return count == 0 ? NS_OK
                      : ns_fail(error, NS_ERROR_USAGE,
                                "%s %s about command streams: a graph has no chip yet (npuscope diagnose "
                                "compiles it)",
                                text, count == 1 ? "is" : "are");
}

static ns_code run_graph(ns_cli *cli, const ns_run_settings *settings, const ns_graph *graph,
                         int *output_count, ns_run_tensor **outputs, ns_error *error)
{
    NS_TRY(refuse_stream_options(settings, error));
    NS_TRY(ns_graph_validate(graph, error));
    sampling s = {.block = &graph->regions[0].blocks[0]};
    const size_t in_count = (size_t)s.block->input_count, out_count = (size_t)s.block->output_count;
    ns_run_tensor *out = NS_ARENA_ARRAY(cli->arena, out_count, ns_run_tensor);
    s.inputs = NS_ARENA_ARRAY(cli->arena, in_count, ns_input);
    s.results = NS_ARENA_ARRAY(cli->arena, out_count, ns_tensor);
    s.outputs = NS_ARENA_ARRAY(cli->arena, out_count, ns_npy);
    if (!out || !s.inputs || !s.results || !s.outputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs and outputs");
    NS_TRY(load_inputs(cli, settings, &s, error));
    NS_TRY(evaluate(cli, settings, graph, &s, error));
    for (size_t i = 0; i < out_count; i++) {
        /* The names must outlive the graph. */
        const char *name = ns_arena_string(cli->arena, s.block->tensors[s.block->outputs[i]].name);
        if (!name)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        out[i] = (ns_run_tensor){
            .name = name, .tensor = s.results[i], .array = s.samples > 1 ? &s.outputs[i] : NULL};
    }
    *output_count = s.block->output_count;
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

const ns_model_kind ns_run_tosa_kind = {.name = "TOSA graph", .probe = probe, .run = run};
