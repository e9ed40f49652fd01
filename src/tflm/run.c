/* Memory for a model's tensors, and one run. */
#include <inttypes.h>

#include "tflm/internal.h"

#define SCRATCH 2 /* among an ethos-u operator's inputs */

static ns_code give_memory(ns_tflm *model, ns_tflm_value *value, ns_error *error)
{
    const ns_bytes constant = value ? value->tensor->data : (ns_bytes){0};
    if (!value || value->data || (!value->bytes && ns_tflite_type_bytes(value->tensor->type) == 0))
        return NS_OK;
    if (value->tensor->is_sparse)
        return ns_fail(
            error, NS_ERROR_UNSUPPORTED,
            "tensor '%s' is stored sparse, which npuscope does not unpack: convert the model without it",
            value->tensor->name);
    if (constant.data && constant.size < value->bytes)
        return ns_fail(error, NS_ERROR_INPUT, "tensor '%s' has %zu bytes of data; its shape wants %zu",
                       value->tensor->name, constant.size, value->bytes);
    value->data = constant.data ? ns_arena_copy(model->arena, constant.data, value->bytes)
                                : ns_arena_alloc(model->arena, value->bytes ? value->bytes : 1, 1);
    return value->data ? NS_OK
                       : ns_fail(error, NS_ERROR_MEMORY, "no memory for tensor '%s' of %zu bytes",
                                 value->tensor->name, value->bytes);
}

static ns_code give_list(ns_tflm *model, ns_tflm_value *const *list, int count, ns_error *error)
{
    for (int i = 0; i < count; i++)
        NS_TRY(give_memory(model, list[i], error));
    return NS_OK;
}

/* ---- the arena ---- */

static bool lies_at_zero(const ns_tflm *model)
{
    for (int i = 0; i < model->graphs[0].subgraph->operator_count; i++) {
        const ns_tflm_node *node = &model->graphs[0].nodes[i];
        if (node->stream && node->inputs[SCRATCH]->tensor->offset != 0)
            return false;
    }
    return true;
}

/* On a device the scratch memory of every part is the arena itself, in which the CPU's tensors lie too. */
static ns_code share_scratch(ns_tflm *model, ns_error *error)
{
    ns_npu_shared *scratch = &model->scratch;
    scratch->size = 1;
    if (model->part_count < 2 || !lies_at_zero(model))
        return NS_OK;
    for (int i = 0; i < model->part_count; i++) {
        const uint64_t size = ns_npu_stream_scratch_size(model->parts[i]);
        scratch->size = size > scratch->size ? size : scratch->size;
    }
    scratch->data = ns_arena_alloc(model->arena, (size_t)scratch->size, 1);
    scratch->written = ns_arena_alloc(model->arena, (size_t)scratch->size, 1);
    if (!scratch->data || !scratch->written)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the scratch memory of its parts");
    for (int i = 0; i < model->part_count; i++)
        ns_npu_stream_share(model->parts[i], scratch);
    return NS_OK;
}

/* Puts what the CPU made, or a caller gave, where it lies in the arena. */
static void put(ns_tflm *model, const ns_tflm_value *value)
{
    const ns_npu_shared *scratch = &model->scratch;
    if (!scratch->data || !value || value->tensor->data.data || value->tensor->offset < 0 ||
        (uint64_t)value->tensor->offset + value->bytes > scratch->size)
        return;
    memcpy(scratch->data + value->tensor->offset, value->data, value->bytes);
    memset(scratch->written + value->tensor->offset, 1, value->bytes);
}

/* ---- memory for tensors ---- */

/* The tensors of all subgraphs that lie in the place, by name and offset, are one. */
static void share_place(ns_tflm *model, const ns_tflm_variable *variable)
{
    for (int g = 0; g < model->file.subgraph_count; g++)
        for (int i = 0; i < model->graphs[g].subgraph->tensor_count; i++) {
            ns_tflm_value *value = &model->graphs[g].values[i];
            if (value->tensor->offset == variable->tensor->offset && value->bytes == variable->bytes &&
                value->tensor->type == variable->tensor->type && !value->data &&
                strcmp(value->tensor->name, variable->name) == 0)
                value->data = variable->data;
        }
}

