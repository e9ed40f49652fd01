/* npuscope diagnose: what is to blame in a whole model. */
#include "diagnose.h"

#include "base/interface.h"
#include "report/interface.h"
#include "rows.h"
#include "shared.h"

#define OPTION(field) offsetof(ns_diagnose_settings, field)

static const ns_option options[] = {
    {'i', "input", NS_OPTION_TEXT_LIST, "[NAME=]FILE", OPTION(inputs),
     "an input as .npy: integers, or floats with --input-scale; may be\nrepeated; by name, or in the model's "
     "order"},
    NS_ROW_INPUT_TYPE(ns_diagnose_settings, input_types),
    {0, "input-scale", NS_OPTION_TEXT_LIST, "[NAME=]S[:ZERO]", OPTION(input_scales),
     "the scale of an input that holds floats"},
    {0, "reference", NS_OPTION_TEXT_LIST, "[NAME=]FILE", OPTION(references),
     "what the float model gives for an output, as .npy: then the distance\nto it is measured"},
    {0, "output-scale", NS_OPTION_TEXT_LIST, "[NAME=]S[:ZERO]", OPTION(output_scales),
     "the scale of an output with a reference (default: the one that\nbrings both nearest)"},
    {0, "samples", NS_OPTION_FLAG, NULL, OPTION(samples), "the leading axis of each input counts samples"},
    {0, "no-precision", NS_OPTION_FLAG, NULL, OPTION(no_precision), "only ask what the compiler made of it"},
    {0, "no-compile", NS_OPTION_FLAG, NULL, OPTION(no_compile), "only ask which operator loses precision"},
    {0, "target", NS_OPTION_TEXT_LIST, "T", OPTION(accelerators),
     "compile for this accelerator, or u55, u65, u85; may be repeated (default\nethos-u55-128, ethos-u65-256 "
     "and ethos-u85-256)"},
    {0, "all-targets", NS_OPTION_FLAG, NULL, OPTION(all_targets), "compile for all eleven accelerators"},
    {0, "memory-mode", NS_OPTION_TEXT_LIST, "NAME", OPTION(memory_modes),
     "of Vela's vela.ini; may be repeated (default all that\nfit the accelerator)"},
    {0, "vela", NS_OPTION_TEXT_LIST, "PATH", OPTION(velas), "an installation of Vela; may be repeated"},
    {0, "vela-flags", NS_OPTION_TEXT, "FLAGS", OPTION(vela_options),
     "further options of Vela, separated by spaces"},
    {0, "graph", NS_OPTION_TEXT_LIST, "FILE", OPTION(graphs),
     "the .tosa graph of a MODEL that is Vela's npz or .tflite; of a\nprogram one for each Ethos-U delegate, "
     "in order"},
    {0, "debug-db", NS_OPTION_TEXT_LIST, "FILE", OPTION(debug_dbs), "and Vela's debug database of it"},
    NS_ROW_SHARD(shard),
    {0, "no-advice", NS_OPTION_FLAG, NULL, OPTION(no_advice), "do not try what avoids a finding"},
    {0, "json", NS_OPTION_OUTPUT, "FILE", OPTION(json), "write the results as JSON; -: on standard output"},
    {0, "apply", NS_OPTION_OUTPUT, "FILE", OPTION(apply),
     "write the graph with the mends that can be written into it, and\nsay what they bring"},
    {0, "reduce", NS_OPTION_OUTPUT, "FILE", OPTION(reduce),
     "write the smallest .tosa graph that shows the first finding, and its\ninputs and results beside it as "
     ".npy"},
    {0, "time-limit", NS_OPTION_REAL, "S", OPTION(time_limit),
     "give up after that time; --reduce then searches for as long\nagain (default: none, and 60 for "
     "--reduce)"},
    {0, "html", NS_OPTION_OUTPUT, "FILE", OPTION(html), "write one self-contained page"},
    {0, "markdown", NS_OPTION_OUTPUT, "FILE", OPTION(markdown), "write a summary for a CI job's page"},
    {0, "junit", NS_OPTION_OUTPUT, "FILE", OPTION(junit), "write JUnit XML"},
    {0, "csv", NS_OPTION_OUTPUT, "FILE", OPTION(csv), "write a row for each stage"},
    {0, "node-data", NS_OPTION_OUTPUT, "FILE", OPTION(nodes),
     "write node data for Model Explorer: each stage's share of the error"},
    {0, "threads", NS_OPTION_INTEGER, "N", OPTION(threads), "default: as many as there are CPUs"},
    {0, "cpu", NS_OPTION_CPU, "LIST", OPTION(cpu_mask),
     "instruction sets that may be used: all, none, or a list (default all)"},
    {0},
};

