/* npuscope record: a model with its inputs and references as a case for `suite --cases`. The case is made in
 * memory, read as the suite reads it, run, and written when all of that went well. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "npuscope/cpu.h"
#include "npuscope/model.h"
#include "npuscope/suite.h"
#include "options.h"
#include "program/interface.h"
#include "recorded/interface.h"
#include "shared.h"

typedef struct record_settings {
    ns_text_list inputs, input_scales, output_scales, floats, quantised, expected;
    const char *folder, *op, *target;
    double qtol, atol, rtol;
    bool no_expected;
} record_settings;

#define OPTION(field) offsetof(record_settings, field)

static const ns_option options[] = {
    {'i', "input", NS_OPTION_TEXT_LIST, "[NAME=]FILE", OPTION(inputs),
     "an input, .npy: integers, or floats with --input-scale; by name, or\nin the model's order"},
    {'o', "output", NS_OPTION_FOLDER, "DIR", OPTION(folder), "folder of the case, which is made"},
    {0, "input-scale", NS_OPTION_TEXT_LIST, "SCALE[:ZERO]", OPTION(input_scales),
     "of an input that is given as floats, with its zero point; in order"},
    {0, "output-scale", NS_OPTION_TEXT_LIST, "SCALE[:ZERO]", OPTION(output_scales),
     "of an output's integers; in order. Errors in steps need it"},
    {0, "reference", NS_OPTION_TEXT_LIST, "FILE", OPTION(floats),
     "what the float model gives, .npy; in the order of the outputs"},
    {0, "quantised", NS_OPTION_TEXT_LIST, "FILE", OPTION(quantised),
     "what the quantised model gives as floats, .npy; in that order"},
    {0, "expected", NS_OPTION_TEXT_LIST, "FILE", OPTION(expected),
     "what must come out exactly, .npy; in that order (default: what the\nmodel gives now)"},
    {0, "no-expected", NS_OPTION_FLAG, NULL, OPTION(no_expected), "expect nothing exactly"},
    {0, "qtol", NS_OPTION_REAL, "N", OPTION(qtol), "tolerance in steps of the output's scale (default 1)"},
    {0, "atol", NS_OPTION_REAL, "X", OPTION(atol), "absolute tolerance (default 0.001)"},
    {0, "rtol", NS_OPTION_REAL, "X", OPTION(rtol), "relative tolerance (default 0.001)"},
    {0, "op", NS_OPTION_TEXT, "NAME", OPTION(op), "what reports call it, and --op selects (default model)"},
    {0, "target", NS_OPTION_TEXT, "T", OPTION(target),
     "the only target of a graph, as `suite --target` takes it (default:\neach that the suite runs on)"},
    {0},
};

static void preset(void *settings_)
{
    record_settings *settings = settings_;
    settings->qtol = settings->atol = settings->rtol = NAN;
}

/* The case as it will lie in its folder. */
typedef struct recording {
    ns_cli *cli;
    const record_settings *settings;
    ns_model *model;
    ns_zip_member files[4 * NS_CASE_TENSORS + 2];
    ns_case_files found; /* the files, as the suite finds them */
    ns_case_tensor inputs[NS_CASE_TENSORS], outputs[NS_CASE_TENSORS];
    const char *model_file;
} recording;

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the case");
}

static ns_code add_file(recording *r, const char *name, ns_bytes bytes, ns_error *error)
{
    if (!name)
        return no_memory(error);
    r->files[r->found.member_count++] = (ns_zip_member){name, bytes};
    return NS_OK;
}

/* A file of the user's, which must be .npy, under its name in the case. */
static ns_code add_array(recording *r, const char *path, const char *format, int index, const char **name,
                         ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_file_read(path, r->cli->arena, &bytes, error));
    if (!ns_npy_probe(bytes))
        return ns_fail(error, NS_ERROR_INPUT, "%s is no .npy file, which the files of a case are", path);
    *name = ns_arena_format(r->cli->arena, "%s%d.npy", format, index);
    return add_file(r, *name, bytes, error);
}

/* ---- what was given ---- */

