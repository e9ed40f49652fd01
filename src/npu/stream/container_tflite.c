/* The custom operators "ethos-u" of a .tflite that Vela has compiled. Their inputs are the command
 * stream (a driver payload), the read-only data, scratch, fast scratch (the same tensor as scratch when both
 * are one memory), and then the operator's own; all
 * of those, and the outputs, lie in scratch, where
 * OfflineMemoryAllocation says.
 * Source: Vela 5.1.0, vela/npu_serialisation.py and regor/tflite/tflite_writer.cpp; 3.12.0 writes the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "npu/internal.h"
#include "npu/stream/internal.h"

#define CUSTOM_CODE "ethos-u"

/* Inputs or outputs of a model; real ones have far fewer, and each list is searched for each tensor. */
#define MAX_IO 4096

/* Positions among the operator's inputs. */
enum { PAYLOAD, READ_ONLY, SCRATCH, SCRATCH_FAST, FIRST_INPUT };

static bool contains(const int32_t *list, int count, int32_t value)
{
    for (int i = 0; i < count; i++)
        if (list[i] == value)
            return true;
    return false;
}

/* "CONV_2D, SOFTMAX (2)": the operators that are not the NPU's, NAMED of them by name. Returns how many there
 * are. */
static int list_cpu_operators(const ns_tflite_subgraph *model, char *text, size_t size)
{
    enum { NAMED = 8 };
    const char *names[NAMED];
    int counts[NAMED] = {0}, named = 0, total = 0;
    bool more = false;
    for (int i = 0; i < model->operator_count; i++) {
        if (ns_npu_is_tflite_operator(&model->operators[i]))
            continue;
        int k = 0;
        while (k < named && strcmp(names[k], model->operators[i].name) != 0)
            k++;
        if (k == named && named < NAMED)
            names[named++] = model->operators[i].name;
        if (k < NAMED)
            counts[k]++;
        more |= k == NAMED;
        total++;
    }
    size_t used = 0;
    text[0] = '\0';
    for (int k = 0; k < named && used < size; k++) {
        used += (size_t)snprintf(text + used, size - used, "%s%.40s", k ? ", " : "", names[k]);
        if (counts[k] > 1 && used < size)
            used += (size_t)snprintf(text + used, size - used, " (%d)", counts[k]);
    }
    if (more && used < size)
        snprintf(text + used, size - used, " and others");
    return total;
}

static const char *first_output(const ns_tflite_subgraph *model, int index)
{
    const ns_tflite_operator *found = &model->operators[index];
    return found->output_count > 0 && found->outputs[0] >= 0 ? model->tensors[found->outputs[0]].name : "";
}

static ns_code find_operator(const ns_tflite_subgraph *model, const ns_tflite_operator **out, ns_error *error)
{
    char names[512];
    int cpu = list_cpu_operators(model, names, sizeof names), npu = model->operator_count - cpu;
    if (npu == 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "the .tflite has no ethos-u operator (it has %s): compile it with Vela first",
                       cpu ? names : "no operator at all");
    if (cpu)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "the .tflite leaves %d operator%s to the CPU, which npuscope does not run: %s", cpu,
                       cpu == 1 ? "" : "s", names);
    if (npu > 1)
        return ns_fail(
            error, NS_ERROR_UNSUPPORTED,
            "the .tflite has %d ethos-u operators, of which the first gives '%.60s' and the second "
            "'%.60s'; a model that Vela makes one operator of can be run",
            npu, first_output(model, 0), first_output(model, 1));
    *out = &model->operators[0];
    return NS_OK;
}

/* Bytes of a scratch tensor. */
static ns_code scratch_size(const ns_tflite_tensor *tensor, uint64_t *out, ns_error *error)
{
    size_t count;
    int bytes = ns_tflite_type_bytes(tensor->type);
    NS_TRY(ns_shape_count(tensor->rank, tensor->shape, &count, error));
    if (bytes == 0)
        return ns_fail(error, NS_ERROR_INPUT, "tensor '%s' of type %s as scratch memory", tensor->name,
                       ns_tflite_type_text(tensor->type));
    *out = (uint64_t)count * (uint64_t)bytes;
    return NS_OK;
}