static void preset(void *settings)
{
    ((ns_diagnose_settings *)settings)->cpu_mask = ~0u;
}

typedef ns_code (*writer)(const ns_diagnose_result *result, ns_arena *arena, ns_bytes *out, ns_error *error);

/* To a file, or to standard output for "-". NULL: not asked for. */
static ns_code write_one(ns_cli *cli, const char *path, writer write, const ns_diagnose_result *result,
                         ns_error *error)
{
    ns_bytes bytes;
    if (!path)
        return NS_OK;
    NS_TRY(write(result, cli->arena, &bytes, error));
    return ns_cli_write(cli, path, bytes, error);
}

static bool is_stdout(const char *path)
{
    return path && path[0] == '-' && !path[1];
}

/* Node data are those of one graph: of several delegates each has a file of its own. */
static ns_code write_nodes(ns_cli *cli, const char *path, const ns_diagnose_result *result, ns_error *error)
{
    if (!path || !result->part_count)
        return write_one(cli, path, ns_report_diagnose_nodes, result, error);
    if (is_stdout(path))
        return ns_fail(error, NS_ERROR_USAGE,
                       "--node-data -: node data are those of one graph, and the program has %d delegates: "
                       "name a file",
                       result->part_count);
    int written = 0;
    for (int i = 0; i < result->part_count; i++) {
        const char *file = ns_diagnose_numbered(path, i, cli->arena);
        if (!file)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file's name");
        if (!result->parts[i].precision)
            continue;
        NS_TRY(write_one(cli, file, ns_report_diagnose_nodes, &result->parts[i], error));
        written++;
    }
    return written ? NS_OK : ns_fail(error, NS_ERROR_USAGE, "--node-data: no delegate's graph was diagnosed");
}

static ns_code report(ns_cli *cli, const ns_diagnose_settings *settings, const ns_diagnose_result *result,
                      ns_error *error)
{
    const struct {
        const char *path;
        writer write;
    } files[] = {{settings->json, ns_report_diagnose_json},
                 {settings->html, ns_report_diagnose_html},
                 {settings->markdown, ns_report_diagnose_markdown},
                 {settings->junit, ns_report_diagnose_junit},
                 {settings->csv, ns_report_diagnose_csv}};
    bool text = !is_stdout(settings->nodes);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        text = text && !is_stdout(files[i].path);
    if (text)
        ns_report_diagnose_text(result, cli->out);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        NS_TRY(write_one(cli, files[i].path, files[i].write, result, error));
    return write_nodes(cli, settings->nodes, result, error);
}

/* Why neither half ran, anywhere; NULL: one did. */
static const char *why_nothing(const ns_diagnose_result *result)
{
    const char *why = result->precision_missing ? result->precision_missing : result->compile_missing;
    if (result->precision || result->compile_count)
        return NULL;
    for (int i = 0; i < result->part_count; i++) {
        why = why_nothing(&result->parts[i]);
        if (!why)
            return NULL;
    }
    return why ? why : "neither half was asked for";
}

/* The report, then what is made of the findings. */
static ns_code finish(ns_cli *cli, const ns_diagnose_settings *settings, const ns_diagnose_result *result,
                      const ns_diagnose_subjects *subjects, ns_error *error)
{
    const char *why = why_nothing(result);
    NS_TRY(report(cli, settings, result, error));
    if (why)
        return ns_fail(error, NS_ERROR_USAGE, "nothing was judged: %s", why);
    NS_TRY(ns_diagnose_write(cli, settings, subjects, error));
    if (ns_diagnose_fails(result))
        return NS_ERROR_MISMATCH;
    why = ns_diagnose_unjudged(result);
    return why ? ns_fail(error, NS_ERROR_USAGE, "not judged: %s", why) : NS_OK;
}