static ns_code read_scale(const char *option, const char *text, ns_case_tensor *out, ns_error *error)
{
    char *end;
    out->scale = strtod(text, &end);
    if (end != text && *end == ':') {
        const char *zero = end + 1;
        out->zero_point = strtol(zero, &end, 10);
        end = end == zero ? (char *)(uintptr_t) "?" : end;
    }
    if (end == text || *end || !isfinite(out->scale) || !(out->scale > 0))
        return ns_fail(error, NS_ERROR_USAGE, "--%s takes a scale above 0, or SCALE:ZERO_POINT, not '%s'",
                       option, text);
    return NS_OK;
}

static const char *input_name(const void *model, int index)
{
    return ns_model_input(model, index)->name;
}

static ns_code take_inputs(recording *r, ns_error *error)
{
    const int count = ns_model_input_count(r->model);
    const ns_text_list *files = &r->settings->inputs, *scales = &r->settings->input_scales;
    for (int i = 0, position = 0; i < files->count; i++) {
        const char *file;
        int index;
        NS_TRY(ns_input_find(files->values[i], position, count, input_name, r->model, &index, &file, error));
        position += file == files->values[i];
        if (r->inputs[index].file)
            return ns_fail(error, NS_ERROR_USAGE, "input '%s' is given twice", input_name(r->model, index));
        NS_TRY(add_array(r, file, "in", index, &r->inputs[index].file, error));
    }
    for (int i = 0; i < count; i++)
        if (!r->inputs[i].file)
            return ns_fail(error, NS_ERROR_USAGE, "input %d, '%s', is not given (-i FILE)", i,
                           input_name(r->model, i));
    for (int i = 0; i < scales->count; i++) {
        if (i >= count)
            return ns_fail(error, NS_ERROR_USAGE, "--input-scale is given %d times; the model has %d input%s",
                           scales->count, count, count == 1 ? "" : "s");
        NS_TRY(read_scale("input-scale", scales->values[i], &r->inputs[i], error));
    }
    return NS_OK;
}

static ns_code take_references(recording *r, const char *option, const ns_text_list *list, const char *format,
                               size_t member, ns_error *error)
{
    const int count = ns_model_output_count(r->model);
    if (list->count > count)
        return ns_fail(error, NS_ERROR_USAGE, "--%s is given %d times; the model has %d output%s", option,
                       list->count, count, count == 1 ? "" : "s");
    for (int i = 0; i < list->count; i++)
        NS_TRY(add_array(r, list->values[i], format, i,
                         (const char **)(void *)((char *)&r->outputs[i] + member), error));
    return NS_OK;
}

static ns_code take_outputs(recording *r, ns_error *error)
{
    const record_settings *s = r->settings;
    const int count = ns_model_output_count(r->model);
    NS_TRY(take_references(r, "reference", &s->floats, "float_out", offsetof(ns_case_tensor, floats), error));
    NS_TRY(take_references(r, "quantised", &s->quantised, "quantised_out",
                           offsetof(ns_case_tensor, quantised), error));
    NS_TRY(take_references(r, "expected", &s->expected, "out", offsetof(ns_case_tensor, expected), error));
    if (s->output_scales.count > count)
        return ns_fail(error, NS_ERROR_USAGE, "--output-scale is given %d times; the model has %d output%s",
                       s->output_scales.count, count, count == 1 ? "" : "s");
    for (int i = 0; i < s->output_scales.count; i++)
        NS_TRY(read_scale("output-scale", s->output_scales.values[i], &r->outputs[i], error));
    return NS_OK;
}

/* Floats can be compared with integers of a known scale alone: such a case would not run. */
static ns_code check_scales(const recording *r, ns_error *error)
{
    for (int i = 0; i < ns_model_output_count(r->model); i++) {
        const ns_model_tensor *output = ns_model_output(r->model, i);
        const ns_case_tensor *given = &r->outputs[i];
        const bool real = output->scalar == NS_SCALAR_FLOAT32 || output->scalar == NS_SCALAR_BOOL;
        if ((given->floats || given->quantised) && !real && !(given->scale > 0) && !(output->scale > 0))
            return ns_fail(error, NS_ERROR_USAGE,
                           "output %d, '%s', is of %s and --%s is of floats: give its scale, --output-scale "
                           "SCALE[:ZERO], as the quantised model has it",
                           i, output->name, ns_scalar_text(output->scalar),
                           given->floats ? "reference" : "quantised");
    }
    return NS_OK;
}

