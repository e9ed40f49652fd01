/* .tflite models in readable form: their operators, and the streams of the ethos-u ones. */
#include <inttypes.h>

#include "base/interface.h"
#include "npu/stream/internal.h"
#include "npu/watch/interface.h"
#include "tflm/tflm.h"

static void tensor_line(ns_buffer *text, const char *what, int index, const ns_tflite_tensor *tensor)
{
    char shape[128], name[256];
    ns_buffer_format(text, "%s %d: %s, %s", what, index,
                     ns_shape_describe(tensor->rank, tensor->shape, ns_tflite_type_text(tensor->type), shape,
                                       sizeof shape),
                     ns_printable(tensor->name, name, sizeof name));
    if (tensor->scale_count)
        ns_buffer_format(text, ", scale %.9g, zero point %" PRId64, tensor->scale, tensor->zero_point);
    ns_buffer_format(text, "\n");
}

static void list_tensors(ns_buffer *text, const char *label, const ns_tflite_subgraph *graph,
                         const int32_t *list, int count)
{
    char name[256];
    ns_buffer_format(text, "%s", label);
    for (int i = 0; i < count; i++)
        ns_buffer_format(text, "%s%s", i ? ", " : "",
                         list[i] < 0 ? "none"
                                     : ns_printable(graph->tensors[list[i]].name, name, sizeof name));
}

/* "  3  ADD  from a, b to c  (on the CPU)"; of an ethos-u operator its number for --part. */
static void operator_line(ns_buffer *text, const ns_tflite_subgraph *graph, int index, int part)
{
    const ns_tflite_operator *operator= & graph->operators[index];
    const bool npu = ns_npu_is_tflite_operator(operator);
    const int first = npu ? 4 : 0; /* command stream, read-only data, scratch, fast scratch */
    ns_buffer_format(text, "%5d  %s", index, operator->name);
    list_tensors(text, operator->input_count> first ? " from " : "",
                 graph, operator->inputs + first, operator->input_count - first);
    list_tensors(text, operator->output_count ? " to " : "",
                 graph, operator->outputs, operator->output_count);
    if (npu)
        ns_buffer_format(text, "  (part %d)\n", part);
    else
        ns_buffer_format(text, "  (%s)\n",
                         ns_tflm_has(operator) ? "on the CPU" : "on the CPU; npuscope lacks it");
}

static void subgraph_text(ns_buffer *text, const ns_tflite *file, int index)
{
    const ns_tflite_subgraph *graph = &file->subgraphs[index];
    if (index)
        ns_buffer_format(text, "\nsubgraph %d\n", index);
    for (int i = 0; i < graph->input_count; i++)
        tensor_line(text, "input", i, &graph->tensors[graph->inputs[i]]);
    for (int i = 0; i < graph->output_count; i++)
        tensor_line(text, "output", i, &graph->tensors[graph->outputs[i]]);
    for (int i = 0, next = 0; i < graph->tensor_count; i++)
        if (graph->tensors[i].is_variable)
            tensor_line(text, "variable", next++, &graph->tensors[i]);
    ns_buffer_format(text, "operators\n");
    for (int i = 0, part = 0; i < graph->operator_count; i++) {
        operator_line(text, graph, i, part);
        part += ns_npu_is_tflite_operator(&graph->operators[i]);
    }
}

static ns_code parts_text(ns_buffer *text, ns_tflm *model, int64_t part, ns_error *error)
{
    const int parts = ns_tflm_part_count(model);
    for (int i = 0; i < parts; i++) {
        if (part >= 0 && i != part)
            continue;
        if (part < 0)
            ns_buffer_format(text, "\npart %d\n", i);
        NS_TRY(ns_npu_inspect_text(ns_tflm_part(model, i), text, error));
    }
    return NS_OK;
}

/* Whether there is nothing to a model but the stream of its one operator. */
static bool is_one_stream(ns_tflm *model)
{
    return ns_tflm_part_count(model) == 1 && ns_tflm_file(model)->subgraphs[0].operator_count == 1 &&
           ns_tflm_variable_count(model) == 0;
}

static void add_operators(ns_json *json, const ns_tflite_subgraph *graph)
{
    ns_json_array(json, "operators");
    for (int i = 0, number = 0; i < graph->operator_count; i++) {
        const ns_tflite_operator *operator= & graph->operators[i];
        ns_json_object(json, NULL);
        ns_json_text(json, "name", operator->name);
        if (ns_npu_is_tflite_operator(operator))
            ns_json_integer(json, "part", number++);
        else
            ns_json_bool(json, "known", ns_tflm_has(operator));
        ns_json_end(json);
    }
    ns_json_end(json);
}