/* A tensor of the model, as a place in region 1; `base` is where scratch begins in the arena. */
static ns_code place(const ns_tflite_tensor *tensor, int64_t base, ns_arena *arena, ns_npu_io *out,
                     ns_error *error)
{
    switch (tensor->type) {
    case NS_TFLITE_INT8:
    case NS_TFLITE_UINT8:
    case NS_TFLITE_BOOL:
    case NS_TFLITE_INT16:
    case NS_TFLITE_UINT16:
    case NS_TFLITE_INT32:
    case NS_TFLITE_UINT32:
    case NS_TFLITE_INT64:
        break;
    default:
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "tensor '%s' is %s; an Ethos-U takes and gives integers",
                       tensor->name, ns_tflite_type_text(tensor->type));
    }
    if (tensor->offset < base)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "tensor '%s' has no place in the scratch memory (OfflineMemoryAllocation says %" PRId64
                       ", scratch begins at %" PRId64 ")",
                       tensor->name, tensor->offset, base);
    *out = (ns_npu_io){
        .name = ns_arena_string(arena, tensor->name),
        .rank = tensor->rank,
        .element_bytes = ns_tflite_type_bytes(tensor->type),
        .region = 1,
        .offset = (uint64_t)(tensor->offset - base),
        .exact_shape = true,
        .is_unsigned = tensor->type == NS_TFLITE_UINT8 || tensor->type == NS_TFLITE_UINT16 ||
                       tensor->type == NS_TFLITE_UINT32,
        .is_bool = tensor->type == NS_TFLITE_BOOL,
        .scale = tensor->scale_count ? tensor->scale : 0,
        .zero_point = tensor->zero_point,
    };
    if (!out->name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a name");
    memcpy(out->shape, tensor->shape, sizeof out->shape);
    return NS_OK;
}

/* A list of places. */
typedef struct io_list {
    ns_npu_io *items;
    int count;
} io_list;

static ns_code add(const ns_tflite_subgraph *graph, int32_t tensor, int64_t base, ns_arena *arena,
                   io_list *list, ns_error *error)
{
    return place(&graph->tensors[tensor], base, arena, &list->items[list->count++], error);
}

/* Inputs of the operator, bar constants, which no register of the stream reaches as such; its outputs, and
 * the variables among the inputs, which the NPU writes in place. */
static ns_code place_operator(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator,
                              int64_t base, ns_arena *arena, io_list *inputs, io_list *outputs,
                              ns_error *error)
{
    for (int i = FIRST_INPUT; i < operator->input_count; i++)
        if (!graph->tensors[operator->inputs[i]].data.data)
            NS_TRY(add(graph, operator->inputs[i], base, arena, inputs, error));
    for (int i = 0; i < operator->output_count; i++)
        NS_TRY(add(graph, operator->outputs[i], base, arena, outputs, error));
    for (int i = FIRST_INPUT; i < operator->input_count; i++)
        if (graph->tensors[operator->inputs[i]].is_variable)
            NS_TRY(add(graph, operator->inputs[i], base, arena, outputs, error));
    return NS_OK;
}

/* The model's own inputs and outputs, in its order, which must be those of the operator. */
static ns_code place_model(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator, int64_t base,
                           ns_arena *arena, io_list *inputs, io_list *outputs, ns_error *error)
{
    for (int i = 0; i < graph->input_count; i++) {
        if (!contains(operator->inputs + FIRST_INPUT, operator->input_count - FIRST_INPUT, graph->inputs[i]))
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "the model's input '%s' is none of the ethos-u operator",
                           graph->tensors[graph->inputs[i]].name);
        NS_TRY(add(graph, graph->inputs[i], base, arena, inputs, error));
    }
    for (int i = 0; i < graph->output_count; i++) {
        if (!contains(operator->outputs, operator->output_count, graph->outputs[i]))
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "the model's output '%s' is none of the ethos-u operator",
                           graph->tensors[graph->outputs[i]].name);
        NS_TRY(add(graph, graph->outputs[i], base, arena, outputs, error));
    }
    return NS_OK;
}

typedef ns_code place_function(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator,
                               int64_t base, ns_arena *arena, io_list *inputs, io_list *outputs,
                               ns_error *error);

