/* npuscope lower: the TOSA graph of a case of the catalogue, or of a recorded one. */
#include <math.h>
#include <string.h>

#include "base/interface.h"
#include "catalogue/interface.h"
#include "ir/interface.h"
#include "lower/interface.h"
#include "options.h"
#include "quant/interface.h"
#include "recorded/interface.h"
#include "rows.h"

typedef struct lower_settings {
    const char *target, *output, *catalogue, *weights, *from;
    int64_t seed;
    double epsilon;
} lower_settings;

#define OPTION(field) offsetof(lower_settings, field)

static const ns_option options[] = {
    {0, "from", NS_OPTION_TEXT, "CASE", OPTION(from),
     "a recorded case, folder or zip file, instead of one of the\ncatalogue: its float.json, parameters and "
     "inputs"},
    {0, "target", NS_OPTION_TEXT, "T", OPTION(target),
     "u55 or u85 (required, but for a recorded case: its board's, or u85 where it names none)"},
    {'o', "output", NS_OPTION_OUTPUT, "FILE", OPTION(output), "the .tosa file to write (required)"},
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

static ns_code write_graph(ns_cli *cli, const char *path, const ns_graph *graph, ns_error *error)
{
    const void *data;
    size_t size = 0;
    NS_TRY(ns_graph_write(graph, cli->arena, &data, &size, error));
    return ns_cli_write(cli, path, (ns_bytes){.data = data, .size = size}, error);
}

static ns_code make_row(const lower_settings *settings, char **operands, ns_arena *arena,
                        ns_aten_program **program, ns_target *target, ns_error *error)
{
    const ns_suite_row *row = NULL;
    uint64_t seed = 0;
    ns_suite_row_name name = {.catalogue = settings->catalogue,
                              .op = operands[0],
                              .name = operands[1],
                              .target = settings->target,
                              .epsilon = settings->epsilon};
    NS_TRY(ns_row_weights(settings->weights, &name.per_channel, error));
    NS_TRY(ns_row_seed(settings->seed, &seed, error));
    NS_TRY(ns_suite_find_row(&name, arena, &row, error));
    *target = row->target->target;
    return ns_suite_quantise_row(row, seed, arena, program, NULL, error);
}

static ns_code make_recorded(const lower_settings *settings, ns_arena *arena, ns_aten_program **program,
                             ns_target *target, ns_error *error)
{
    ns_case_files files;
    ns_recorded recorded;
    int per_channel = -1;
    NS_TRY(ns_row_weights(settings->weights, &per_channel, error));
    NS_TRY(ns_case_find(settings->from, arena, &files, error));
    NS_TRY(ns_recorded_read(&files, arena, &recorded, error));
    const ns_recorded_settings *own = &recorded.settings;
    *target = own->target;
    if (settings->target)
        NS_TRY(ns_target_parse(settings->target, target, error));
    ns_quantise_options quantise = NS_QUANTISE_DEFAULTS;
    quantise.per_channel = per_channel < 0 ? own->per_channel : per_channel;
    if (!isnan(own->epsilon))
        quantise.epsilon = own->epsilon;
    if (!isnan(settings->epsilon))
        quantise.epsilon = settings->epsilon;
    NS_TRY(ns_aten_decompose(recorded.program, arena, program, error));
    return ns_quantise_program(*program, &quantise, 1, recorded.inputs, error);
}

static ns_code check_usage(const lower_settings *settings, int operand_count, ns_error *error)
{
    if (!settings->output)
        return ns_fail(error, NS_ERROR_USAGE, "-o FILE is missing");
    if (settings->from ? operand_count != 0 : operand_count != 2)
        return ns_fail(error, NS_ERROR_USAGE, "give OP and CASE of the catalogue, or --from CASE");
    if (!settings->from && !settings->target)
        return ns_fail(error, NS_ERROR_USAGE, "--target T is missing");
    return NS_OK;
}

static ns_code lower_to(ns_cli *cli, const ns_aten_program *program, ns_target target, const char *path,
                        ns_error *error)
{
    ns_graph *graph = NULL;
    NS_TRY(ns_lower(program, target, &graph, error));
    const ns_code code = write_graph(cli, path, graph, error);
    if (code == NS_OK)
        fprintf(cli->out, "%s: %d operators, %d tensors\n", path, graph->regions[0].blocks[0].operator_count,
                graph->regions[0].blocks[0].tensor_count);
    ns_graph_free(graph);
    return code;
}

/* "F.tosa" of the first part, "F-1.tosa" of the next. */
static const char *part_path(const char *path, int part, ns_arena *arena)
{
    const size_t length = strlen(path), ending = strlen(".tosa");
    const bool has_ending = length > ending && strcmp(path + length - ending, ".tosa") == 0;
    return part == 0 ? path
                     : ns_arena_format(arena, "%.*s-%d.tosa", (int)(has_ending ? length - ending : length),
                                       path, part);
}

/* Where the target does not take the whole program, *error says why: the parts that it takes. */
static ns_code lower_parts(ns_cli *cli, const ns_aten_program *program, ns_target target, const char *path,
                           ns_error *error)
{
    ns_error reason = *error;
    ns_lower_delegates split;
    NS_TRY(ns_lower_parts(program, target, cli->arena, &split, error));
    for (int i = 0; i < split.count; i++) {
        const char *file = part_path(path, i, cli->arena);
        if (!file)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        NS_TRY(lower_to(cli, split.parts[i].program, target, file, error));
    }
    *error = reason;
    if (split.count == 0)
        return NS_ERROR_UNSUPPORTED;
    fprintf(cli->out, "%d part%s of the program; the rest stays on the CPU:\n", split.count,
            split.count > 1 ? "s" : "");
    for (int i = 0; i < split.off_count; i++)
        fprintf(cli->out, "  %s\n", split.off[i]);
    return NS_OK;
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    const lower_settings *settings = settings_;
    ns_aten_program *program = NULL;
    ns_target target = NS_TARGET_U85;
    NS_TRY(check_usage(settings, operand_count, error));
    NS_TRY(settings->from ? make_recorded(settings, cli->arena, &program, &target, error)
                          : make_row(settings, operands, cli->arena, &program, &target, error));
    const ns_code code = lower_to(cli, program, target, settings->output, error);
    return code == NS_ERROR_UNSUPPORTED ? lower_parts(cli, program, target, settings->output, error) : code;
}

const ns_subcommand ns_subcommand_lower = {
    .operands = "[OP CASE]",
    .operand_min = 0,
    .operand_max = 2,
    .details =
        "Writes the TOSA 1.0 graph that ExecuTorch's Arm backend makes of a case of the catalogue\n"
        "(npuscope suite --list shows them), or of a recorded case (--from), quantised with the case's\n"
        "own data. Where ExecuTorch gives the target parts of it only, with the CPU between them, the\n"
        "first goes to FILE, the next to FILE-1.tosa and so on; exit code 2 where there is none, and the\n"
        "message says why.",
    .options = options,
    .settings_size = sizeof(lower_settings),
    .preset = preset,
    .run = run,
};
