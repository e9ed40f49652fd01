#include "recorded/interface.h"

#include <math.h>

#include "base/interface.h"

/* ---- what lies in a folder without case.json ---- */

/* Names by which a model and its tensors are found, %d for the tensor's number; the first model that is there
 * counts. */
typedef struct naming {
    const char *model, *input, *floats, *quantised, *expected;
} naming;

static const naming namings[] = {
    {"model.tosa", "in%d.npy", "float_out%d.npy", "quantised_out%d.npy", "out%d.npy"},
    {"model.npz", "in%d.npy", "float_out%d.npy", "quantised_out%d.npy", "out%d.npy"},
    {"model.tflite", "in%d.npy", "float_out%d.npy", "quantised_out%d.npy", "out%d.npy"},
    {"model.pte", "in%d.npy", "float_out%d.npy", "quantised_out%d.npy", "out%d.npy"},
    {"delegate0.tosa", "delegate0_in%d.npy", "float_out%d.npy", "quantised_out%d.npy", "delegate0_out%d.npy"},
    {"program.pte", "i%d.bin", "float_out%d.npy", "quantised_out%d.npy", "program_out%d.npy"},
};

static ns_code no_memory(const ns_case_files *files, ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a case", files->where);
}

/* *out is NULL where the file is not there. */
static ns_code find_numbered(const ns_case_files *files, const char *format, int index, ns_arena *arena,
                             const char **out, ns_error *error)
{
    char name[64];
    snprintf(name, sizeof name, format, index);
    *out = ns_case_has(files, name) ? ns_arena_string(arena, name) : NULL;
    return *out || !ns_case_has(files, name) ? NS_OK : no_memory(files, error);
}

static ns_code find_tensors(const ns_case_files *files, const naming *names, ns_arena *arena,
                            ns_case_model *out, ns_error *error)
{
    const int last = ns_case_largest_number(files);
    for (int i = 0; i < NS_CASE_TENSORS && i <= last; i++) {
        ns_case_tensor *input = &out->inputs[i], *output = &out->outputs[i];
        NS_TRY(find_numbered(files, names->input, i, arena, &input->file, error));
        NS_TRY(find_numbered(files, names->floats, i, arena, &output->floats, error));
        NS_TRY(find_numbered(files, names->quantised, i, arena, &output->quantised, error));
        NS_TRY(find_numbered(files, names->expected, i, arena, &output->expected, error));
        if (input->file && out->input_count == i)
            out->input_count++;
        if (output->floats || output->quantised || output->expected)
            out->output_count = i + 1;
    }
    return NS_OK;
}

static ns_code find_model(const ns_case_files *files, ns_arena *arena, ns_case_model *out, ns_error *error)
{
    for (size_t i = 0; i < sizeof namings / sizeof namings[0]; i++)
        if (ns_case_has(files, namings[i].model)) {
            out->file = namings[i].model;
            return find_tensors(files, &namings[i], arena, out, error);
        }
    return ns_fail(error, NS_ERROR_INPUT,
                   "%s: no model.tosa, .pte, .npz or .tflite, and no case.json that names one", files->where);
}

/* ---- case.json ---- */

typedef struct reader {
    const ns_case_files *files;
    ns_arena *arena;
} reader;

static ns_code fail_at(const reader *r, ns_error *error, const char *member, const char *expected)
{
    return ns_fail(error, NS_ERROR_INPUT, "%s/case.json: '%s' is no %s", r->files->where, member, expected);
}

static ns_code read_text(const reader *r, const json_t *object, const char *key, const char **out,
                         ns_error *error)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return NS_OK;
    if (!json_is_string(value))
        return fail_at(r, error, key, "text");
    *out = ns_arena_string(r->arena, json_string_value(value));
    return *out ? NS_OK : no_memory(r->files, error);
}

static ns_code read_real(const reader *r, const json_t *object, const char *key, double *out, ns_error *error)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return NS_OK;
    *out = json_number_value(value);
    return json_is_number(value) && isfinite(*out) && *out >= 0
               ? NS_OK
               : fail_at(r, error, key, "number of at least 0");
}

/* Nothing that was written may go unread. */
static ns_code check_keys(const reader *r, const json_t *object, const char *const *known, ns_error *error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        bool found = false;
        for (int i = 0; known[i]; i++)
            found = found || strcmp(known[i], key) == 0;
        if (!found)
            return ns_fail(error, NS_ERROR_INPUT, "%s/case.json: member '%s' is not known", r->files->where,
                           key);
    }
    return NS_OK;
}

