/* npuscope run: evaluates a model on inputs. */
#include "run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "formats/interface.h"

/* Every kind of model, once; the first whose probe accepts the bytes runs them. */
static const ns_model_kind *const kinds[] = {&ns_run_tosa_kind, &ns_run_npz_kind, &ns_run_tflite_kind,
                                             &ns_run_program_kind};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static const ns_option options[] = {
    {'i', "input", NS_OPTION_TEXT_LIST, "[NAME=]FILE", offsetof(ns_run_settings, inputs),
     "an input: .npy, .npz or raw little-endian bytes; may be\nrepeated; by name, or in the model's order"},
    NS_ROW_INPUT_TYPE(ns_run_settings, input_types),
    {0, "input-scale", NS_OPTION_TEXT_LIST, "[NAME=]S[:ZERO]", offsetof(ns_run_settings, input_scales),
     "the scale of an integer input whose file holds floats:\nround(x / S) + ZERO, ties to even"},
    {0, "part", NS_OPTION_INTEGER, "N", offsetof(ns_run_settings, part),
     "of a .tflite: run its ethos-u operator N alone, from 0"},
    NS_ROW_STATE(ns_run_settings, state),
    {0, "method", NS_OPTION_TEXT, "NAME", offsetof(ns_run_settings, method),
     "of an ExecuTorch program: the method to run (default:\nforward, or the first)"},
    {0, "case", NS_OPTION_INTEGER, "N", offsetof(ns_run_settings, test),
     "of a bundled program: the test case to run, from 0, where\nno input is given"},
    {0, "reference", NS_OPTION_FLAG, NULL, offsetof(ns_run_settings, reference),
     "run a .tflite that Vela has not compiled, as TFLite\nMicro's reference kernels do"},
    {'o', "output", NS_OPTION_FOLDER, "DIR", offsetof(ns_run_settings, folder),
     "folder for out<index>.npy and outputs.json"},
    {0, "target", NS_OPTION_TEXT, "T", offsetof(ns_run_settings, accelerator),
     "of a command stream, such as ethos-u55-128; it may only\nagree with what the stream was compiled for"},
    {0, "hazards", NS_OPTION_FLAG, NULL, offsetof(ns_run_settings, hazards),
     "check that waits and block dependencies of a command\nstream order every access to memory"},
    {0, "check", NS_OPTION_FLAG, NULL, offsetof(ns_run_settings, check),
     "check what can be seen to be wrong without a reference:\nmemory that is read unwritten, loads that are "
     "lost, "
     "outputs\nnot written, inputs not read, and hazards"},
    {0, "strict-chip", NS_OPTION_FLAG, NULL, offsetof(ns_run_settings, strict_chip),
     "where two readings of the chip are open, take the harsher"},
    {0, "tap", NS_OPTION_FOLDER, "DIR", offsetof(ns_run_settings, tap),
     "folder for what each operation of a graph or command\nstream produced, or a program gave to its "
     "delegates, and\ntap.json"},
    {0, "html", NS_OPTION_OUTPUT, "FILE", offsetof(ns_run_settings, html),
     "also write one self-contained page: outputs, and what --tap saw, with\nranges"},
    {0, "debug-db", NS_OPTION_TEXT, "FILE", offsetof(ns_run_settings, debug_db),
     "of a command stream: Vela's debug database; its taps are\nnamed by the graph's tensors"},
    {0, "tap-only", NS_OPTION_TEXT, "LIST", offsetof(ns_run_settings, tap_only),
     "operations to tap: numbers, or names of the tensors that\nthey write, such as 3,7-9,conv1_out"},
    {0, "threads", NS_OPTION_INTEGER, "N", offsetof(ns_run_settings, threads),
     "of a graph: threads that share the samples, or the rows\nof one (default 1; 0: one per processor)"},
    {0, "cpu", NS_OPTION_CPU, "LIST", offsetof(ns_run_settings, cpu_mask),
     "instruction sets that may be used: all, none, or a\n"
     "list of avx2, avx512, avx512vnni, avx512vbmi, amx,\nneon (default all)"},
    {0},
};