/* ---- the model's run ---- */

static ns_code load_values(recording *r, const void **values, ns_error *error)
{
    for (int i = 0; i < ns_model_input_count(r->model); i++) {
        const ns_model_tensor *declared = ns_model_input(r->model, i);
        ns_case_tensor given = r->inputs[i];
        ns_tensor tensor;
        const ns_dtype dtype = ns_scalar_dtype(declared->scalar);
        if (!declared->is_tensor || dtype == NS_DTYPE_UNKNOWN || declared->rank > NS_MAX_RANK)
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "input '%s' is %s of rank %d, which a case cannot give", declared->name,
                           ns_scalar_text(declared->scalar), declared->rank);
        if (!(given.scale > 0)) {
            given.scale = declared->scale;
            given.zero_point = declared->zero_point;
        }
        if (ns_case_input_values(&r->found, &given, dtype, declared->rank, declared->shape, r->cli->arena,
                                 &tensor, error) != NS_OK)
            return ns_add_context(error, "input '%s' (--input-scale gives a scale)", declared->name);
        values[i] = tensor.data;
    }
    return NS_OK;
}

static ns_code add_output(recording *r, int index, const void *values, ns_error *error)
{
    const ns_model_tensor *declared = ns_model_output(r->model, index);
    ns_tensor tensor = {.dtype = ns_scalar_dtype(declared->scalar), .rank = declared->rank};
    ns_npy array;
    ns_bytes bytes;
    if (!declared->is_tensor || tensor.dtype == NS_DTYPE_UNKNOWN || declared->rank > NS_MAX_RANK)
        return NS_OK;
    memcpy(tensor.shape, declared->shape, (size_t)declared->rank * sizeof tensor.shape[0]);
    tensor.data = (void *)(uintptr_t)values;
    NS_TRY(ns_npy_from_tensor(&tensor, &array, error));
    NS_TRY(ns_npy_write(&array, r->cli->arena, &bytes, error));
    r->outputs[index].expected = ns_arena_format(r->cli->arena, "out%d.npy", index);
    return add_file(r, r->outputs[index].expected, bytes, error);
}

/* What the model gives now is what is expected of it from now on. */
static ns_code run_model(recording *r, ns_error *error)
{
    const void *values[NS_CASE_TENSORS], *outputs[NS_CASE_TENSORS];
    const ns_model_options how = {.cpu_mask = ns_cpu_detect(), .budget = r->cli->budget};
    NS_TRY(load_values(r, values, error));
    NS_TRY(ns_model_run(r->model, &how, values, 1, r->cli->arena, outputs, NULL, error));
    if (r->settings->no_expected)
        return NS_OK;
    for (int i = 0; i < ns_model_output_count(r->model); i++)
        if (!r->outputs[i].expected)
            NS_TRY(add_output(r, i, outputs[i], error));
    return NS_OK;
}

/* ---- case.json ---- */

static void add_text(ns_json *json, const char *key, const char *text)
{
    if (text)
        ns_json_text(json, key, text);
}