static ns_code check_operator(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator,
                              ns_error * error)
{
    if (operator->input_count<FIRST_INPUT)
        return ns_fail(error, NS_ERROR_INPUT,
                       "the ethos-u operator has %d inputs; want at least %d: command stream, read-only "
                       "data, scratch, fast scratch",
                       operator->input_count, FIRST_INPUT);
    if (operator->input_count> MAX_IO || operator->output_count> MAX_IO || graph->input_count> MAX_IO ||
        graph->output_count> MAX_IO)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "the .tflite has over %d inputs or outputs", MAX_IO);
    for (int i = 0; i < operator->input_count; i++)
        if (operator->inputs[i]<0)
            return ns_fail(error, NS_ERROR_INPUT, "input %d of the ethos-u operator is left out", i);
    return NS_OK;
}

static ns_code load_operator(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator,
                             place_function * place_all, ns_accelerator accelerator, ns_arena *arena,
                             ns_npu_stream **out, ns_error *error)
{
    NS_TRY(check_operator(graph, operator, error));
    const int32_t *numbers = operator->inputs;
    const ns_tflite_tensor *payload = &graph->tensors[numbers[PAYLOAD]],
                           *read_only = &graph->tensors[numbers[READ_ONLY]],
                           *scratch = &graph->tensors[numbers[SCRATCH]];
    ns_npu_parts parts = {
        .payload = payload->data.data,
        .payload_size = payload->data.size,
        .weights = read_only->data.data,
        .weights_size = read_only->data.size,
    };
    NS_TRY(scratch_size(scratch, &parts.scratch_size, error));
    if (numbers[SCRATCH_FAST] != numbers[SCRATCH])
        NS_TRY(scratch_size(&graph->tensors[numbers[SCRATCH_FAST]], &parts.scratch_fast_size, error));
    const size_t room =
        (size_t) operator->input_count +(size_t) operator->output_count +(size_t) graph->input_count +
        (size_t)graph->output_count;
    io_list inputs = {NS_ARENA_ARRAY(arena, room, ns_npu_io), 0};
    io_list outputs = {NS_ARENA_ARRAY(arena, room, ns_npu_io), 0};
    if (!inputs.items || !outputs.items)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu tensors", room);
    NS_TRY(
        place_all(graph, operator, scratch->offset<0 ? 0 : scratch->offset, arena, &inputs, &outputs, error));
    parts.inputs = inputs.items;
    parts.input_count = inputs.count;
    parts.outputs = outputs.items;
    parts.output_count = outputs.count;
    return ns_npu_load_parts(&parts, accelerator, arena, out, error);
}

bool ns_npu_is_tflite_operator(const ns_tflite_operator *operator)
{
    return operator->custom && strcmp(operator->name, CUSTOM_CODE) == 0;
}

ns_code ns_npu_load_tflite_operator(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator,
                                    ns_accelerator accelerator, ns_arena *arena, ns_npu_stream **out,
                                    ns_error *error)
{
    return load_operator(graph, operator, place_operator, accelerator, arena, out, error);
}

/* Nothing may come from elsewhere: what a variable holds from an earlier run is not known. */
static ns_code check_inputs(const ns_tflite_subgraph *model, const ns_tflite_operator *operator,
                            ns_error * error)
{
    for (int i = FIRST_INPUT; i < operator->input_count; i++)
        if (!contains(model->inputs, model->input_count, operator->inputs[i]))
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "input '%s' of the ethos-u operator is no input of the model%s",
                           model->tensors[operator->inputs[i]].name,
                           model->tensors[operator->inputs[i]].is_variable ? ": it is a variable" : "");
    return NS_OK;
}

ns_code ns_npu_load_tflite(const void *data, size_t size, ns_accelerator accelerator, ns_arena *arena,
                           ns_npu_stream **out, ns_error *error)
{
    ns_tflite file;
    const ns_tflite_operator *operator;
    NS_TRY(ns_tflite_read((ns_bytes){data, size}, arena, &file, error));
    const ns_tflite_subgraph *graph = &file.subgraphs[0];
    NS_TRY(find_operator(graph, &operator, error));
    NS_TRY(check_operator(graph, operator, error));
    NS_TRY(check_inputs(graph, operator, error));
    return load_operator(graph, operator, place_model, accelerator, arena, out, error);
}