static void preset(void *settings)
{
    ns_run_settings *run = settings;
    run->cpu_mask = ~0u;
    run->part = -1;
    run->threads = 1;
}

ns_code ns_run_declare(const ns_run_tensor *tensor, ns_input *out, ns_error *error)
{
    *out = (ns_input){.name = tensor->name,
                      .rank = tensor->tensor.rank,
                      .padded = tensor->leading_ones,
                      .unsigned_bits = tensor->unsigned_bits,
                      .bool_bits = tensor->leading_ones,
                      .scale = tensor->scale,
                      .zero_point = tensor->zero_point};
    memcpy(out->shape, tensor->tensor.shape, sizeof out->shape);
    if (!ns_npy_type_of(tensor->tensor.dtype, &out->type))
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "input '%s': inputs of type %s", tensor->name,
                       ns_dtype_text(tensor->tensor.dtype));
    return NS_OK;
}

ns_code ns_run_load_inputs(const ns_run_settings *settings, ns_arena *arena, int count, ns_run_tensor *inputs,
                           ns_error *error)
{
    const ns_input_rules rules = {
        .files = &settings->inputs, .types = &settings->input_types, .scales = &settings->input_scales};
    ns_input *list = NS_ARENA_ARRAY(arena, (size_t)count, ns_input);
    int64_t frames;
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its inputs");
    for (int i = 0; i < count; i++)
        NS_TRY(ns_run_declare(&inputs[i], &list[i], error));
    NS_TRY(ns_inputs_load(&rules, arena, count, list, &frames, error));
    for (int i = 0; i < count; i++)
        if (ns_npy_to_tensor(&list[i].array, inputs[i].tensor.dtype, &inputs[i].tensor, error) != NS_OK)
            return ns_add_context(error, "input '%s'", inputs[i].name);
    return NS_OK;
}

static double real_at(const ns_npy *array, size_t index)
{
    ns_error ignored;
    ns_tensor tensor;
    if (array->type == NS_NPY_FLOAT32)
        return (double)((const float *)array->data)[index];
    if (array->type == NS_NPY_FLOAT64)
        return ((const double *)array->data)[index];
    if (array->type == NS_NPY_UINT8)
        return ((const uint8_t *)array->data)[index];
    return ns_npy_to_tensor(
               array, array->type == NS_NPY_BOOL ? NS_DTYPE_BOOL : ns_dtype_of_size((int)array->item_size),
               &tensor, &ignored) == NS_OK
               ? (double)ns_tensor_get(&tensor, index)
               : NAN;
}

ns_code ns_run_expected(ns_cli *cli, const ns_run_settings *settings, int index, const ns_npy *output,
                        const ns_npy *expected, ns_error *error)
{
    double greatest = 0, signal = 0, noise = 0;
    if (output->count != expected->count)
        return ns_fail(error, NS_ERROR_INPUT, "output %d has %zu elements, the file expects %zu", index,
                       output->count, expected->count);
    for (size_t i = 0; i < output->count; i++) {
        const double wanted = real_at(expected, i), distance = fabs(real_at(output, i) - wanted);
        greatest = distance > greatest || isnan(distance) ? distance : greatest;
        signal += wanted * wanted;
        noise += distance * distance;
    }
    fprintf(cli->out, "out%d  max error %.6g from the expected output, SQNR %.2f dB\n", index, greatest,
            10 * log10(signal / noise));
    if (!settings->folder)
        return NS_OK;
    NS_TRY(ns_folder_make(settings->folder, error));
    const char *path = ns_arena_format(cli->arena, "%s/expected%d.npy", settings->folder, index);
    return path ? ns_npy_save(expected, path, cli->arena, error)
                : ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
}

/* ---- what values are like ---- */

typedef struct value_summary {
    double least, most;
    size_t codes;     /* that are used; 0: not counted */
    size_t saturated; /* elements at an end of the type; of reals none */
} value_summary;

