/* npuscope lower: the TOSA graph of a case of the catalogue. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "catalogue/prepare.h"
#include "lower/lower.h"
#include "options.h"
#include "rows.h"

typedef struct lower_settings {
    const char *target, *output, *catalogue, *weights;
    int64_t seed;
    double epsilon;
} lower_settings;

#define OPTION(field) offsetof(lower_settings, field)

static const ns_option options[] = {
    {0, "target", NS_OPTION_TEXT, "T", OPTION(target), "u55 or u85 (required)"},
    {'o', "output", NS_OPTION_TEXT, "FILE", OPTION(output), "the .tosa file to write (required)"},
    NS_ROW_CATALOGUE(catalogue),
    NS_ROW_SEED(seed),
    NS_ROW_EPSILON(epsilon),
    NS_ROW_WEIGHTS(weights),
    {0},
};

static void preset(void *settings)
{
    ((lower_settings *)settings)->epsilon = NAN;
}

static ns_code write_graph(const char *path, const ns_graph *graph, ns_arena *arena, ns_error *error)
{
    const void *data;
    size_t size = 0;
    NS_TRY(ns_graph_write(graph, arena, &data, &size, error));
    return ns_file_write(path, (ns_bytes){.data = data, .size = size}, error);
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    const lower_settings *settings = settings_;
    if (!settings->target || !settings->output)
        return ns_fail(error, NS_ERROR_USAGE, "%s is missing", settings->target ? "-o FILE" : "--target T");
    if (settings->seed < 0)
        return ns_fail(error, NS_ERROR_USAGE, "--seed %lld is negative", (long long)settings->seed);
    const ns_suite_row *row = NULL;
    ns_suite_row_name name = {.catalogue = settings->catalogue,
                              .op = operands[0],
                              .name = operands[1],
                              .target = settings->target,
                              .epsilon = settings->epsilon};
    NS_TRY(ns_row_weights(settings->weights, &name.per_channel, error));
    NS_TRY(ns_suite_find_row(&name, cli->arena, &row, error));
    ns_aten_program *program = NULL;
    NS_TRY(ns_suite_quantise_row(row, (uint64_t)settings->seed, cli->arena, &program, NULL, error));
    ns_graph *graph = NULL;
    NS_TRY(ns_lower(program, row->target->target, &graph, error));
    ns_code code = write_graph(settings->output, graph, cli->arena, error);
    if (code == NS_OK)
        fprintf(cli->out, "%s: %d operators, %d tensors\n", settings->output,
                graph->regions[0].blocks[0].operator_count, graph->regions[0].blocks[0].tensor_count);
    ns_graph_free(graph);
    return code;
}

const ns_subcommand ns_subcommand_lower = {
    .operands = "OP CASE",
    .operand_min = 2,
    .operand_max = 2,
    .details = "Writes the TOSA 1.0 graph that ExecuTorch's Arm backend makes of a case of the catalogue\n"
               "(npuscope suite --list shows them), quantised with the case's own data. Exit code 2 where\n"
               "ExecuTorch keeps the case off the target; the message says why.",
    .options = options,
    .settings_size = sizeof(lower_settings),
    .preset = preset,
    .run = run,
};
