/* Reads a model: operators, the streams of the NPU's, and the list of variables. Nothing has memory yet. */
#include <inttypes.h>
#include <stdio.h>

#include "npu/stream/internal.h"
#include "tflm/internal.h"

/* Options of VAR_HANDLE in schema.fbs: 0 container, 1 shared_name. */
#define SHARED_NAME 1

static const ns_tflm_kernel_info kernels[] = {
#define NS_TFLM_OPERATOR(name, function, least, most, outputs) \
    {#name, ns_tflm_##function, least, most, outputs},
#include "tflm/operators.def"
#undef NS_TFLM_OPERATOR
};

static const ns_tflm_kernel_info *find_kernel(const char *name)
{
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
        if (strcmp(kernels[i].name, name) == 0)
            return &kernels[i];
    return NULL;
}

bool ns_tflm_has(const ns_tflite_operator *operator)
{
    return !operator->custom && find_kernel(operator->name);
}

static bool named(const ns_tflite_operator *operator, const char * name)
{
    return !operator->custom && strcmp(operator->name, name) == 0;
}

static ns_code pointers(ns_tflm *model, ns_tflm_value *values, const int32_t *numbers, int count,
                        ns_tflm_value ***out, ns_error *error)
{
    ns_tflm_value **list = NS_ARENA_ARRAY(model->arena, (size_t)count, ns_tflm_value *);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a list of tensors");
    for (int i = 0; i < count; i++)
        list[i] = numbers[i] < 0 ? NULL : &values[numbers[i]];
    *out = list;
    return NS_OK;
}

/* Bounds of the numbers of inputs and outputs, and that only optional inputs are left out. */
static ns_code check_counts(const ns_tflite_operator *operator, const ns_tflm_kernel_info * kernel,
                            ns_error *error)
{
    if (operator->input_count < kernel->least || operator->input_count > kernel->most ||
        (kernel->outputs >= 0 ? operator->output_count != kernel->outputs : operator->output_count < 1))
        return ns_fail(error, NS_ERROR_INPUT, "%s with %d inputs and %d outputs",
                                              operator->name, operator->input_count, operator->output_count);
    for (int i = 0; i < kernel->least; i++)
        if (operator->inputs[i]<0)
            return ns_fail(error, NS_ERROR_INPUT, "%s: input %d is left out", operator->name, i);
    return NS_OK;
}

static ns_code read_node(ns_tflm *model, ns_tflm_graph *graph, int index, bool first, ns_error *error)
{
    const ns_tflite_operator *operator= & graph->subgraph->operators[index];
    ns_tflm_node *node = &graph->nodes[index];
    NS_TRY(pointers(model, graph->values, operator->inputs, operator->input_count, &node->inputs, error));
    NS_TRY(pointers(model, graph->values, operator->outputs, operator->output_count, &node->outputs, error));
    if (ns_npu_is_tflite_operator(operator)) {
        NS_TRY(ns_npu_load_tflite_operator(graph->subgraph, operator, model->accelerator, model->arena,
                                           &node->stream, error));
        if (first)
            model->parts[model->part_count++] = node->stream;
        return NS_OK;
    }
    node->kernel = operator->custom ? NULL : find_kernel(operator->name);
    return node->kernel ? check_counts(operator, node->kernel, error) : NS_OK;
}

static ns_code read_graph(ns_tflm *model, int index, ns_error *error)
{
    ns_tflm_graph *graph = &model->graphs[index];
    graph->subgraph = &model->file.subgraphs[index];
    graph->nodes = NS_ARENA_ARRAY(model->arena, (size_t)graph->subgraph->operator_count, ns_tflm_node);
    graph->values = NS_ARENA_ARRAY(model->arena, (size_t)graph->subgraph->tensor_count, ns_tflm_value);
    if (!graph->nodes || !graph->values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d operators", graph->subgraph->operator_count);
    for (int i = 0; i < graph->subgraph->tensor_count; i++) {
        ns_tflm_value *value = &graph->values[i];
        value->tensor = &graph->subgraph->tensors[i];
        value->resource = -1;
        NS_TRY(ns_shape_count(value->tensor->rank, value->tensor->shape, &value->count, error));
        value->bytes = value->count * (size_t)ns_tflite_type_bytes(value->tensor->type);
    }
    for (int i = 0; i < graph->subgraph->operator_count; i++)
        if (read_node(model, graph, i, index == 0, error) != NS_OK)
            return ns_add_context(error, "operator %d", i);
    return NS_OK;
}

static int find_variable(const ns_tflm *model, const char *name)
{
    for (int i = 0; i < model->variable_count; i++)
        if (model->variables[i].is_resource && strcmp(model->variables[i].name, name) == 0)
            return i;
    return -1;
}

static bool is_quantised_int8(const ns_tflite_tensor *tensor)
{
    return tensor->type == NS_TFLITE_INT8 && tensor->scale_count;
}

/* Each byte of a variable before the first run. */
static uint8_t start_of(const ns_tflite_tensor *tensor)
{
    return is_quantised_int8(tensor) ? (uint8_t)tensor->zero_point : 0;
}

/* A variable tensor: MicroInterpreterGraph::ResetVariableTensors fills int8 ones with their zero point and
 * all others with 0. */
static ns_code add_tensor(ns_tflm *model, ns_tflm_value *value, ns_error *error)
{
    const ns_tflite_tensor *tensor = value->tensor;
    ns_tflm_variable *variable = &model->variables[model->variable_count++];
    *variable = (ns_tflm_variable){
        .name = tensor->name, .tensor = tensor, .bytes = value->bytes, .start = start_of(tensor)};
    if (!value->bytes)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "variable '%s' of type %s", tensor->name,
                       ns_tflite_type_text(tensor->type));
    return NS_OK;
}

/* The variable that a VAR_HANDLE stands for: one for each shared name. */
static ns_code add_resource(ns_tflm *model, const ns_tflite_operator *operator, ns_tflm_value * handle,
                            ns_error *error)
{
    ns_bytes text;
    NS_TRY(ns_tflite_option_text(operator, SHARED_NAME, &text, error));
    char *name = ns_arena_alloc(model->arena, text.size + 1, 1);
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a variable's name");
    if (text.size)
        memcpy(name, text.data, text.size);
    handle->resource = find_variable(model, name);
    if (handle->resource < 0) {
        handle->resource = model->variable_count++;
        model->variables[handle->resource] = (ns_tflm_variable){.name = name, .is_resource = true};
    }
    return NS_OK;
}

/* The first tensor assigned to a resource tells its size and start (MicroResourceVariables::Allocate, which
 * takes the zero point of any quantised tensor as a byte). */
static void size_resource(ns_tflm *model, const ns_tflm_value *handle, const ns_tflm_value *value)
{
    if (handle->resource < 0 || model->variables[handle->resource].tensor)
        return;
    ns_tflm_variable *variable = &model->variables[handle->resource];
    variable->tensor = value->tensor;
    variable->bytes = value->bytes;
    variable->start = value->tensor->scale_count ? (uint8_t)value->tensor->zero_point : 0;
}

/* Whether the first subgraph gives the tensor a value before operator `index` reads it. */
static bool has_value(const ns_tflm *model, int index, const ns_tflm_value *value)
{
    for (int i = 0; i < model->file.subgraphs[0].input_count; i++)
        if (model->inputs[i] == value)
            return true;
    for (int i = 0; i < index; i++)
        for (int k = 0; k < model->file.subgraphs[0].operators[i].output_count; k++)
            if (model->graphs[0].nodes[i].outputs[k] == value)
                return true;
    return value->tensor->data.data || value->tensor->is_variable;
}

/* Places of the arena that the ethos-u operator `index` of the first subgraph reads before it writes there.
 */
static void add_places(ns_tflm *model, int index)
{
    const ns_tflm_node *node = &model->graphs[0].nodes[index];
    for (int i = NS_TFLM_NPU_INPUTS;
         node->stream && i < model->file.subgraphs[0].operators[index].input_count; i++) {
        const ns_tflm_value *value = node->inputs[i];
        bool known = has_value(model, index, value) || value->tensor->offset < 0;
        for (int k = 0; k < model->variable_count; k++)
            known = known || model->variables[k].tensor == value->tensor;
        if (!known)
            model->variables[model->variable_count++] = (ns_tflm_variable){.name = value->tensor->name,
                                                                           .tensor = value->tensor,
                                                                           .bytes = value->bytes,
                                                                           .start = start_of(value->tensor),
                                                                           .is_place = true};
    }
}

static ns_code find_variables(ns_tflm *model, ns_error *error)
{
    size_t most = 0;
    for (int g = 0; g < model->file.subgraph_count; g++)
        most += (size_t)model->file.subgraphs[g].tensor_count;
    model->variables = NS_ARENA_ARRAY(model->arena, most, ns_tflm_variable);
    if (!model->variables)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for variables");
    for (int i = 0; i < model->file.subgraphs[0].tensor_count; i++)
        if (model->graphs[0].values[i].tensor->is_variable)
            NS_TRY(add_tensor(model, &model->graphs[0].values[i], error));
    for (int i = 0; i < model->file.subgraphs[0].operator_count; i++)
        add_places(model, i);
    for (int g = 0; g < model->file.subgraph_count; g++)
        for (int i = 0; i < model->graphs[g].subgraph->operator_count; i++) {
            const ns_tflite_operator *operator= & model->graphs[g].subgraph->operators[i];
            const ns_tflm_node *node = &model->graphs[g].nodes[i];
            if (node->kernel && named(operator, "VAR_HANDLE"))
                NS_TRY(add_resource(model, operator, node->outputs[0], error));
            else if (node->kernel && named(operator, "ASSIGN_VARIABLE"))
                size_resource(model, node->inputs[0], node->inputs[1]);
        }
    return NS_OK;
}

ns_code ns_tflm_read(ns_bytes bytes, ns_accelerator accelerator, ns_arena *arena, ns_tflm **out,
                     ns_error *error)
{
    ns_tflm *model = NS_ARENA_NEW(arena, ns_tflm);
    if (!model)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a model");
    NS_TRY(ns_tflite_read(bytes, arena, &model->file, error));
    model->arena = arena;
    model->accelerator = accelerator;
    const ns_tflite_subgraph *first = &model->file.subgraphs[0];
    model->graphs = NS_ARENA_ARRAY(arena, (size_t)model->file.subgraph_count, ns_tflm_graph);
    model->parts = NS_ARENA_ARRAY(arena, (size_t)first->operator_count, ns_npu_stream *);
    if (!model->graphs || !model->parts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d subgraphs", model->file.subgraph_count);
    for (int i = 0; i < model->file.subgraph_count; i++)
        if (read_graph(model, i, error) != NS_OK)
            return ns_add_context(error, "subgraph %d", i);
    NS_TRY(
        pointers(model, model->graphs[0].values, first->inputs, first->input_count, &model->inputs, error));
    NS_TRY(pointers(model, model->graphs[0].values, first->outputs, first->output_count, &model->outputs,
                    error));
    NS_TRY(find_variables(model, error));
    *out = model;
    return NS_OK;
}

/* Appends "SVDF (3)" for each kind of operator of the first subgraph that is missing. */
static void list_missing(const ns_tflm *model, char *text, size_t size)
{
    const ns_tflm_graph *graph = &model->graphs[0];
    size_t used = 0;
    for (int i = 0; i < graph->subgraph->operator_count && used < size; i++) {
        const char *name = graph->subgraph->operators[i].name;
        int count = 0, earlier = 0;
        if (graph->nodes[i].kernel || graph->nodes[i].stream)
            continue;
        for (int k = 0; k < graph->subgraph->operator_count; k++)
            if (strcmp(graph->subgraph->operators[k].name, name) == 0) {
                count++;
                earlier += k < i;
            }
        if (!earlier)
            used += (size_t)snprintf(text + used, size - used, count > 1 ? "%s%.40s (%d)" : "%s%.40s",
                                     used ? ", " : "", name, count);
    }
}

ns_code ns_tflm_missing(const ns_tflm *model, ns_error *error)
{
    for (int g = 0; g < model->file.subgraph_count; g++)
        for (int i = 0; i < model->graphs[g].subgraph->operator_count; i++) {
            const ns_tflm_node *node = &model->graphs[g].nodes[i];
            const ns_tflite_operator *operator= & model->graphs[g].subgraph->operators[i];
            if (node->kernel || node->stream)
                continue;
            char names[512] = "";
            if (g == 0)
                list_missing(model, names, sizeof names);
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "operator %d is a %.40s, which npuscope does not run on the CPU%s%s%s%s",
                           i, operator->name, names[0] ? " (it lacks of this model: " : "", names,
                           names[0] ? ")" : "",
                           model->part_count ? "; --part N runs one ethos-u operator alone" : "");
        }
    return NS_OK;
}

const ns_tflite *ns_tflm_file(const ns_tflm *model)
{
    return &model->file;
}

int ns_tflm_part_count(const ns_tflm *model)
{
    return model->part_count;
}

ns_npu_stream *ns_tflm_part(const ns_tflm *model, int index)
{
    return model->parts[index];
}

int ns_tflm_input_count(const ns_tflm *model)
{
    return model->file.subgraphs[0].input_count;
}

int ns_tflm_output_count(const ns_tflm *model)
{
    return model->file.subgraphs[0].output_count;
}

ns_tflm_value *ns_tflm_input(const ns_tflm *model, int index)
{
    return model->inputs[index];
}

ns_tflm_value *ns_tflm_output(const ns_tflm *model, int index)
{
    return model->outputs[index];
}

int ns_tflm_variable_count(const ns_tflm *model)
{
    return model->variable_count;
}

ns_tflm_variable *ns_tflm_variable_at(const ns_tflm *model, int index)
{
    return &model->variables[index];
}

bool ns_tflm_has_run(const ns_tflm *model)
{
    return model->has_run;
}

void ns_tflm_set_has_run(ns_tflm *model)
{
    model->has_run = true;
}
