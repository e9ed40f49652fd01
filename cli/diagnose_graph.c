/* npuscope diagnose: a graph, both halves, and its mends; or a stream that is there already. */
#include "base/interface.h"
#include "diagnose.h"
#include "formats/interface.h"
#include "formats/tflite.h"
#include "npuscope/cpu.h"
#include "rows.h"
#include "run.h"

void ns_diagnose_set_options(const ns_diagnose_settings *settings, ns_diagnose_options *asked)
{
    asked->cpu_mask = ns_cpu_detect() & settings->cpu_mask;
    asked->threads = (int)settings->threads;
}

ns_code ns_diagnose_tell_unused(const ns_diagnose_settings *s, unsigned kinds, ns_arena *arena,
                                ns_error *error)
{
    enum { COMPILED = NS_DIAGNOSE_OF_GRAPH | NS_DIAGNOSE_OF_PROGRAM };
    enum { STREAMS = NS_DIAGNOSE_OF_STREAM | NS_DIAGNOSE_OF_DELEGATE };
    const struct {
        const char *name;
        bool given;
        unsigned effect; /* on these kinds */
    } options[] = {
        {"--input-scale", s->input_scales.count > 0, NS_DIAGNOSE_OF_GRAPH | NS_DIAGNOSE_OF_STREAM},
        {"--output-scale", s->output_scales.count > 0, NS_DIAGNOSE_OF_GRAPH},
        {"--reference", s->references.count > 0, (unsigned)COMPILED | NS_DIAGNOSE_OF_DELEGATE},
        {"--target", s->accelerators.count > 0, COMPILED},
        {"--all-targets", s->all_targets, COMPILED},
        {"--memory-mode", s->memory_modes.count > 0, COMPILED},
        {"--vela", s->velas.count > 0, COMPILED},
        {"--vela-flags", s->vela_options != NULL, COMPILED},
        {"--no-advice", s->no_advice, COMPILED},
        {"--graph", s->graphs.count > 0, STREAMS},
        {"--debug-db", s->debug_dbs.count > 0, STREAMS},
    };
    const char *list = "";
    for (size_t i = 0; list && i < sizeof options / sizeof *options; i++)
        if (options[i].given && !(options[i].effect & kinds))
            list = ns_arena_format(arena, "%s%s%s", list, *list ? ", " : "", options[i].name);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a message");
    if (*list)
        ns_cli_say("without effect on %s: %s",
                   kinds & NS_DIAGNOSE_OF_GRAPH    ? "a graph"
                   : kinds & NS_DIAGNOSE_OF_STREAM ? "a stream, which is compiled already"
                   : kinds & NS_DIAGNOSE_OF_PROGRAM
                       ? "a program, which has its own scales"
                       : "a program, which has its own scales, and whose delegates are compiled already",
                   list);
    return NS_OK;
}

/* ---- the compile half ---- */

/* One of each family. */
static const ns_accelerator default_accelerators[] = {NS_ACCELERATOR_U55_128, NS_ACCELERATOR_U65_256,
                                                      NS_ACCELERATOR_U85_256};

static ns_code choose_accelerators(const ns_diagnose_settings *settings, ns_arena *arena,
                                   ns_diagnose_compile_options *out, ns_error *error)
{
    ns_accelerator *list = NS_ARENA_ARRAY(arena, NS_ACCELERATOR_COUNT, ns_accelerator);
    int count = 0;
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the accelerators");
    for (int i = 0; settings->all_targets && i < NS_ACCELERATOR_COUNT; i++)
        list[count++] = (ns_accelerator)i;
    for (int i = 0; !settings->all_targets && i < settings->accelerators.count; i++) {
        ns_accelerator chosen;
        NS_TRY(ns_accelerator_parse(settings->accelerators.values[i], &chosen, error));
        bool again = false;
        for (int k = 0; k < count; k++)
            again = again || list[k] == chosen;
        if (!again)
            list[count++] = chosen;
    }
    if (!count)
        for (size_t i = 0; i < sizeof default_accelerators / sizeof default_accelerators[0]; i++)
            list[count++] = default_accelerators[i];
    out->accelerators = list;
    out->accelerator_count = count;
    return NS_OK;
}