static void add_tensors(ns_json *json, const char *key, int count, const ns_case_tensor *tensors)
{
    ns_json_array(json, key);
    for (int i = 0; i < count; i++) {
        ns_json_object(json, NULL);
        add_text(json, "file", tensors[i].file);
        if (tensors[i].scale > 0) {
            ns_json_real(json, "scale", tensors[i].scale);
            ns_json_integer(json, "zero_point", tensors[i].zero_point);
        }
        add_text(json, "float", tensors[i].floats);
        add_text(json, "quantised", tensors[i].quantised);
        add_text(json, "expected", tensors[i].expected);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static ns_code add_json(recording *r, ns_error *error)
{
    const record_settings *s = r->settings;
    const struct {
        const char *name;
        double value;
    } tolerances[] = {{"qtol", s->qtol}, {"atol", s->atol}, {"rtol", s->rtol}};
    ns_buffer buffer = {.arena = r->cli->arena};
    ns_json json = ns_json_begin(&buffer, true, 17);
    ns_bytes bytes;
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/case/1");
    add_text(&json, "op", s->op);
    add_text(&json, "target", s->target);
    ns_json_text(&json, "model", r->model_file);
    add_tensors(&json, "inputs", ns_model_input_count(r->model), r->inputs);
    add_tensors(&json, "outputs", ns_model_output_count(r->model), r->outputs);
    ns_json_object(&json, "tolerance");
    for (int i = 0; i < 3; i++)
        if (!isnan(tolerances[i].value))
            ns_json_real(&json, tolerances[i].name, tolerances[i].value);
    ns_json_end(&json);
    ns_json_end(&json);
    NS_TRY(ns_json_finish(&json, "case.json", &bytes, error));
    return add_file(r, "case.json", bytes, error);
}

/* ---- bundled programs ---- */

static ns_code add_tensor(recording *r, const char *format, int index, const ns_program_tensor *tensor,
                          const void *memory, const char **name, ns_error *error)
{
    ns_bytes bytes;
    NS_TRY(ns_program_files_npy(tensor, memory, r->cli->arena, &bytes, error));
    *name = ns_arena_format(r->cli->arena, "%s%d.npy", format, index);
    return add_file(r, *name, bytes, error);
}

/* The first case of a bundle, where no input is given. Its outputs are the exporter's eager model's: within
 * tolerances. */
static ns_code take_bundle(recording *r, ns_bytes bundle, ns_error *error)
{
    ns_program *program;
    NS_TRY(ns_program_read(bundle.data, bundle.size, NS_ACCELERATOR_UNKNOWN, r->cli->arena, &program, error));
    if (r->settings->inputs.count || ns_program_case_count(program) == 0)
        return NS_OK;
    for (int i = 0; i < ns_program_input_count(program); i++) {
        size_t size;
        const void *memory = ns_program_case_input(program, 0, i, &size);
        if (memory)
            NS_TRY(add_tensor(r, "in", i, ns_program_input(program, i), memory, &r->inputs[i].file, error));
    }
    for (int i = 0; i < ns_program_output_count(program) && !r->settings->quantised.count; i++) {
        const ns_program_tensor *expected = ns_program_case_expected(program, 0, i);
        if (expected)
            NS_TRY(
                add_tensor(r, "quantised_out", i, expected, expected->data, &r->outputs[i].quantised, error));
    }
    return NS_OK;
}

/* ---- the whole ---- */

static ns_code add_model(recording *r, const char *path, ns_error *error)
{
    static const char *const names[] = {
        [NS_CASE_TOSA] = "model.tosa",
        [NS_CASE_NPZ] = "model.npz",
        [NS_CASE_TFLITE] = "model.tflite",
        [NS_CASE_PROGRAM] = "model.pte",
    };
    ns_bytes bytes, bundle = {0};
    ns_case_model as_suite;
    NS_TRY(ns_file_read(path, r->cli->arena, &bytes, error));
    if (ns_program_is_bundle(bytes.data, bytes.size)) {
        bundle = bytes;
        NS_TRY(ns_bundle_program(bundle, &bytes, error));
    }
    NS_TRY(ns_model_load(bytes.data, bytes.size, NS_ACCELERATOR_UNKNOWN, r->cli->budget, &r->model, error));
    if (ns_model_input_count(r->model) > NS_CASE_TENSORS || ns_model_output_count(r->model) > NS_CASE_TENSORS)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%d inputs and %d outputs; a case has at most %d",
                       ns_model_input_count(r->model), ns_model_output_count(r->model), NS_CASE_TENSORS);
    /* The suite tells its kind by its content: whatever name it has here. */
    NS_TRY(add_file(r, "model.npz", bytes, error));
    NS_TRY(ns_case_model_read(&r->found, r->cli->arena, &as_suite, error));
    r->model_file = r->files[0].name = names[as_suite.kind];
    return bundle.data ? take_bundle(r, bundle, error) : NS_OK;
}

/* What is lost of a case that lies there already: said, as a later change of the model would hide in it. */
static void tell_of_old(const recording *r, FILE *out)
{
    bool there = false;
    int changed = 0;
    for (int i = 0; i < r->found.member_count; i++) {
        const ns_zip_member *file = &r->files[i];
        const char *path = ns_arena_format(r->cli->arena, "%s/%s", r->settings->folder, file->name);
        ns_bytes old;
        if (!path || ns_file_read(path, r->cli->arena, &old, &(ns_error){0}) != NS_OK)
            continue;
        there = there || strcmp(file->name, "case.json") == 0;
        const bool same = old.size == file->bytes.size && memcmp(old.data, file->bytes.data, old.size) == 0;
        for (int o = 0; o < ns_model_output_count(r->model) && !same; o++)
            changed += r->outputs[o].expected && strcmp(r->outputs[o].expected, file->name) == 0;
    }
    if (there)
        fprintf(out, "%s: the case that was there is replaced; what it expects %s\n", r->settings->folder,
                r->settings->no_expected ? "exactly is nothing now"
                : changed                ? "exactly is another now"
                                         : "exactly is as before");
}

static ns_code write_case(const recording *r, ns_error *error)
{
    tell_of_old(r, r->cli->out);
    NS_TRY(ns_folder_make(r->settings->folder, error));
    for (int i = 0; i < r->found.member_count; i++) {
        const char *path = ns_arena_format(r->cli->arena, "%s/%s", r->settings->folder, r->files[i].name);
        NS_TRY(path ? ns_file_write(path, r->files[i].bytes, error) : no_memory(error));
    }
    return NS_OK;
}

static ns_code record(recording *r, const char *path, ns_error *error)
{
    ns_case_model as_suite;
    if (add_model(r, path, error) != NS_OK)
        return ns_add_context(error, "%s", path);
    NS_TRY(take_inputs(r, error));
    NS_TRY(take_outputs(r, error));
    if (check_scales(r, error) != NS_OK)
        return ns_add_context(error, "%s", path);
    if (run_model(r, error) != NS_OK)
        return ns_add_context(error, "%s", path);
    NS_TRY(add_json(r, error));
    NS_TRY(ns_case_model_read(&r->found, r->cli->arena, &as_suite, error));
    NS_TRY(write_case(r, error));
    fprintf(r->cli->out, "%s: %s, %d input%s, %d output%s%s\nnpuscope suite --cases %s\n",
            r->settings->folder, ns_model_format_text(ns_model_format_of(r->model)),
            ns_model_input_count(r->model), ns_model_input_count(r->model) == 1 ? "" : "s",
            ns_model_output_count(r->model), ns_model_output_count(r->model) == 1 ? "" : "s",
            r->settings->no_expected || r->settings->expected.count ? "" : ", expected as they are now",
            r->settings->folder);
    return NS_OK;
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    const record_settings *settings = settings_;
    if (!settings->folder)
        return ns_fail(error, NS_ERROR_USAGE, "-o DIR is missing: the folder of the case");
    if (settings->qtol < 0 || settings->atol < 0 || settings->rtol < 0)
        return ns_fail(error, NS_ERROR_USAGE, "a tolerance is negative");
    if (settings->no_expected && settings->expected.count)
        return ns_fail(error, NS_ERROR_USAGE, "--no-expected and --expected exclude each other");
    if (settings->target) {
        ns_suite_options suite;
        ns_suite_result *list;
        ns_suite_defaults(&suite, sizeof suite);
        suite.target_count = 1;
        suite.targets = &settings->target;
        NS_TRY(ns_suite_list(&suite, cli->arena, &list, error));
    }
    recording *r = NS_ARENA_NEW(cli->arena, recording);
    if (!r)
        return no_memory(error);
    r->cli = cli;
    r->settings = settings;
    r->found = (ns_case_files){
        .name = settings->folder, .where = settings->folder, .zipped = true, .members = r->files};
    const ns_code code = record(r, operands[0], error);
    ns_model_free(r->model);
    return code;
}

const ns_subcommand ns_subcommand_record = {
    .operands = "MODEL",
    .operand_min = 1,
    .operand_max = 1,
    .details = "Writes a case of one's own: a folder with MODEL (a .tosa graph, Vela's .npz, a .tflite that\n"
               "Vela has compiled whole, or a .pte), its inputs, references and tolerances, and case.json,\n"
               "which `suite --cases DIR` reads. The model is run: what it gives now is expected exactly\n"
               "from now on, unless --expected or --no-expected says otherwise.",
    .options = options,
    .settings_size = sizeof(record_settings),
    .preset = preset,
    .run = run,
};