static bool type_range(ns_npy_type type, double *low, double *high)
{
    const int bits = type == NS_NPY_INT8 || type == NS_NPY_UINT8     ? 8
                     : type == NS_NPY_INT16 || type == NS_NPY_UINT16 ? 16
                     : type == NS_NPY_INT32 || type == NS_NPY_UINT32 ? 32
                                                                     : 0;
    const bool is_unsigned = type == NS_NPY_UINT8 || type == NS_NPY_UINT16 || type == NS_NPY_UINT32;
    *low = is_unsigned ? 0 : -ldexp(1, bits - 1);
    *high = ldexp(1, is_unsigned ? bits : bits - 1) - 1;
    return bits > 0;
}

static double value_at(const ns_npy *array, size_t i)
{
    switch (array->type) {
    case NS_NPY_UINT16:
        return ((const uint16_t *)array->data)[i];
    case NS_NPY_UINT32:
        return ((const uint32_t *)array->data)[i];
    default:
        return real_at(array, i);
    }
}

static value_summary summarise(const ns_npy *array)
{
    static const size_t most_codes = 1 << 16;
    uint8_t used[(1 << 16) / 8] = {0};
    value_summary s = {.least = INFINITY, .most = -INFINITY};
    double low, high;
    const bool integers = type_range(array->type, &low, &high);
    const bool counted = integers && high - low < (double)most_codes;
    for (size_t i = 0; i < array->count; i++) {
        const double value = value_at(array, i);
        s.least = fmin(s.least, value);
        s.most = fmax(s.most, value);
        s.saturated += integers && (value == low || value == high);
        if (!counted)
            continue;
        const unsigned code = (unsigned)(value - low);
        s.codes += !(used[code / 8] >> code % 8 & 1);
        used[code / 8] |= (uint8_t)(1u << code % 8);
    }
    return s;
}

static void add_to_page(ns_page *page, const char *number, const char *name, const ns_npy *array,
                        const value_summary *s)
{
    char text[128];
    ns_page_text(page, number);
    ns_page_text(page, name);
    ns_page_text(page, ns_npy_describe(array, text, sizeof text));
    ns_page_number(page, array->count ? s->least : NAN, "%.6g");
    ns_page_number(page, array->count ? s->most : NAN, "%.6g");
    ns_page_number(page, s->codes ? (double)s->codes : NAN, "%.0f");
    ns_page_number(page, array->count ? 100.0 * (double)s->saturated / (double)array->count : NAN, "%.2f");
}

static const ns_page_column value_columns[] = {
    {"number", NS_PAGE_TEXT},        {"name", NS_PAGE_TEXT},   {"shape and type", NS_PAGE_TEXT},
    {"least", NS_PAGE_NUMBER},       {"most", NS_PAGE_NUMBER}, {"codes used", NS_PAGE_NUMBER},
    {"saturated, %", NS_PAGE_NUMBER}};
enum { VALUE_COLUMNS = sizeof value_columns / sizeof value_columns[0] };

void ns_run_tap_heading(ns_cli *cli)
{
    fprintf(cli->out, "%4s  %-20s %-7s %s\n", "", "operation", "type",
            "range, codes used, saturated: tensor");
}

void ns_run_tap_summary(ns_cli *cli, const ns_run_settings *settings, ns_json *json, int number,
                        const char *name, const char *tensor, const ns_npy *array)
{
    const value_summary s = summarise(array);
    const double share = array->count ? (double)s.saturated / (double)array->count : 0;
    char label[16];
    snprintf(label, sizeof label, "%d", number);
    ns_json_real(json, "least", array->count ? s.least : NAN);
    ns_json_real(json, "most", array->count ? s.most : NAN);
    ns_json_integer(json, "codes_used", (int64_t)s.codes);
    ns_json_real(json, "saturated_share", share);
    if (settings->page)
        add_to_page(settings->page, label, name, array, &s);
    if (!array->count)
        return;
    fprintf(cli->out, "%4d  %-20.40s %-7s %.6g to %.6g", number, name, ns_npy_type_text(array->type), s.least,
            s.most);
    if (s.codes)
        fprintf(cli->out, ", %zu code%s", s.codes, s.codes == 1 ? "" : "s");
    if (s.saturated)
        fprintf(cli->out, ", %.2f %% saturated", 100 * share);
    fprintf(cli->out, "%s%s\n", tensor ? ": " : "", tensor ? tensor : "");
}