ns_code ns_diagnose_choose_velas(const ns_diagnose_settings *settings, ns_arena *arena,
                                 ns_diagnose_compile_options *out, const char **missing, ns_error *error)
{
    const int count = settings->velas.count ? settings->velas.count : 1;
    ns_vela *list = NS_ARENA_ARRAY(arena, (size_t)count, ns_vela);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the installations of Vela");
    for (int i = 0; i < count; i++) {
        const char *path = settings->velas.count ? settings->velas.values[i] : NULL;
        ns_error problem = {0};
        const ns_code code = ns_vela_find(path, arena, &list[i], &problem);
        if (code == NS_ERROR_TOOL_MISSING && !path) {
            *missing = ns_arena_string(arena, problem.message);
            return *missing ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a message");
        }
        if (code != NS_OK)
            return ns_fail(error, code, "%s", problem.message);
    }
    out->velas = list;
    out->vela_count = count;
    return NS_OK;
}

ns_code ns_diagnose_compile_model(ns_cli *cli, const ns_diagnose_settings *settings,
                                  const ns_diagnose_options *asked, const void *model, size_t model_size,
                                  ns_diagnose_result *result, ns_error *error)
{
    ns_progress shown;
    ns_progress_begin(&shown, cli);
    const ns_vela_options vela = {.progress = ns_progress_compiled, .warn = ns_cli_warn, .context = &shown};
    ns_diagnose_compile_options options = {
        .model = model,
        .model_size = model_size,
        .inputs = asked->inputs,
        .input_count = asked->input_count,
        .samples = asked->samples,
        .memory_modes = settings->memory_modes.values,
        .memory_mode_count = settings->memory_modes.count,
        .flags = settings->vela_options,
        .vela = &vela,
        .cpu_mask = asked->cpu_mask,
        .no_advice = settings->no_advice,
    };
    NS_TRY(ns_row_shard(settings->shard, &options.shard, &options.shards, error));
    NS_TRY(choose_accelerators(settings, cli->arena, &options, error));
    NS_TRY(ns_diagnose_choose_velas(settings, cli->arena, &options, &result->compile_missing, error));
    if (result->compile_missing)
        return NS_OK;
    ns_error problem = {0};
    const ns_code code =
        ns_diagnose_compile_run(&options, cli->arena, &result->compile, &result->compile_count, &problem);
    ns_progress_end(&shown);
    /* What the graph itself leaves open is no fault of a compiler: the other half says where. */
    if (code == NS_ERROR_UNPREDICTABLE || code == NS_ERROR_UNSUPPORTED)
        result->compile_missing = ns_arena_string(cli->arena, problem.message);
    else if (code != NS_OK)
        return ns_fail(error, code, "%s", problem.message);
    if (code != NS_OK)
        result->compile_count = 0;
    return NS_OK;
}

/* ---- both ---- */

/* Of the parts of a split run one has the precision half, by the model's bytes. */
static ns_code is_precision_of_shard(const ns_diagnose_settings *settings, ns_bytes model, bool *out,
                                     ns_error *error)
{
    int shard, shards;
    char digest[24];
    const char *const key[] = {digest, "precision"};
    NS_TRY(ns_row_shard(settings->shard, &shard, &shards, error));
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)ns_bytes_hash(model));
    *out = ns_shard_takes(shard, shards, 2, key);
    return NS_OK;
}

ns_code ns_diagnose_halves(ns_cli *cli, const ns_diagnose_settings *settings, const ns_graph *graph,
                           ns_bytes bytes, const ns_diagnose_options *asked, ns_diagnose_result *result,
                           ns_error *error)
{
    ns_diagnose_precision *precision = NS_ARENA_NEW(cli->arena, ns_diagnose_precision);
    if (!precision)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a diagnosis");
    bool of_shard = true;
    NS_TRY(is_precision_of_shard(settings, bytes, &of_shard, error));
    if (!settings->no_precision && !of_shard)
        result->precision_missing = "another part of --shard has it";
    if (!settings->no_precision && of_shard) {
        NS_TRY(ns_diagnose_precision_run(graph, asked, cli->arena, precision, error));
        result->precision = precision;
    }
    return settings->no_compile
               ? NS_OK
               : ns_diagnose_compile_model(cli, settings, asked, bytes.data, bytes.size, result, error);
}

