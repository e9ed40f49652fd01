/* npuscope lint: known defects of Vela in a TOSA graph, before anything is compiled. */
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "defects/pattern.h"
#include "npuscope/defects.h"
#include "options.h"
#include "report/report.h"
#include "shared.h"

typedef struct lint_settings {
    ns_text_list targets;
    const char *release, *json;
    bool list;
} lint_settings;

#define OPTION(field) offsetof(lint_settings, field)

static const ns_option options[] = {
    {0, "target", NS_OPTION_TEXT_LIST, "T", OPTION(targets),
     "u55, u65, u85 or an accelerator such as ethos-u55-256; may be\nrepeated (default: all three)"},
    {0, "vela-release", NS_OPTION_TEXT, "VERSION", OPTION(release),
     "the release that will compile it, or all (default: 5.1.0, which\nExecuTorch 1.5 installs)"},
    {0, "list", NS_OPTION_FLAG, NULL, OPTION(list),
     "only print the known defects; in a pipe as a Markdown table"},
    {0, "json", NS_OPTION_OUTPUT, "FILE", OPTION(json), "also write the results as JSON"},
    {0},
};

static void preset(void *settings)
{
    ((lint_settings *)settings)->release = "5.1.0";
}

static ns_code parse_targets(const ns_text_list *targets, unsigned *families, ns_error *error)
{
    *families = targets->count ? 0 : NS_FAMILY_U55 | NS_FAMILY_U65 | NS_FAMILY_U85;
    for (int i = 0; i < targets->count; i++) {
        ns_accelerator accelerator;
        NS_TRY(ns_accelerator_parse(targets->values[i], &accelerator, error));
        *families |= ns_accelerator_family(accelerator);
    }
    return NS_OK;
}

static const char *result_name(const ns_defect_match *match)
{
    const ns_operator *op = &match->block->operators[match->op];
    const char *name = op->output_count ? match->block->tensors[op->outputs[0]].name : NULL;
    return name ? name : "?";
}

static void print_match(const ns_defect_match *match, FILE *out)
{
    char families[16], name[256];
    const ns_defect_info *info = ns_defect_get_info(match->defect);
    const ns_operator *op = &match->block->operators[match->op];
    fprintf(out, "operator %d %s '%s': %s\n  %s on %s, Vela %s: %s\n", match->op, ns_op_text(op->op),
            ns_printable(result_name(match), name, sizeof name), info->id, ns_defect_kind_text(info->kind),
            ns_families_text(match->families, families), info->releases, info->what);
    if (*info->avoid)
        fprintf(out, "  way round: %s\n", info->avoid);
}

/* A finding as the JSON has it. */
typedef struct finding {
    ns_defect defect;
    const char *block;
    int operator;
    const char *op, *output, *targets;
} finding;

static void add_finding(ns_json *json, const finding *f)
{
    ns_json_object(json, NULL);
    ns_report_known_defect(json, f->defect);
    ns_json_text(json, "block", f->block);
    ns_json_integer(json, "operator", f->operator);
    ns_json_text(json, "op", f->op);
    ns_json_text(json, "output", f->output);
    ns_json_text(json, "targets", f->targets);
    ns_json_text(json, "releases", ns_defect_get_info(f->defect)->releases);
    ns_json_end(json);
}

static ns_json begin_json(ns_buffer *buffer, const lint_settings *settings, const char *model)
{
    ns_json json = ns_json_begin(buffer, true, 17);
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/lint/1");
    ns_json_text(&json, "model", model);
    ns_json_text(&json, "vela", settings->release);
    ns_json_array(&json, "findings");
    return json;
}

static ns_code end_json(ns_cli *cli, ns_json *json, const lint_settings *settings, ns_error *error)
{
    ns_bytes bytes;
    ns_json_end(json);
    ns_json_end(json);
    NS_TRY(ns_json_finish(json, settings->json, &bytes, error));
    return ns_cli_write(cli, settings->json, bytes, error);
}

static ns_code write_json(ns_cli *cli, const lint_settings *settings, const char *model,
                          const ns_defect_match *matches, int count, ns_error *error)
{
    ns_buffer buffer = {.arena = cli->arena};
    ns_json json = begin_json(&buffer, settings, model);
    for (int i = 0; i < count; i++) {
        const ns_defect_match *match = &matches[i];
        char families[16];
        add_finding(&json, &(finding){match->defect, match->block->name ? match->block->name : "", match->op,
                                      ns_op_text(match->block->operators[match->op].op), result_name(match),
                                      ns_families_text(match->families, families)});
    }
    return end_json(cli, &json, settings, error);
}

