/* npuscope reduce: the smallest graph that Vela still compiles wrong. */
#include <stdint.h>
#include <string.h>

#include "base/interface.h"
#include "npuscope/fuzz_vela.h"
#include "options.h"
#include "rows.h"
#include "run.h"
#include "shared.h"

typedef struct reduce_settings {
    ns_text_list inputs, velas;
    const char *output, *accelerator, *flags, *json;
    double time_limit;
    bool ordinary;
} reduce_settings;

#define OPTION(field) offsetof(reduce_settings, field)

static const ns_option options[] = {
    {'i', "input", NS_OPTION_TEXT_LIST, "[NAME=]FILE", OPTION(inputs),
     "an input: .npy or raw little-endian bytes; by name, or in order\n(default: drawn at random, until the "
     "graph goes wrong)"},
    {'o', "output", NS_OPTION_FOLDER, "DIR", OPTION(output),
     "folder for graph.tosa, in<k>.npy and out<k>.npy (required), and\nordinary/, where dims, data and "
     "attributes stay"},
    {0, "target", NS_OPTION_TEXT, "T", OPTION(accelerator),
     "the one that goes wrong (default: ethos-u55-128)"},
    {0, "vela-flags", NS_OPTION_TEXT, "FLAGS", OPTION(flags),
     "further options of Vela, such as \"--optimise Size\""},
    {0, "vela", NS_OPTION_TEXT_LIST, "PATH", OPTION(velas),
     "a vela script, a Python interpreter or a virtual environment; the\nfirst one's stream goes wrong, "
     "further ones are compared with it\n(default: NPUSCOPE_VELA, beside the program, PATH)"},
    {0, "ordinary", NS_OPTION_FLAG, NULL, OPTION(ordinary),
     "only leave operators out: dims, data and attributes stay"},
    NS_ROW_JSON(json),
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

/* What the releases make of it on every family, and where the stream parts from a right one. */
static void print_evidence(const ns_fuzz_finding *f, ns_arena *arena, FILE *out)
{
    char family[16];
    for (int i = 0; i < f->cell_count; i++) {
        ns_buffer text = {.arena = arena};
        ns_fuzz_cell_text(&f->cells[i], &text);
        ns_buffer_append(&text, "", 1);
        if (i == 0 || strcmp(f->cells[i].release, f->cells[i - 1].release) != 0)
            fprintf(out, "%sVela %s:", i ? "\n" : "", f->cells[i].release);
        fprintf(out, " %s %s;", ns_families_text(f->cells[i].family, family),
                text.failed ? "?" : (const char *)text.data);
    }
    fprintf(out, "\navoided by, each tried: %s\n",
            *f->avoided_by ? f->avoided_by : "no option, and no other order");
    if (f->difference)
        fprintf(out, "right with %s; the streams part at %s\n", f->variant, f->difference);
}

static ns_code report(ns_cli *cli, const reduce_settings *s, const ns_reduce_result *r,
                      const ns_diagnose_compile *row, ns_error *error)
{
    FILE *out = cli->out;
    ns_fuzz_finding f = *r->finding;
    if (row->departs && !(f.first_wrong = ns_fuzz_departure_text(&row->first_wrong, cli->arena)))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a finding");
    if (!(f.graph = ns_arena_format(cli->arena, "%s/graph.tosa", s->output)))
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file's name");
    fprintf(out, "%s: %s\n%d operators of %d left after %d trials in %.1f s: %s\n", s->output, r->signature,
            r->operators, r->operators_before, r->trials, r->seconds, f.graph);
    fprintf(out, "operators: %s\nknown defect: %s\n", r->operation,
            r->known_defect ? r->known_defect : "none");
    if (f.wrong)
        fprintf(out, "wrong: %zu of %zu elements of all outputs, by %lld at most\n", f.wrong, f.elements,
                (long long)f.largest);
    print_evidence(&f, cli->arena, out);
    if (row->departs)
        ns_report_diagnose_departure(&row->first_wrong, out);
    return s->json ? ns_finding_json_write(cli, s->json, &f, error) : NS_OK;
}

/* Bits below the sign of what is drawn, one attempt after another: sums of large numbers have no result, and
 * saturated ones tell nothing. */
static const int widths[] = {15, 31, 11, 7, 4};
enum { WIDTHS = sizeof widths / sizeof *widths };

/* The largest number that is drawn for a type; the least is one below it below zero, but for int4. */
static int64_t largest_drawn(ns_dtype dtype, int attempt)
{
    const int bits = dtype == NS_DTYPE_INT4 ? 3 : 8 * ns_dtype_bytes(dtype) - 1;
    return ((int64_t)1 << (bits < widths[attempt] ? bits : widths[attempt])) - 1;
}

static ns_code draw(ns_cli *cli, const ns_block *block, int attempt, ns_tensor *values, ns_error *error)
{
    ns_random random = {(uint64_t)attempt};
    for (int i = 0; i < block->input_count; i++) {
        ns_tensor *t = &values[i];
        *t = block->tensors[block->inputs[i]].tensor;
        const size_t count = ns_tensor_count(t), bytes = (size_t)ns_dtype_bytes(t->dtype);
        const bool is_bool = t->dtype == NS_DTYPE_BOOL;
        const int64_t high = is_bool ? 1 : largest_drawn(t->dtype, attempt);
        const int64_t low = is_bool ? 0 : t->dtype == NS_DTYPE_INT4 ? -high : -high - 1;
        t->data = count <= SIZE_MAX / bytes ? ns_arena_alloc(cli->arena, count * bytes, 16) : NULL;
        if (!t->data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for the graph's inputs");
        for (size_t k = 0; k < count; k++)
            ns_tensor_set(t, k, ns_random_range(&random, low, high));
    }
    return NS_OK;
}

/* Of inputs that are drawn the first are taken for which the graph has a result and goes wrong. */
static ns_code reduce_drawn(ns_cli *cli, const ns_reduce_options *o, const ns_graph *graph,
                            ns_tensor **values, ns_reduce_result *r, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    ns_code code = NS_ERROR_INPUT;
    *values = NS_ARENA_ARRAY(cli->arena, (size_t)block->input_count, ns_tensor);
    if (!*values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the graph's inputs");
    for (int i = 0; i < block->input_count; i++)
        if (!ns_dtype_is_integer(block->tensors[block->inputs[i]].tensor.dtype) &&
            block->tensors[block->inputs[i]].tensor.dtype != NS_DTYPE_BOOL)
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "input '%s' is not of integers",
                           block->tensors[block->inputs[i]].name);
    for (int i = 0; i < WIDTHS && (code == NS_ERROR_INPUT || code == NS_ERROR_UNPREDICTABLE); i++) {
        NS_TRY(draw(cli, block, i, *values, error));
        code = ns_reduce_graph(o, graph, *values, block->input_count, cli->arena, r, error);
    }
    return code == NS_ERROR_INPUT ? ns_add_context(error, "inputs drawn %d times", WIDTHS) : code;
}

/* `values`: the inputs with which it goes wrong. */
static ns_code reduce_given(ns_cli *cli, const reduce_settings *s, const ns_reduce_options *o,
                            const ns_graph *graph, ns_tensor **values, ns_reduce_result *r, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    if (!s->inputs.count && block->input_count)
        return reduce_drawn(cli, o, graph, values, r, error);
    NS_TRY(load(cli, s, block, values, error));
    return ns_reduce_graph(o, graph, *values, block->input_count, cli->arena, r, error);
}

static ns_smallest smallest_of(const ns_reduce_result *r)
{
    return (ns_smallest){r->file, r->file_size, r->input_count, r->output_count, r->inputs, r->outputs};
}

static ns_code write_to(ns_cli *cli, const char *folder, const ns_reduce_result *r, ns_error *error)
{
    const ns_smallest smallest = smallest_of(r);
    const char *path = ns_arena_format(cli->arena, "%s/graph.tosa", folder);
    const char *prefix = ns_arena_format(cli->arena, "%s/", folder);
    if (!path || !prefix)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file's name");
    NS_TRY(ns_folder_make(folder, error));
    return ns_smallest_write(cli, &smallest, path, prefix, error);
}

/* The same finding in a graph as networks have it. None is written where Vela, which reads memory that it has
 * not written, is right this time. */
static ns_code write_ordinary(ns_cli *cli, const reduce_settings *s, const ns_reduce_options *given,
                              const ns_graph *graph, const ns_tensor *values, ns_error *error)
{
    ns_reduce_options o = *given;
    ns_reduce_result r;
    const char *folder = ns_arena_format(cli->arena, "%s/ordinary", s->output);
    if (!folder)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file's name");
    o.ordinary = true;
    o.evidence = false;
    const ns_code code =
        ns_reduce_graph(&o, graph, values, graph->regions[0].blocks[0].input_count, cli->arena, &r, error);
    if (code != NS_OK)
        return code == NS_ERROR_INPUT ? NS_OK : code;
    return write_to(cli, folder, &r, error);
}

static ns_code reduce(ns_cli *cli, const reduce_settings *s, const ns_reduce_options *o,
                      const ns_graph *graph, ns_error *error)
{
    ns_tensor *values = NULL;
    ns_reduce_result r;
    ns_diagnose_compile row;
    NS_TRY(reduce_given(cli, s, o, graph, &values, &r, error));
    const ns_smallest smallest = smallest_of(&r);
    const ns_diagnose_target target = {&o->vela, o->accelerator, o->flags};
    NS_TRY(ns_smallest_departure(cli, &smallest, &target, &row, error));
    NS_TRY(write_to(cli, s->output, &r, error));
    if (!s->ordinary)
        NS_TRY(write_ordinary(cli, s, o, graph, values, error));
    return report(cli, s, &r, &row, error);
}

static ns_code find_velas(ns_cli *cli, const reduce_settings *s, ns_reduce_options *o, ns_error *error)
{
    const int count = s->velas.count ? s->velas.count : 1;
    ns_vela *velas = NS_ARENA_ARRAY(cli->arena, (size_t)count, ns_vela);
    if (!velas)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for releases");
    for (int i = 0; i < count; i++)
        NS_TRY(ns_vela_find(s->velas.count ? s->velas.values[i] : NULL, cli->arena, &velas[i], error));
    o->vela = velas[0];
    o->others = velas + 1;
    o->other_count = count - 1;
    return NS_OK;
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    const reduce_settings *s = settings_;
    ns_reduce_options o = {
        .flags = s->flags, .time_limit = s->time_limit, .ordinary = s->ordinary, .evidence = true};
    ns_bytes bytes;
    ns_graph *graph = NULL;
    if (!s->output)
        return ns_fail(error, NS_ERROR_USAGE, "-o DIR is missing");
    NS_TRY(ns_row_seconds("time-limit", s->time_limit, error));
    NS_TRY(ns_accelerator_parse(s->accelerator, &o.accelerator, error));
    NS_TRY(find_velas(cli, s, &o, error));
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
        "long as it goes wrong in the same way: other numbers, a fault, a hazard or a crash of Vela. Says "
        "which\n"
        "accelerators and releases are right, what avoids it, where the stream parts from a right one, and "
        "the\n"
        "first wrong operation of the NPU. Exit code 2 where it does not go wrong.",
    .options = options,
    .settings_size = sizeof(reduce_settings),
    .preset = preset,
    .run = run,
};