/* ---- a stream that is there already, a Vela npz or .tflite, beside its graph if that is given ---- */

bool ns_diagnose_is_stream(ns_bytes bytes)
{
    return ns_npz_probe(bytes) || ns_tflite_probe(bytes);
}

/* The stream's inputs as its container declares them. */
static ns_code load_inputs(const ns_diagnose_settings *settings, const ns_npu_stream *stream, ns_arena *arena,
                           ns_diagnose_compile_options *out, ns_error *error)
{
    const int count = ns_npu_input_count(stream);
    ns_run_tensor *inputs = NS_ARENA_ARRAY(arena, (size_t)count, ns_run_tensor);
    ns_tensor *values = NS_ARENA_ARRAY(arena, (size_t)count, ns_tensor);
    if (!inputs || !values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the stream's inputs");
    for (int i = 0; i < count; i++)
        NS_TRY(ns_run_declare_input(ns_npu_input(stream, i), i, arena, &inputs[i], error));
    const ns_run_settings run = {.inputs = settings->inputs};
    NS_TRY(ns_run_load_inputs(&run, arena, count, inputs, error));
    for (int i = 0; i < count; i++)
        values[i] = inputs[i].tensor;
    out->inputs = values;
    out->input_count = count;
    return NS_OK;
}

/* The inputs of the graph beside the stream. */
static ns_code load_graph(const ns_diagnose_settings *settings, ns_arena *arena,
                          ns_diagnose_compile_options *out, ns_error *error)
{
    ns_bytes bytes;
    ns_graph *graph = NULL;
    ns_diagnose_options asked = {0};
    NS_TRY(ns_file_read(settings->graphs.values[0], arena, &bytes, error));
    ns_code code = ns_graph_read_within(ns_arena_budget(arena), bytes.data, bytes.size, &graph, error);
    if (code == NS_OK)
        code = ns_graph_validate(graph, error);
    if (code == NS_OK)
        code = ns_diagnose_load_inputs(settings, graph, arena, &asked, error);
    ns_graph_free(graph);
    NS_TRY(code);
    out->model = bytes.data;
    out->model_size = bytes.size;
    out->inputs = asked.inputs;
    out->input_count = asked.input_count;
    out->samples = asked.samples;
    return NS_OK;
}

ns_code ns_diagnose_stream_file(ns_cli *cli, const ns_diagnose_settings *settings, ns_bytes bytes,
                                ns_diagnose_result *result, ns_error *error)
{
    ns_npu_stream *stream = NULL;
    ns_bytes debug = {0};
    ns_diagnose_compile_options options = {.cpu_mask = settings->cpu_mask};
    ns_diagnose_compile *row = NS_ARENA_NEW(cli->arena, ns_diagnose_compile);
    if (!row)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a verdict");
    NS_TRY((ns_npz_probe(bytes) ? ns_npu_load_npz : ns_npu_load_tflite)(
        bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, cli->arena, &stream, error));
    if (settings->debug_dbs.count)
        NS_TRY(ns_file_read(settings->debug_dbs.values[0], cli->arena, &debug, error));
    NS_TRY(settings->graphs.count ? load_graph(settings, cli->arena, &options, error)
                                  : load_inputs(settings, stream, cli->arena, &options, error));
    NS_TRY(ns_diagnose_stream_run(&options, stream, debug.data, debug.size, cli->arena, row, error));
    if (!settings->graphs.count && !settings->no_precision)
        result->precision_missing =
            "a stream alone does not tell what is right: give the .tosa file that it was "
            "compiled from, --graph FILE";
    result->compile = row;
    result->compile_count = 1;
    return NS_OK;
}