static bool is_zero_point(int64_t value)
{
    return value >= -INT32_MAX && value <= INT32_MAX;
}

static ns_code read_tensor(const reader *r, const json_t *value, ns_case_tensor *out, ns_error *error)
{
    static const char *const known[] = {"file",      "scale",    "zero_point", "float",
                                        "quantised", "expected", NULL};
    if (json_is_string(value)) { /* an input's file alone */
        out->file = ns_arena_string(r->arena, json_string_value(value));
        return out->file ? NS_OK : no_memory(r->files, error);
    }
    if (!json_is_object(value))
        return fail_at(r, error, "inputs and outputs", "list of objects");
    NS_TRY(check_keys(r, value, known, error));
    NS_TRY(read_text(r, value, "file", &out->file, error));
    NS_TRY(read_text(r, value, "float", &out->floats, error));
    NS_TRY(read_text(r, value, "quantised", &out->quantised, error));
    NS_TRY(read_text(r, value, "expected", &out->expected, error));
    NS_TRY(read_real(r, value, "scale", &out->scale, error));
    const json_t *zero_point = json_object_get(value, "zero_point");
    out->zero_point = json_integer_value(zero_point);
    return !zero_point || (json_is_integer(zero_point) && is_zero_point(out->zero_point))
               ? NS_OK
               : fail_at(r, error, "zero_point", "whole number of 32 bits");
}

static ns_code read_tensors(const reader *r, const json_t *root, const char *key, int *count,
                            ns_case_tensor *tensors, ns_error *error)
{
    const json_t *list = json_object_get(root, key);
    if (!list)
        return NS_OK;
    if (!json_is_array(list) || json_array_size(list) > NS_CASE_TENSORS)
        return fail_at(r, error, key, "list of at most 64");
    *count = (int)json_array_size(list);
    memset(tensors, 0, NS_CASE_TENSORS * sizeof *tensors);
    for (int i = 0; i < *count; i++)
        NS_TRY(read_tensor(r, json_array_get(list, (size_t)i), &tensors[i], error));
    return NS_OK;
}

static ns_code read_case(const reader *r, const json_t *root, ns_case_model *out, ns_error *error)
{
    static const char *const known[] = {"schema", "op",      "target",    "model",
                                        "inputs", "outputs", "tolerance", NULL};
    static const char *const tolerances[] = {"qtol", "atol", "rtol", NULL};
    const char *schema = json_string_value(json_object_get(root, "schema"));
    if (!schema || strcmp(schema, "npuscope/case/1") != 0)
        return ns_fail(error, NS_ERROR_INPUT, "%s/case.json: its schema is not npuscope/case/1",
                       r->files->where);
    NS_TRY(check_keys(r, root, known, error));
    NS_TRY(read_text(r, root, "model", &out->file, error));
    if (out->file)
        out->input_count = out->output_count = 0;
    else
        NS_TRY(find_model(r->files, r->arena, out, error));
    NS_TRY(read_text(r, root, "op", &out->op, error));
    const char *op = out->op ? ns_printable_copy(r->arena, out->op) : NULL;
    if (out->op && !op)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
    out->op = op;
    NS_TRY(read_text(r, root, "target", &out->target, error));
    NS_TRY(read_tensors(r, root, "inputs", &out->input_count, out->inputs, error));
    for (int i = 0; i < out->input_count; i++)
        if (!out->inputs[i].file)
            return fail_at(r, error, "inputs", "list whose members each have a 'file'");
    NS_TRY(read_tensors(r, root, "outputs", &out->output_count, out->outputs, error));
    const json_t *tolerance = json_object_get(root, "tolerance");
    NS_TRY(check_keys(r, tolerance, tolerances, error));
    NS_TRY(read_real(r, tolerance, "qtol", &out->qtol, error));
    NS_TRY(read_real(r, tolerance, "atol", &out->atol, error));
    return read_real(r, tolerance, "rtol", &out->rtol, error);
}

/* ---- scales of recorded cases ---- */

static const json_t *find_node(const json_t *nodes, const char *name)
{
    for (size_t i = 0; name && i < json_array_size(nodes); i++) {
        const char *own = json_string_value(json_object_get(json_array_get(nodes, i), "name"));
        if (own && strcmp(own, name) == 0)
            return json_array_get(nodes, i);
    }
    return NULL;
}

