/* npuscope run: evaluates a model on inputs. */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/printable.h"
#include "formats/npy.h"

/* Every kind of model, once; the first whose probe accepts the bytes runs them. */
static const ns_model_kind *const kinds[] = {&ns_model_tosa, &ns_model_npz, &ns_model_tflite,
                                             &ns_model_program};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static const ns_option options[] = {
    {'i', "input", NS_OPTION_TEXT_LIST, "[NAME=]FILE", offsetof(ns_run_settings, inputs),
     "an input: .npy or raw little-endian bytes; may be\nrepeated; by name, or in the model's order"},
    {'o', "output", NS_OPTION_TEXT, "DIR", offsetof(ns_run_settings, folder),
     "folder for out<index>.npy and outputs.json"},
    {0, "accelerator", NS_OPTION_TEXT, "NAME", offsetof(ns_run_settings, accelerator),
     "of a command stream, such as ethos-u55-128; it may only\nagree with what the stream was compiled for"},
    {0, "hazards", NS_OPTION_FLAG, NULL, offsetof(ns_run_settings, hazards),
     "check that waits and block dependencies of a command\nstream order every access to memory"},
    {0, "check", NS_OPTION_FLAG, NULL, offsetof(ns_run_settings, check),
     "check what can be seen to be wrong without a reference:\nmemory that is read unwritten, loads that are "
     "lost, "
     "outputs\nnot written, inputs not read, and hazards"},
    {0, "strict-chip", NS_OPTION_FLAG, NULL, offsetof(ns_run_settings, strict_chip),
     "where two readings of the chip are open, take the harsher"},
    {0, "tap", NS_OPTION_TEXT, "DIR", offsetof(ns_run_settings, tap),
     "folder for what each operation of a command stream\nproduced, and tap.json"},
    {0, "tap-only", NS_OPTION_TEXT, "LIST", offsetof(ns_run_settings, tap_only),
     "operations to tap, such as 3,7-9"},
    {0, "cpu", NS_OPTION_CPU, "LIST", offsetof(ns_run_settings, cpu_mask),
     "instruction sets that may be used: all, none, or a\nlist of avx2, avx512, avx512vnni, neon (default "
     "all)"},
    {0},
};

static void preset(void *settings)
{
    ((ns_run_settings *)settings)->cpu_mask = ~0u;
}

ns_code ns_run_find_input(const char *value, int position, int count, const ns_run_tensor *inputs, int *index,
                          const char **file, ns_error *error)
{
    const char *equals = strchr(value, '=');
    if (equals) {
        size_t length = (size_t)(equals - value);
        for (int i = 0; i < count; i++)
            if (strlen(inputs[i].name) == length && strncmp(inputs[i].name, value, length) == 0) {
                *index = i;
                *file = equals + 1;
                return NS_OK;
            }
    }
    /* No input has that name: a file whose name contains '=', or a mistake. */
    if (equals && access(value, F_OK) != 0)
        return ns_fail(error, NS_ERROR_USAGE, "input '%s': no input is named '%.*s'%s%s", value,
                       (int)(equals - value), value, count ? "; the first is " : "",
                       count ? inputs[0].name : "");
    if (position >= count)
        return ns_fail(error, NS_ERROR_USAGE, "input '%s': the model takes %d input%s", value, count,
                       count == 1 ? "" : "s");
    *index = position;
    *file = value;
    return NS_OK;
}

/* The dims over 1; *count of them. */
static void drop_ones(int rank, const int64_t *shape, int64_t *out, int *count)
{
    *count = 0;
    for (int i = 0; i < rank; i++)
        if (shape[i] != 1)
            out[(*count)++] = shape[i];
}

/* The array's shape is the declared one up to dims of 1, anywhere. The array takes the declared shape; but a
 * stream's container, which pads shapes with ones, takes the array's (`leading_ones`), for outputs follow it.
 */
static bool accept_shape(ns_npy *array, ns_run_tensor *input)
{
    ns_tensor *tensor = &input->tensor;
    int64_t given[NS_MAX_RANK], wanted[NS_MAX_RANK];
    int given_count, wanted_count;
    drop_ones(array->rank, array->shape, given, &given_count);
    drop_ones(tensor->rank, tensor->shape, wanted, &wanted_count);
    if (given_count != wanted_count || memcmp(given, wanted, (size_t)given_count * sizeof *given) != 0)
        return false;
    if (input->leading_ones) {
        tensor->rank = array->rank;
        memcpy(tensor->shape, array->shape, sizeof tensor->shape);
    } else {
        array->rank = tensor->rank;
        memcpy(array->shape, tensor->shape, sizeof array->shape);
    }
    return true;
}