static ns_code diagnose_graph(ns_cli *cli, const ns_diagnose_settings *settings, const char *path,
                              ns_graph *graph, ns_bytes bytes, ns_error *error)
{
    ns_diagnose_result result = {.model = path, .region = graph->regions[0].name};
    ns_diagnose_subject subject = {.graph = graph, .result = &result};
    const ns_diagnose_subjects subjects = {1, &subject};
    ns_diagnose_set_options(settings, &subject.asked);
    NS_TRY(ns_diagnose_tell_unused(settings, NS_DIAGNOSE_OF_GRAPH, cli->arena, error));
    NS_TRY(ns_graph_validate(graph, error));
    NS_TRY(ns_diagnose_load_inputs(settings, graph, cli->arena, &subject.asked, error));
    NS_TRY(ns_diagnose_load_references(settings, graph, cli->arena, &subject.asked, error));
    NS_TRY(ns_diagnose_halves(cli, settings, graph, bytes, &subject.asked, &result, error));
    return finish(cli, settings, &result, &subjects, error);
}

static ns_code diagnose_program(ns_cli *cli, const ns_diagnose_settings *settings, const char *path,
                                ns_bytes bytes, ns_error *error)
{
    ns_diagnose_result result = {.model = path};
    ns_diagnose_subjects subjects = {0};
    ns_code code = ns_diagnose_program_file(cli, settings, bytes, &result, &subjects, error);
    if (code == NS_OK)
        code = finish(cli, settings, &result, &subjects, error);
    for (int i = 0; i < subjects.count; i++)
        ns_graph_free(subjects.list[i].graph);
    return code;
}

static ns_code diagnose_stream(ns_cli *cli, const ns_diagnose_settings *settings, const char *path,
                               ns_bytes bytes, ns_error *error)
{
    ns_diagnose_result result = {.model = path};
    const ns_diagnose_subjects none = {0};
    NS_TRY(ns_diagnose_tell_unused(settings, NS_DIAGNOSE_OF_STREAM, cli->arena, error));
    NS_TRY(ns_diagnose_stream_file(cli, settings, bytes, &result, error));
    return finish(cli, settings, &result, &none, error);
}

/* The whole command's limit has room for the search, which ends by itself with what it has by then. */
static ns_code limit_time(ns_cli *cli, ns_diagnose_settings *settings, ns_error *error)
{
    const double given = settings->time_limit;
    NS_TRY(ns_row_seconds("time-limit", given, error));
    if (given == 0)
        settings->time_limit = 60;
    const ns_budget_settings limits = {.time_limit = settings->reduce ? 2 * given : given};
    return ns_budget_limit(cli->budget, &limits, error);
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    ns_diagnose_settings *settings = settings_;
    if (settings->threads < 0 || settings->threads > 1024)
        return ns_fail(error, NS_ERROR_USAGE, "--threads %lld: expected 0 to 1024",
                       (long long)settings->threads);
    NS_TRY(limit_time(cli, settings, error));
    if (settings->no_precision && settings->no_compile)
        return ns_fail(error, NS_ERROR_USAGE, "--no-precision and --no-compile leave nothing to ask");
    ns_bytes bytes;
    ns_graph *graph = NULL;
    ns_code code = NS_OK;
    NS_TRY(ns_file_read(operands[0], cli->arena, &bytes, error));
    if (ns_diagnose_is_stream(bytes))
        code = diagnose_stream(cli, settings, operands[0], bytes, error);
    else if (ns_program_files_probe(bytes))
        code = diagnose_program(cli, settings, operands[0], bytes, error);
    else
        code = ns_graph_read_within(cli->budget, bytes.data, bytes.size, &graph, error);
    if (code == NS_OK && graph)
        code = diagnose_graph(cli, settings, operands[0], graph, bytes, error);
    if (code != NS_OK && error->message[0])
        ns_add_context(error, "%s", operands[0]);
    ns_graph_free(graph);
    return code;
}

const ns_subcommand ns_subcommand_diagnose = {
    .operands = "MODEL",
    .operand_min = 1,
    .operand_max = 1,
    .details = "Says which operators of a .tosa graph lose precision on these inputs, why, and what would\n"
               "mend it; and where what Vela makes of it departs from it. Of an ExecuTorch program (.pte)\n"
               "each delegate is judged, on the inputs that the program gives it. Exit code 1 where\n"
               "something is to blame.",
    .options = options,
    .settings_size = sizeof(ns_diagnose_settings),
    .preset = preset,
    .run = run,
};