static ns_code read_model(const char *path, ns_bytes bytes, ns_arena *arena, ns_graph **graph,
                          ns_error *error)
{
    if (ns_graph_read_within(ns_arena_budget(arena), bytes.data, bytes.size, graph, error) != NS_OK)
        return ns_add_context(error, "%s", path);
    if (ns_graph_validate(*graph, error) == NS_OK)
        return NS_OK;
    ns_graph_free(*graph);
    return ns_add_context(error, "%s", path);
}

/* The last line: where defects are met, of the targets that were asked about. */
static void print_count(ns_cli *cli, const lint_settings *settings, const char *path, int count, unsigned met,
                        unsigned asked)
{
    char text[16];
    fprintf(cli->out, "%s: %d known defect%s of %s%s", path, count, count == 1 ? "" : "s",
            strcmp(settings->release, "all") == 0 ? "any Vela tried" : "Vela ",
            strcmp(settings->release, "all") == 0 ? "" : settings->release);
    if (count)
        fprintf(cli->out, " on %s", ns_families_text(met, text));
    fprintf(cli->out, "; asked about %s", ns_families_text(asked, text));
}

static ns_code report(ns_cli *cli, const lint_settings *settings, const char *path, const ns_graph *graph,
                      unsigned families, const char *release, ns_error *error)
{
    ns_defect_match *matches = NULL;
    int count = 0;
    unsigned met = 0;
    NS_TRY(ns_defects_find(graph, families, release, cli->arena, &matches, &count, error));
    for (int i = 0; i < count; i++) {
        print_match(&matches[i], cli->out);
        met |= matches[i].families;
    }
    print_count(cli, settings, path, count, met, families);
    fputs("\n", cli->out);
    if (settings->json)
        NS_TRY(write_json(cli, settings, path, matches, count, error));
    return count ? NS_ERROR_MISMATCH : NS_OK;
}

/* Of a .tflite: the rows of TFLite's own operators. */
typedef struct tflite_findings {
    int count;
    int *operators; /* of the first subgraph */
} tflite_findings;

static ns_code find_tflite(const ns_tflite *file, const char *release, ns_arena *arena, tflite_findings *out,
                           ns_error *error)
{
    const ns_tflite_subgraph *graph = &file->subgraphs[0];
    *out = (tflite_findings){.operators = NS_ARENA_ARRAY(arena, (size_t)graph->operator_count, int)};
    if (!out->operators)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for findings");
    for (int i = 0; i < graph->operator_count; i++) {
        bool met;
        if (graph->operators[i].custom && strcmp(graph->operators[i].name, "ethos-u") == 0)
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "Vela has compiled it: lint looks at the .tflite that Vela is given (run --check "
                           "looks at streams)");
        NS_TRY(ns_defect_met_tflite_reduce(graph, &graph->operators[i], &met, error));
        if (met && (!release || ns_defect_has_release(NS_DEFECT_tflite_reduce, release)))
            out->operators[out->count++] = i;
    }
    return NS_OK;
}

static ns_code write_tflite_json(ns_cli *cli, const lint_settings *settings, const char *path,
                                 const ns_tflite *file, const tflite_findings *found, const char *targets,
                                 ns_error *error)
{
    ns_buffer buffer = {.arena = cli->arena};
    ns_json json = begin_json(&buffer, settings, path);
    for (int i = 0; i < found->count; i++) {
        const ns_tflite_operator *operator= & file->subgraphs[0].operators[found->operators[i]];
        const char *output = operator->output_count
            ? file->subgraphs[0].tensors[operator->outputs[0]].name : "?";
        add_finding(&json, &(finding){NS_DEFECT_tflite_reduce, "", found->operators[i], operator->name,
                                      output, targets});
    }
    return end_json(cli, &json, settings, error);
}

