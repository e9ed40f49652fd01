/* npuscope reduce: the smallest graph that Vela still compiles wrong. */
#include <string.h>

#include "base/interface.h"
#include "npuscope/fuzz_vela.h"
#include "options.h"
#include "rows.h"
#include "run.h"
#include "shared.h"

typedef struct reduce_settings {
    ns_text_list inputs;
    const char *output, *accelerator, *vela, *flags;
    double time_limit;
    bool ordinary;
} reduce_settings;

#define OPTION(field) offsetof(reduce_settings, field)

static const ns_option options[] = {
    {'i', "input", NS_OPTION_TEXT_LIST, "[NAME=]FILE", OPTION(inputs),
     "an input: .npy or raw little-endian bytes; by name, or in order"},
    {'o', "output", NS_OPTION_FOLDER, "DIR", OPTION(output),
     "folder for graph.tosa, in<k>.npy and out<k>.npy (required)"},
    {0, "target", NS_OPTION_TEXT, "T", OPTION(accelerator),
     "the one that goes wrong (default: ethos-u55-128)"},
    {0, "vela-flags", NS_OPTION_TEXT, "FLAGS", OPTION(flags),
     "further options of Vela, such as \"--optimise Size\""},
    NS_ROW_VELA(vela),
    {0, "ordinary", NS_OPTION_FLAG, NULL, OPTION(ordinary),
     "leave operators out, but keep dims, data and attributes as they are"},
    {0, "time-limit", NS_OPTION_REAL, "S", OPTION(time_limit), "seconds (default 60)"},
    {0},
};

static void preset(void *settings_)
{
    reduce_settings *settings = settings_;
    settings->accelerator = "ethos-u55-128";
    settings->time_limit = 60;
}

static ns_code load(ns_cli *cli, const reduce_settings *s, const ns_block *block, ns_tensor **values,
                    ns_error *error)
{
    const ns_run_settings run = {.inputs = s->inputs};
    ns_run_tensor *in = NS_ARENA_ARRAY(cli->arena, (size_t)block->input_count, ns_run_tensor);
    *values = NS_ARENA_ARRAY(cli->arena, (size_t)block->input_count, ns_tensor);
    if (!in || !*values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the graph's inputs");
    for (int i = 0; i < block->input_count; i++) {
        in[i] =
            (ns_run_tensor){block->tensors[block->inputs[i]].name, block->tensors[block->inputs[i]].tensor};
        in[i].tensor.data = NULL;
    }
    NS_TRY(ns_run_load_inputs(&run, cli->arena, block->input_count, in, error));
    for (int i = 0; i < block->input_count; i++)
        (*values)[i] = in[i].tensor;
    return NS_OK;
}

static ns_code reduce(ns_cli *cli, const reduce_settings *s, const ns_reduce_options *o,
                      const ns_graph *graph, ns_error *error)
{
    ns_tensor *values = NULL;
    ns_reduce_result r;
    const ns_block *block = &graph->regions[0].blocks[0];
    NS_TRY(load(cli, s, block, &values, error));
    NS_TRY(ns_reduce_graph(o, graph, values, block->input_count, cli->arena, &r, error));
    const ns_smallest smallest = {r.file, r.file_size, r.input_count, r.output_count, r.inputs, r.outputs};
    const ns_diagnose_target target = {&o->vela, o->accelerator, o->flags};
    const char *path = ns_arena_format(cli->arena, "%s/graph.tosa", s->output);
    const char *prefix = ns_arena_format(cli->arena, "%s/", s->output);
    if (!path || !prefix)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file's name");
    NS_TRY(ns_folder_make(s->output, error));
    NS_TRY(ns_smallest_write(cli, &smallest, path, prefix, error));
    fprintf(cli->out, "%s: %s\n%d operators of %d left after %d trials in %.1f s: %s%s\n", s->output,
            r.signature, r.operators, r.operators_before, r.trials, r.seconds, s->output, "/graph.tosa");
    fprintf(cli->out, "operators: %s\nknown defect: %s\n", r.operation,
            r.known_defect ? r.known_defect : "none");
    fprintf(cli->out, "another order that is right: %s\n",
            *r.avoided_by ? r.avoided_by : "none of those tried");
    return ns_smallest_print_departure(cli, &smallest, &target, error);
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    const reduce_settings *s = settings_;
    ns_reduce_options o = {.flags = s->flags, .time_limit = s->time_limit, .ordinary = s->ordinary};
    ns_bytes bytes;
    ns_graph *graph = NULL;
    if (!s->output)
        return ns_fail(error, NS_ERROR_USAGE, "-o DIR is missing");
    NS_TRY(ns_row_seconds("time-limit", s->time_limit, error));
    NS_TRY(ns_accelerator_parse(s->accelerator, &o.accelerator, error));
    NS_TRY(ns_vela_find(s->vela, cli->arena, &o.vela, error));
    NS_TRY(ns_file_read(operands[0], cli->arena, &bytes, error));
    if (ns_graph_read_within(cli->budget, bytes.data, bytes.size, &graph, error) != NS_OK)
        return ns_add_context(error, "%s", operands[0]);
    ns_code code = ns_graph_validate(graph, error);
    code = code == NS_OK ? reduce(cli, s, &o, graph, error) : ns_add_context(error, "%s", operands[0]);
    ns_graph_free(graph);
    return code;
}

const ns_subcommand ns_subcommand_reduce = {
    .operands = "MODEL.tosa",
    .operand_min = 1,
    .operand_max = 1,
    .details =
        "Compiles the graph with Vela, executes the stream on the inputs, and makes the graph smaller as\n"
        "long as it goes wrong in the same way: other numbers, a fault, a hazard or a crash of Vela.\n"
        "Exit code 2 where it does not go wrong.",
    .options = options,
    .settings_size = sizeof(reduce_settings),
    .preset = preset,
    .run = run,
};