static ns_code open_variables(ns_tflm *model, ns_error *error)
{
    for (int i = 0; i < model->variable_count; i++) {
        ns_tflm_variable *variable = &model->variables[i];
        variable->data = ns_arena_alloc(model->arena, variable->bytes ? variable->bytes : 1, 1);
        if (!variable->data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for variable '%s'", variable->name);
    }
    ns_tflm_reset(model);
    /* Variable tensors stand first, in the order of the tensors. */
    for (int i = 0, next = 0; i < model->file.subgraphs[0].tensor_count; i++)
        if (model->graphs[0].values[i].tensor->is_variable)
            model->graphs[0].values[i].data = model->variables[next++].data;
    for (int i = 0; i < model->variable_count; i++)
        if (model->variables[i].is_place)
            share_place(model, &model->variables[i]);
    return NS_OK;
}

void ns_tflm_reset(ns_tflm *model)
{
    for (int i = 0; i < model->variable_count; i++)
        memset(model->variables[i].data, model->variables[i].start, model->variables[i].bytes);
    for (int g = 0; g < model->file.subgraph_count; g++)
        model->graphs[g].has_run = false;
    if (model->scratch.data) {
        memset(model->scratch.data, 0, (size_t)model->scratch.size);
        memset(model->scratch.written, 0, (size_t)model->scratch.size);
    }
    model->has_run = false;
}

ns_code ns_tflm_open(ns_tflm *model, ns_error *error)
{
    NS_TRY(open_variables(model, error));
    NS_TRY(share_scratch(model, error));
    for (int g = 0; g < model->file.subgraph_count; g++)
        for (int i = 0; i < model->graphs[g].subgraph->operator_count; i++) {
            const ns_tflite_operator *operator= & model->graphs[g].subgraph->operators[i];
            const ns_tflm_node *node = &model->graphs[g].nodes[i];
            const int skipped = node->stream ? NS_TFLM_NPU_INPUTS : 0;
            NS_TRY(give_list(model, node->inputs + skipped, operator->input_count - skipped, error));
            NS_TRY(give_list(model, node->outputs, operator->output_count, error));
        }
    NS_TRY(give_list(model, model->inputs, ns_tflm_input_count(model), error));
    return give_list(model, model->outputs, ns_tflm_output_count(model), error);
}

/* What one run works with. */
typedef struct session {
    ns_tflm *model;
    const ns_npu_options *npu;
    ns_npu_statistics *statistics;
    ns_arena *arena; /* one operator at a time */
    ns_budget *budget;
} session;

static ns_tensor tensor_of(const ns_tflm_value *value)
{
    ns_tensor tensor = {.dtype = ns_dtype_of_size(ns_tflite_type_bytes(ns_tflm_type(value))),
                        .rank = value->tensor->rank,
                        .data = value->data};
    memcpy(tensor.shape, value->tensor->shape, sizeof tensor.shape);
    return tensor;
}

/* Results go to the operator's outputs and then to the variables among its inputs. */
static void take_results(const ns_tflite_operator *operator, const ns_tflm_node * node,
                         const ns_tensor *results)
{
    int next = 0;
    for (int i = 0; i < operator->output_count; i++, next++)
        memcpy(node->outputs[i]->data, results[next].data, node->outputs[i]->bytes);
    for (int i = NS_TFLM_NPU_INPUTS; i < operator->input_count; i++)
        if (node->inputs[i]->tensor->is_variable)
            memcpy(node->inputs[i]->data, results[next++].data, node->inputs[i]->bytes);
}

static ns_code run_npu(const session *run, const ns_tflite_operator *operator, const ns_tflm_node * node,
                       ns_error *error)
{
    const int inputs = ns_npu_input_count(node->stream), outputs = ns_npu_output_count(node->stream);
    ns_tensor *values = NS_ARENA_ARRAY(run->arena, (size_t)inputs, ns_tensor);
    ns_tensor *results = NS_ARENA_ARRAY(run->arena, (size_t)outputs, ns_tensor);
    ns_npu_statistics statistics = {0};
    int next = 0;
    if (!values || !results)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs of an ethos-u operator");
    for (int i = NS_TFLM_NPU_INPUTS; i < operator->input_count; i++)
        if (!node->inputs[i]->tensor->data.data)
            values[next++] = tensor_of(node->inputs[i]);
    ns_code code =
        ns_npu_run(node->stream, run->npu, values, inputs, run->arena, results, &statistics, error);
    ns_npu_statistics_add(run->statistics, &statistics);
    NS_TRY(code);
    take_results(operator, node, results);
    return NS_OK;
}

static ns_code run_cpu(const session *run, const ns_tflite_operator *operator, const ns_tflm_node * node,
                       int *then, ns_error *error)
{
    ns_tflm_call call = {.variables = run->model->variables,
                         .subgraph_count = run->model->file.subgraph_count,
                         .operator= operator,
                         .inputs = node->inputs,
                         .outputs = node->outputs,
                         .arena = run->arena,
                         .budget = run->budget};
    for (int i = 0; i < operator->output_count; i++)
        NS_TRY(ns_budget_spend(run->budget, node->outputs[i]->count, error));
    NS_TRY(node->kernel->function(&call, error));
    for (int i = 0; i < operator->output_count; i++)
        put(run->model, node->outputs[i]);
    *then = call.then;
    return NS_OK;
}

static ns_code run_graph(const session *run, int index, ns_error *error);

/* CALL_ONCE: only from the first subgraph, so that no subgraph can call itself. */
static ns_code run_once(const session *run, int index, int caller, ns_error *error)
{
    ns_tflm *model = run->model;
    if (caller != 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "CALL_ONCE in a subgraph that is called");
    if (model->has_run || model->graphs[index].has_run)
        return NS_OK;
    model->graphs[index].has_run = true;
    return run_graph(run, index, error);
}

static ns_code run_node(const session *run, int graph, int index, ns_error *error)
{
    const ns_tflite_operator *operator= & run->model->graphs[graph].subgraph->operators[index];
    const ns_tflm_node *node = &run->model->graphs[graph].nodes[index];
    int then = 0;
    ns_code code = node->stream   ? run_npu(run, operator, node, error)
                   : node->kernel ? run_cpu(run, operator, node, &then, error)
                                  : ns_tflm_missing(run->model, error);
    ns_arena_reset(run->arena);
    NS_TRY(code);
    return then ? run_once(run, then, graph, error) : NS_OK;
}

static ns_code run_graph(const session *run, int index, ns_error *error)
{
    const ns_tflm_graph *graph = &run->model->graphs[index];
    for (int i = 0; i < graph->subgraph->operator_count; i++)
        if (run_node(run, index, i, error) != NS_OK)
            return ns_add_context(error, "operator %d (%.40s)", i, graph->subgraph->operators[i].name);
    return NS_OK;
}

ns_code ns_tflm_run(ns_tflm *model, const ns_npu_options *npu, ns_npu_statistics *statistics, ns_error *error)
{
    static const ns_npu_options defaults;
    ns_npu_statistics ignored;
    ns_budget own;
    session run = {
        .model = model, .npu = npu ? npu : &defaults, .statistics = statistics ? statistics : &ignored};
    *run.statistics = (ns_npu_statistics){0};
    run.budget = run.npu->budget;
    if (!run.budget)
        ns_budget_open(run.budget = &own, 0, 0, 0);
    NS_TRY(ns_tflm_missing(model, error));
    run.arena = ns_arena_new_within(run.budget);
    if (!run.arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to run a model");
    for (int i = 0; i < ns_tflm_input_count(model); i++)
        put(model, model->inputs[i]);
    ns_code code = run_graph(&run, 0, error);
    ns_arena_free(run.arena);
    model->has_run = model->has_run || code == NS_OK;
    return ns_budget_settle(run.budget, code, error);
}