/* ---- outputs ---- */

static ns_code outputs_json(ns_arena *arena, int count, const ns_run_tensor *outputs, ns_bytes *out,
                            ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_json json = ns_json_begin(&buffer, true, 17);
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/outputs/1");
    ns_json_array(&json, "outputs");
    for (int i = 0; i < count; i++) {
        char file[32];
        const ns_npy *array = outputs[i].array;
        const ns_tensor *tensor = &outputs[i].tensor;
        snprintf(file, sizeof file, "out%d.npy", i);
        ns_json_object(&json, NULL);
        ns_json_text(&json, "name", outputs[i].name);
        ns_json_text(&json, "file", file);
        ns_json_text(&json, "type", array ? ns_npy_type_text(array->type) : ns_dtype_text(tensor->dtype));
        ns_json_integers(&json, "shape", array ? array->rank : tensor->rank,
                         array ? array->shape : tensor->shape);
        ns_json_end(&json);
    }
    ns_json_end(&json);
    ns_json_end(&json);
    return ns_json_finish(&json, "outputs.json", out, error);
}

static ns_code write_outputs(ns_arena *arena, const char *folder, int count, const ns_run_tensor *outputs,
                             ns_error *error)
{
    ns_bytes json;
    NS_TRY(outputs_json(arena, count, outputs, &json, error));
    NS_TRY(ns_folder_make(folder, error));
    for (int i = 0; i < count; i++) {
        ns_npy array;
        if (outputs[i].array)
            array = *outputs[i].array;
        else
            NS_TRY(ns_npy_from_tensor(&outputs[i].tensor, &array, error));
        const char *path = ns_arena_format(arena, "%s/out%d.npy", folder, i);
        if (!path)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
        NS_TRY(ns_npy_save(&array, path, arena, error));
    }
    const char *path = ns_arena_format(arena, "%s/outputs.json", folder);
    if (!path)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
    return ns_file_write(path, json, error);
}

static ns_code begin_page(ns_cli *cli, ns_run_settings *settings, const char *model, ns_error *error)
{
    if (!settings->html)
        return NS_OK;
    settings->page = ns_page_begin(cli->arena, "npuscope run", model);
    if (!settings->page)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the page");
    if (settings->tap)
        ns_page_table(settings->page, "what each operation gave", VALUE_COLUMNS, value_columns);
    return NS_OK;
}

static ns_code end_page(ns_cli *cli, const ns_run_settings *settings, int count, const ns_run_tensor *outputs,
                        ns_error *error)
{
    ns_page *page = settings->page;
    ns_bytes bytes;
    if (!page)
        return NS_OK;
    if (settings->tap)
        ns_page_table_end(page);
    ns_page_table(page, "outputs", VALUE_COLUMNS, value_columns);
    for (int i = 0; i < count; i++) {
        ns_npy array;
        char label[16];
        if (outputs[i].array)
            array = *outputs[i].array;
        else
            NS_TRY(ns_npy_from_tensor(&outputs[i].tensor, &array, error));
        const value_summary s = summarise(&array);
        snprintf(label, sizeof label, "out%d", i);
        add_to_page(page, label, outputs[i].name, &array, &s);
    }
    ns_page_table_end(page);
    NS_TRY(ns_page_finish(page, "the HTML page", &bytes, error));
    return ns_cli_write(cli, settings->html, bytes, error);
}