/* Outputs that end in a dequantise of one scale have that scale. */
static ns_code read_recorded_scales(const ns_case_files *files, ns_arena *arena, ns_case_model *out,
                                    ns_error *error)
{
    json_t *nodes = NULL;
    if (!ns_case_has(files, "quantised.json"))
        return NS_OK;
    NS_TRY(ns_case_json(files, "quantised.json", arena, &nodes, error));
    const json_t *results = json_array_get(json_object_get(find_node(nodes, "output"), "args"), 0);
    for (int o = 0; o < out->output_count && (size_t)o < json_array_size(results); o++) {
        const json_t *name = json_object_get(json_array_get(results, (size_t)o), "node");
        const json_t *node = find_node(nodes, json_string_value(name));
        const char *target = json_string_value(json_object_get(node, "target"));
        const json_t *args = json_object_get(node, "args");
        const double scale = json_number_value(json_array_get(args, 1));
        const int64_t zero_point = json_integer_value(json_array_get(args, 2));
        if (!target || !strstr(target, "dequantize_per_tensor") || scale <= 0 || !is_zero_point(zero_point))
            continue;
        out->outputs[o].scale = scale;
        out->outputs[o].zero_point = zero_point;
    }
    json_decref(nodes);
    return NS_OK;
}

/* ---- reading ---- */

bool ns_case_is_model(const ns_case_files *files)
{
    return ns_case_has(files, "case.json") || !ns_case_has(files, "float.json");
}

static ns_code find_kind(const ns_case_files *files, ns_case_model *out, ns_error *error)
{
    /* A FlatBuffer's file identifier follows the offset of its root. */
    const char *magic = out->bytes.size >= 8 ? (const char *)out->bytes.data + 4 : "????";
    if (memcmp(magic, "TOSA", 4) == 0)
        out->kind = NS_CASE_TOSA;
    else if (memcmp(magic, "TFL3", 4) == 0)
        out->kind = NS_CASE_TFLITE;
    else if (memcmp(magic, "ET", 2) == 0)
        out->kind = NS_CASE_PROGRAM;
    else if (ns_zip_probe(out->bytes))
        out->kind = NS_CASE_NPZ;
    else
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s/%s is no TOSA graph, Vela npz, TFLite model or ExecuTorch program", files->where,
                       out->file);
    return NS_OK;
}

static ns_code begin(const ns_case_files *files, ns_arena *arena, ns_case_model *out, ns_error *error)
{
    *out = (ns_case_model){.qtol = NAN,
                           .atol = NAN,
                           .rtol = NAN,
                           .inputs = NS_ARENA_ARRAY(arena, NS_CASE_TENSORS, ns_case_tensor),
                           .outputs = NS_ARENA_ARRAY(arena, NS_CASE_TENSORS, ns_case_tensor)};
    return out->inputs && out->outputs ? NS_OK : no_memory(files, error);
}

ns_code ns_case_model_read(const ns_case_files *files, ns_arena *arena, ns_case_model *out, ns_error *error)
{
    NS_TRY(begin(files, arena, out, error));
    if (ns_case_has(files, "case.json")) {
        json_t *root = NULL;
        const reader r = {files, arena};
        NS_TRY(ns_case_json(files, "case.json", arena, &root, error));
        const ns_code code = read_case(&r, root, out, error);
        json_decref(root);
        NS_TRY(code);
    } else {
        NS_TRY(find_model(files, arena, out, error));
        NS_TRY(read_recorded_scales(files, arena, out, error));
    }
    NS_TRY(ns_case_bytes(files, out->file, arena, &out->bytes, error));
    return find_kind(files, out, error);
}

ns_code ns_case_delegate_read(const ns_case_files *files, ns_arena *arena, ns_case_model *out,
                              ns_error *error)
{
    NS_TRY(begin(files, arena, out, error));
    const naming *names =
        &namings[sizeof namings / sizeof namings[0] - (ns_case_has(files, "delegate1.tosa") ? 1 : 2)];
    if (!ns_case_has(files, names->model))
        return ns_fail(error, NS_ERROR_INPUT, "%s: no %s", files->where, names->model);
    out->file = names->model;
    NS_TRY(find_tensors(files, names, arena, out, error));
    NS_TRY(read_recorded_scales(files, arena, out, error));
    NS_TRY(ns_case_bytes(files, out->file, arena, &out->bytes, error));
    return find_kind(files, out, error);
}