/* One document: that of the stream where the model is one, or where one is asked for. */
static ns_code add_json(ns_json *json, ns_tflm *model, int64_t part, ns_error *error)
{
    if (part >= 0 || is_one_stream(model))
        return ns_npu_inspect_json(ns_tflm_part(model, part < 0 ? 0 : (int)part), json, NULL, error);
    ns_json_object(json, NULL);
    ns_json_text(json, "schema", "npuscope/inspect/1");
    ns_json_text(json, "format", "tflite");
    add_operators(json, &ns_tflm_file(model)->subgraphs[0]);
    ns_json_array(json, "parts");
    for (int i = 0; i < ns_tflm_part_count(model); i++)
        NS_TRY(ns_npu_inspect_json(ns_tflm_part(model, i), json, NULL, error));
    ns_json_end(json);
    ns_json_end(json);
    return NS_OK;
}

static ns_code json(ns_buffer *text, ns_tflm *model, int64_t part, ns_error *error)
{
    ns_json json = ns_json_begin(text, true, 17);
    json.lines = 2; /* an operator a line */
    NS_TRY(add_json(&json, model, part, error));
    return ns_json_finish(&json, "the description", NULL, error);
}

/* ---- models that are not compiled ---- */

static bool is_quantised(ns_tflite_type type)
{
    return type == NS_TFLITE_INT8 || type == NS_TFLITE_UINT8 || type == NS_TFLITE_INT16 ||
           type == NS_TFLITE_INT4;
}

/* How many operators give floats, and quantised elements; and whether one of floats has quantised weights. */
static void count_types(const ns_tflite_subgraph *graph, int *floats, int *quantised, bool *hybrid)
{
    for (int i = 0; i < graph->operator_count; i++) {
        const ns_tflite_operator *operator= & graph->operators[i];
        if (!operator->output_count || operator->outputs[0]<0 || strcmp(operator->name, "DEQUANTIZE") == 0)
            continue;
        const ns_tflite_type type = graph->tensors[operator->outputs[0]].type;
        *quantised += is_quantised(type);
        *floats += type == NS_TFLITE_FLOAT32;
        for (int k = 0; type == NS_TFLITE_FLOAT32 && k < operator->input_count; k++)
            *hybrid = *hybrid || (operator->inputs[k] >= 0 && is_quantised(graph->tensors[operator->inputs[k]].type));
    }
}

const char *ns_tflm_uncompiled(const ns_tflm *model)
{
    const ns_tflite *file = ns_tflm_file(model);
    int floats = 0, quantised = 0;
    bool hybrid = false;
    count_types(&file->subgraphs[0], &floats, &quantised, &hybrid);
    if (floats && !quantised)
        return hybrid
                   ? "the weights alone are quantised and the operators compute in float32, which no Ethos-U "
                     "does: "
                     "quantise the activations too (a representative dataset), and compile that with Vela"
                   : "the operators compute in float32, which no Ethos-U does: quantise the model to int8 or "
                     "int16 (a representative dataset), and compile that with Vela";
    if (strstr(file->description, "Vela"))
        return "Vela has compiled the model and left every operator to the CPU, for reasons that it prints";
    return "the model is not compiled (vela MODEL.tflite --accelerator-config ethos-u55-128 --output-dir "
           "DIR)";
}

static ns_code write_text(ns_buffer *text, ns_tflm *model, int64_t part, ns_error *error)
{
    const ns_tflite *file = ns_tflm_file(model);
    if (part >= 0 || is_one_stream(model))
        return ns_npu_inspect_text(ns_tflm_part(model, part < 0 ? 0 : (int)part), text, error);
    for (int i = 0; i < file->subgraph_count; i++)
        subgraph_text(text, file, i);
    if (ns_tflm_part_count(model) == 0)
        ns_buffer_format(text, "\nno ethos-u operator: %s\n", ns_tflm_uncompiled(model));
    return parts_text(text, model, part, error);
}

ns_code ns_tflm_inspect(ns_tflm *model, bool as_json, int64_t part, ns_buffer *text, ns_error *error)
{
    const int parts = ns_tflm_part_count(model);
    if (part >= parts)
        return ns_fail(error, NS_ERROR_USAGE,
                       "--part %" PRId64 ": the model has %d ethos-u operator%s, from 0", part, parts,
                       parts == 1 ? "" : "s");
    NS_TRY(as_json ? json(text, model, part, error) : write_text(text, model, part, error));
    return text->failed ? ns_fail(error, NS_ERROR_MEMORY, "no memory for the description") : NS_OK;
}