/* An option that this kind of model does not know would be passed over without a word. */
static ns_code check_kind(const ns_run_settings *settings, const ns_model_kind *kind, const char *path,
                          ns_error *error)
{
    const struct {
        bool given;
        const char *option, *what;
        const ns_model_kind *kind;
    } options_of[] = {
        {settings->part != -1, "part", "a .tflite", &ns_run_tflite_kind},
        {settings->reference, "reference", "a .tflite", &ns_run_tflite_kind},
        {settings->method != NULL, "method", "an ExecuTorch program", &ns_run_program_kind},
        {settings->test != 0, "case", "an ExecuTorch program", &ns_run_program_kind},
    };
    for (size_t i = 0; i < sizeof options_of / sizeof options_of[0]; i++)
        if (options_of[i].given && kind != options_of[i].kind)
            return ns_fail(error, NS_ERROR_USAGE, "%s: --%s is for %s", path, options_of[i].option,
                           options_of[i].what);
    if (settings->input_scales.count && kind == &ns_run_program_kind)
        return ns_fail(error, NS_ERROR_USAGE,
                       "%s: --input-scale is for graphs, streams and .tflite: a program quantises its inputs",
                       path);
    if (settings->state && kind != &ns_run_tflite_kind && kind != &ns_run_npz_kind)
        return ns_fail(error, NS_ERROR_USAGE, "%s: --state is for a .tflite or a Vela npz", path);
    if (settings->tap_only && !settings->tap)
        return ns_fail(error, NS_ERROR_USAGE, "--tap-only needs --tap DIR");
    return NS_OK;
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    ns_run_settings *settings = settings_;
    (void)operand_count;
    ns_bytes bytes;
    if (settings->threads < 0 || settings->threads > 1024)
        return ns_fail(error, NS_ERROR_USAGE, "--threads %lld: expected 0 to 1024",
                       (long long)settings->threads);
    NS_TRY(ns_file_read(operands[0], cli->arena, &bytes, error));
    const ns_model_kind *kind = NULL;
    for (int i = 0; !kind && i < KIND_COUNT; i++)
        if (kinds[i]->probe(bytes))
            kind = kinds[i];
    if (!kind)
        return ns_fail(
            error, NS_ERROR_INPUT,
            "%s: not a model that npuscope knows%s (it knows TOSA graphs, Vela npz, .tflite and ExecuTorch "
            "programs)",
            operands[0], ns_file_foreign(bytes));
    NS_TRY(check_kind(settings, kind, operands[0], error));
    int count = 0;
    ns_run_tensor *outputs = NULL;
    NS_TRY(begin_page(cli, settings, operands[0], error));
    if (kind->run(cli, settings, bytes, &count, &outputs, error) != NS_OK)
        return ns_add_context(error, "%s", operands[0]);
    if (settings->folder)
        NS_TRY(write_outputs(cli->arena, settings->folder, count, outputs, error));
    NS_TRY(end_page(cli, settings, count, outputs, error));
    for (int i = 0; i < count; i++) {
        char text[128], name[1024];
        fprintf(cli->out, "out%d  %s  %s\n", i,
                outputs[i].array ? ns_npy_describe(outputs[i].array, text, sizeof text)
                                 : ns_tensor_describe(&outputs[i].tensor, text, sizeof text),
                ns_printable(outputs[i].name, name, sizeof name));
    }
    return NS_OK;
}

const ns_subcommand ns_subcommand_run = {
    .operands = "MODEL",
    .operand_min = 1,
    .operand_max = 1,
    .details = "MODEL is a .tosa graph, a command stream of Vela (npz), a .tflite that Vela has\n"
               "compiled, or an ExecuTorch program (.pte) for Ethos-U; its kind is told by its content.\n"
               "Operators that a .tflite leaves to the CPU run as in TFLite Micro's reference kernels.\n"
               "Outputs are printed by name, and written to DIR in graph order. In files int48 is\n"
               "int64 and int4 is int8; outputs of a .tflite have the model's types. A Vela npz holds no\n"
               "names, types or ranks: inputs may leave leading dims of 1 out, and outputs get the rank\n"
               "of the inputs. A program's raw inputs are in its memory order, .npy files in the order\n"
               "of the dims.",
    .options = options,
    .settings_size = sizeof(ns_run_settings),
    .preset = preset,
    .run = run,
};