static ns_code lint_tflite(ns_cli *cli, const lint_settings *settings, const char *path, ns_bytes bytes,
                           unsigned families, const char *release, ns_error *error)
{
    char targets[16];
    ns_tflite file;
    tflite_findings found;
    const ns_defect_info *info = ns_defect_get_info(NS_DEFECT_tflite_reduce);
    ns_families_text(families & info->families, targets);
    if (ns_tflite_read(bytes, cli->arena, &file, error) != NS_OK ||
        find_tflite(&file, release, cli->arena, &found, error) != NS_OK)
        return ns_add_context(error, "%s", path);
    for (int i = 0; i < found.count; i++) {
        const ns_tflite_operator *operator= & file.subgraphs[0].operators[found.operators[i]];
        char name[256];
        fprintf(cli->out, "operator %d %s '%s': %s\n  %s on %s, Vela %s: %s\n  way round: %s\n",
                found.operators[i], operator->name,
                operator->output_count ? ns_printable(file.subgraphs[0].tensors[operator->outputs[0]].name,
                                                      name, sizeof name)
                                       : "?",
                info->id, ns_defect_kind_text(info->kind), targets, info->releases, info->what, info->avoid);
    }
    print_count(cli, settings, path, found.count, families & info->families, families);
    fprintf(cli->out, " (of a .tflite lint knows one: %s)\n", info->id);
    if (settings->json)
        NS_TRY(write_tflite_json(cli, settings, path, &file, &found, targets, error));
    return found.count ? NS_ERROR_MISMATCH : NS_OK;
}

static void print_table(FILE *out)
{
    char families[16];
    fputs("| id | kind | releases | targets | what | way round | cause in Vela's sources "
          "|\n|---|---|---|---|---|---|---|\n",
          out);
    for (ns_defect d = 0; d < NS_DEFECT_COUNT; d++) {
        const ns_defect_info *i = ns_defect_get_info(d);
        fprintf(out, "| %s | %s | %s | %s | %s | %s | %s |\n", i->id, ns_defect_kind_text(i->kind),
                i->releases, ns_families_text(i->families, families), i->what,
                *i->avoid ? i->avoid : "not known", *i->cause ? i->cause : "not known");
    }
}

/* The same for a terminal, whose lines are short. */
static void print_paragraphs(FILE *out)
{
    char families[16];
    for (ns_defect d = 0; d < NS_DEFECT_COUNT; d++) {
        const ns_defect_info *i = ns_defect_get_info(d);
        fprintf(out, "%s: %s on %s, Vela %s\n  %s\n  way round: %s\n", i->id, ns_defect_kind_text(i->kind),
                ns_families_text(i->families, families), i->releases, i->what,
                *i->avoid ? i->avoid : "not known");
    }
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    const lint_settings *settings = settings_;
    if (settings->list) {
        (cli->columns ? print_paragraphs : print_table)(cli->out);
        return NS_OK;
    }
    if (!operand_count)
        return ns_fail(error, NS_ERROR_USAGE, "MODEL is missing");
    const char *release = strcmp(settings->release, "all") == 0 ? NULL : settings->release;
    if (release && !ns_defects_know_release(release))
        return ns_fail(
            error, NS_ERROR_USAGE,
            "--vela-release %s: nothing is known of this release (docs/errata.md says which were tried)",
            release);
    unsigned families = 0;
    NS_TRY(parse_targets(&settings->targets, &families, error));
    ns_bytes bytes;
    NS_TRY(ns_file_read(operands[0], cli->arena, &bytes, error));
    if (ns_tflite_probe(bytes))
        return lint_tflite(cli, settings, operands[0], bytes, families, release, error);
    if (ns_program_files_probe(bytes))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s%s", operands[0], ns_file_not_graph(bytes));
    if (ns_zip_probe(bytes))
        return ns_fail(
            error, NS_ERROR_UNSUPPORTED,
            "%s: compiled already: lint looks at the .tosa file that Vela is given (run --check looks at "
            "streams)",
            operands[0]);
    ns_graph *graph = NULL;
    NS_TRY(read_model(operands[0], bytes, cli->arena, &graph, error));
    const ns_code code = report(cli, settings, operands[0], graph, families, release, error);
    ns_graph_free(graph);
    return code;
}

const ns_subcommand ns_subcommand_lint = {
    .operands = "MODEL",
    .operand_min = 0,
    .operand_max = 1,
    .details = "Names the places where a TOSA graph meets a known defect of Vela (docs/errata.md), and what\n"
               "avoids it; of a .tflite that is not compiled, defects of TFLite's own operators. Nothing is\n"
               "compiled: it takes milliseconds. Exit code 1 where a defect is met.",
    .options = options,
    .settings_size = sizeof(lint_settings),
    .preset = preset,
    .run = run,
};