static ns_code load_input(const char *file, ns_arena *arena, ns_run_tensor *input, ns_error *error)
{
    ns_bytes bytes;
    char wanted[128], is[128];
    NS_TRY(ns_file_read(file, arena, &bytes, error));
    ns_tensor_describe(&input->tensor, wanted, sizeof wanted);
    ns_npy array;
    if (ns_npy_probe(bytes)) {
        NS_TRY(ns_npy_read(bytes, file, arena, &array, error));
        if (input->leading_ones && array.type == NS_NPY_BOOL) /* containers do not tell bool from int8 */
            array.type = NS_NPY_INT8;
        if (!accept_shape(&array, input))
            return ns_fail(error, NS_ERROR_INPUT, "input '%s': %s is %s; expected %s", input->name, file,
                           ns_npy_describe(&array, is, sizeof is), wanted);
    } else {
        ns_npy_type type;
        if (!ns_npy_type_of(input->tensor.dtype, &type))
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "input '%s': inputs of type %s", input->name,
                           ns_dtype_text(input->tensor.dtype));
        size_t count = ns_tensor_count(&input->tensor), size = (size_t)ns_dtype_bytes(input->tensor.dtype);
        if (bytes.size != count * size)
            return ns_fail(error, NS_ERROR_INPUT, "input '%s': %s has %zu bytes; expected %zu for %s",
                           input->name, file, bytes.size, count * size, wanted);
        array = (ns_npy){.type = type, .item_size = size, .rank = input->tensor.rank, .count = count};
        memcpy(array.shape, input->tensor.shape, sizeof array.shape);
        array.data = ns_arena_copy(arena, bytes.data, bytes.size);
        if (!array.data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for input '%s'", input->name);
    }
    if (ns_npy_to_tensor(&array, input->tensor.dtype, &input->tensor, error) != NS_OK)
        return ns_add_context(error, "input '%s': %s is not %s", input->name, file, wanted);
    return NS_OK;
}

ns_code ns_run_load_inputs(const ns_run_settings *settings, ns_arena *arena, int count, ns_run_tensor *inputs,
                           ns_error *error)
{
    for (int i = 0; i < settings->inputs.count; i++) {
        int index = 0;
        const char *file = NULL;
        NS_TRY(ns_run_find_input(settings->inputs.values[i], i, count, inputs, &index, &file, error));
        if (inputs[index].tensor.data)
            return ns_fail(error, NS_ERROR_USAGE, "input '%s' is given twice", inputs[index].name);
        NS_TRY(load_input(file, arena, &inputs[index], error));
    }
    for (int i = 0; i < count; i++) {
        char wanted[128];
        if (!inputs[i].tensor.data)
            return ns_fail(error, NS_ERROR_USAGE, "input '%s' is missing: expected %s (-i %s=FILE)",
                           inputs[i].name, ns_tensor_describe(&inputs[i].tensor, wanted, sizeof wanted),
                           inputs[i].name);
    }
    return NS_OK;
}

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

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    const ns_run_settings *settings = settings_;
    (void)operand_count;
    ns_bytes bytes;
    NS_TRY(ns_file_read(operands[0], cli->arena, &bytes, error));
    const ns_model_kind *kind = NULL;
    for (int i = 0; !kind && i < KIND_COUNT; i++)
        if (kinds[i]->probe(bytes))
            kind = kinds[i];
    if (!kind)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s: not a model that npuscope knows (TOSA graph, Vela npz, Vela-compiled .tflite, "
                       "ExecuTorch program)",
                       operands[0]);
    int count = 0;
    ns_run_tensor *outputs = NULL;
    if (kind->run(cli, settings, bytes, &count, &outputs, error) != NS_OK)
        return ns_add_context(error, "%s", operands[0]);
    if (settings->folder)
        NS_TRY(write_outputs(cli->arena, settings->folder, count, outputs, error));
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
    .details = "MODEL is a .tosa graph, a command stream of Vela (npz), a .tflite that Vela has compiled\n"
               "whole, or an ExecuTorch program (.pte) for Ethos-U; its kind is told by its content.\n"
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
