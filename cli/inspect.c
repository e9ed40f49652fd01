/* npuscope inspect: what is in a model. */
#include <limits.h>
#include <string.h>

#include "base/interface.h"
#include "npuscope/graph.h"
#include "options.h"
#include "program/interface.h"
#include "shared.h"
#include "tflm/tflm.h"

typedef struct inspect_settings {
    bool json;
    bool coverage;
    int64_t part;
    bool constants;
    const char *method, *only;
} inspect_settings;

static const ns_option options[] = {
    {0, "json", NS_OPTION_FLAG, NULL, offsetof(inspect_settings, json), "print JSON (docs/inspect.md)"},
    {0, "part", NS_OPTION_INTEGER, "N", offsetof(inspect_settings, part),
     "of a .tflite: only its ethos-u operator N, from 0"},
    {0, "method", NS_OPTION_TEXT, "NAME", offsetof(inspect_settings, method),
     "of an ExecuTorch program: the method to show (default:\nforward, or the first)"},
    {0, "only", NS_OPTION_TEXT, "WHAT", offsetof(inspect_settings, only),
     "of a .tosa file or a Vela npz: the operator of this number, those\nof this kind (RESCALE), or that "
     "write a tensor with this in its name"},
    {0, "constants", NS_OPTION_FLAG, NULL, offsetof(inspect_settings, constants),
     "of a .tosa file: list CONST operators too; else constants stand\nwhere they are read"},
    {0, "coverage", NS_OPTION_FLAG, NULL, offsetof(inspect_settings, coverage),
     "command streams only, any number of them: which\noperations, register fields and values they "
     "execute,\nand which never"},
    {0},
};

static ns_code inspect_tosa(ns_cli *cli, const inspect_settings *settings, ns_bytes bytes, ns_error *error)
{
    ns_graph *graph = NULL;
    const char *text = NULL;
    NS_TRY(ns_graph_read_within(cli->budget, bytes.data, bytes.size, &graph, error));
    ns_code code = settings->json ? ns_graph_print_some_json(graph, settings->only, cli->arena, &text, error)
                   : settings->constants && !settings->only
                       ? ns_graph_print_text(graph, cli->arena, &text, error)
                       : ns_graph_print_some(graph, settings->only, cli->arena, &text, error);
    if (code == NS_OK) {
        fputs(text, settings->json ? cli->documents : cli->out);
        /* An invalid graph is shown all the same, and then its fault. */
        code = ns_graph_validate(graph, error);
    }
    ns_graph_free(graph);
    return code;
}

static ns_code inspect_stream(ns_cli *cli, const inspect_settings *settings, ns_bytes bytes, ns_error *error)
{
    return ns_inspect_stream(cli, settings->json, settings->only, bytes, error);
}

static ns_code inspect_tflite(ns_cli *cli, const inspect_settings *settings, ns_bytes bytes, ns_error *error)
{
    ns_tflm *model;
    ns_buffer text = {.arena = cli->arena};
    NS_TRY(ns_tflm_read(bytes, NS_ACCELERATOR_UNKNOWN, cli->arena, &model, error));
    NS_TRY(ns_tflm_inspect(model, settings->json, settings->part, &text, error));
    fwrite(text.data, 1, text.size, settings->json ? cli->documents : cli->out);
    return NS_OK;
}

static void preset(void *settings)
{
    ((inspect_settings *)settings)->part = -1;
}

static ns_code inspect_program(ns_cli *cli, const inspect_settings *settings, ns_bytes bytes, ns_error *error)
{
    ns_program *program;
    ns_buffer text = {.arena = cli->arena};
    NS_TRY(ns_program_read_method(bytes.data, bytes.size, settings->method, NS_ACCELERATOR_UNKNOWN,
                                  cli->arena, &program, error));
    NS_TRY(settings->json ? ns_program_inspect_json(program, &text, error)
                          : ns_program_inspect_text(program, &text, error));
    fwrite(text.data, 1, text.size, settings->json ? cli->documents : cli->out);
    return NS_OK;
}

/* Models are told by content; one row for each kind. */
static const struct {
    size_t offset; /* of the mark in the file */
    const char *mark;
    ns_code (*inspect)(ns_cli *cli, const inspect_settings *settings, ns_bytes bytes, ns_error *error);
    bool in_parts; /* --only is for it */
} kinds[] = {
    {4, "TOSA", inspect_tosa, true},
    {0, "PK\003\004", inspect_stream, true},
    {4, "TFL3", inspect_tflite, false},
    {4, "ET", inspect_program, false}, /* and two digits, the version of the schema */
    {4, "BP", inspect_program, false}, /* a bundle of one: .bpte */
};

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    const inspect_settings *settings = settings_;
    ns_bytes bytes;
    if (settings->coverage)
        return ns_inspect_coverage(cli, settings->json, operand_count, operands, error);
    if (operand_count != 1)
        return ns_fail(error, NS_ERROR_USAGE, "inspect takes one model (several with --coverage)");
    NS_TRY(ns_file_read(operands[0], cli->arena, &bytes, error));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t length = strlen(kinds[i].mark);
        if (!ns_bytes_contains(bytes, kinds[i].offset, length) ||
            memcmp(bytes.data + kinds[i].offset, kinds[i].mark, length) != 0)
            continue;
        if (settings->part != -1 && kinds[i].inspect != inspect_tflite)
            return ns_fail(error, NS_ERROR_USAGE, "%s: --part is for a .tflite", operands[0]);
        if (settings->method && kinds[i].inspect != inspect_program)
            return ns_fail(error, NS_ERROR_USAGE, "%s: --method is for an ExecuTorch program", operands[0]);
        if (settings->only && !kinds[i].in_parts)
            return ns_fail(error, NS_ERROR_USAGE, "%s: --only is for .tosa files and Vela's .npz%s",
                           operands[0], kinds[i].inspect == inspect_tflite ? ": see --part" : "");
        return kinds[i].inspect(cli, settings, bytes, error) == NS_OK
                   ? NS_OK
                   : ns_add_context(error, "%s", operands[0]);
    }
    return ns_fail(
        error, NS_ERROR_INPUT,
        "%s: not a model that npuscope knows%s (inspect reads .tosa, Vela npz, .tflite and .pte files)",
        operands[0], ns_file_foreign(bytes));
}

const ns_subcommand ns_subcommand_inspect = {
    .operands = "MODEL...",
    .operand_min = 1,
    .operand_max = INT_MAX,
    .details = "Prints what is in a .tosa file: version, inputs and outputs, every operator with its\n"
               "attributes, operands and constants (the first values), and how much there is to do.\n"
               "Of a command stream (Vela npz): configuration, memory map, operations with their feature\n"
               "maps, weights and scales, and every command. Of a .tflite: its operators, and the stream\n"
               "of each that Vela has compiled.\n"
               "Of an ExecuTorch program (.pte): inputs, outputs, operators outside the NPU,\n"
               "instructions, and the command stream of each delegate.\n"
               "A graph that breaks a rule of the specification is printed too, and then the rule:\n"
               "exit code 2.",
    .options = options,
    .settings_size = sizeof(inspect_settings),
    .preset = preset,
    .run = run,
};
