#include "draft/draft.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "draft/infer.h"

int ns_draft_add(ns_draft *draft, const ns_draft_node *node)
{
    if (draft->count == draft->capacity) {
        const int capacity = draft->capacity ? 2 * draft->capacity : 64;
        ns_draft_node *grown = NS_ARENA_ARRAY(draft->arena, (size_t)capacity, ns_draft_node);
        if (!grown)
            return -1;
        if (draft->count)
            memcpy(grown, draft->nodes, (size_t)draft->count * sizeof *grown);
        draft->nodes = grown;
        draft->capacity = capacity;
    }
    draft->nodes[draft->count] = *node;
    return draft->count++;
}

ns_tensor ns_draft_shape(ns_dtype dtype, int rank, const int64_t *shape)
{
    ns_tensor tensor = {.dtype = dtype, .rank = rank};
    memcpy(tensor.shape, shape, (size_t)rank * sizeof *shape);
    return tensor;
}

/* One operator as a graph of its own: its operands have their data, so that no operator need make them. */
static ns_code evaluate(const ns_draft *draft, const ns_draft_node *node, ns_tensor *out, ns_error *error)
{
    ns_graph_tensor tensors[NS_DRAFT_OPERANDS + 1] = {0};
    int inputs[NS_DRAFT_OPERANDS], output = node->input_count;
    for (int i = 0; i < node->input_count; i++) {
        inputs[i] = i;
        tensors[i] = (ns_graph_tensor){.name = "operand", .tensor = draft->nodes[node->inputs[i]].value};
    }
    tensors[output] = (ns_graph_tensor){.name = "result", .tensor = *out};
    ns_operator op = {.op = node->op,
                      .attributes = node->attributes,
                      .input_count = node->input_count,
                      .output_count = 1,
                      .inputs = inputs,
                      .outputs = &output};
    ns_block block = {.name = "main",
                      .tensor_count = output + 1,
                      .operator_count = 1,
                      .output_count = 1,
                      .tensors = tensors,
                      .operators = &op,
                      .outputs = &output};
    ns_region region = {.name = "main", .block_count = 1, .blocks = &block};
    const ns_graph graph = {.version_major = 1, .region_count = 1, .regions = &region};
    return ns_eval(&graph, &(ns_eval_options){.cpu_mask = ~0u}, NULL, 0, draft->arena, out, error);
}

ns_code ns_draft_compute(ns_draft *draft, ns_draft_node *node, ns_error *error)
{
    ns_tensor out;
    const ns_tensor *operands[NS_DRAFT_OPERANDS];
    for (int k = 0; k < node->input_count; k++)
        operands[k] = ns_draft_value(draft, node->inputs[k]);
    if (!ns_infer(node->op, &node->attributes, node->input_count, operands, node->value.dtype, &out))
        return ns_fail(error, NS_ERROR_INPUT, "the operands of a %s do not fit together",
                       ns_op_text(node->op));
    NS_TRY(evaluate(draft, node, &out, error));
    node->value = out;
    return NS_OK;
}

int ns_draft_apply(ns_draft *draft, ns_op op, const ns_attributes *attributes, int input_count,
                   const int *inputs, ns_error *error)
{
    ns_draft_node node = {.kind = NS_DRAFT_OPERATOR, .op = op, .input_count = input_count};
    if (attributes)
        node.attributes = *attributes;
    memcpy(node.inputs, inputs, (size_t)input_count * sizeof *inputs);
    const ns_code code = ns_draft_compute(draft, &node, error);
    draft->no_memory = draft->no_memory || ns_code_ends_run(code);
    return code == NS_OK ? ns_draft_add(draft, &node) : -1;
}

ns_code ns_draft_copy(const ns_draft *draft, ns_arena *arena, ns_draft *out, ns_error *error)
{
    *out = *draft;
    out->arena = arena;
    out->capacity = draft->count;
    out->nodes = NS_ARENA_ARRAY(arena, (size_t)draft->count, ns_draft_node);
    if (!out->nodes)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph of %d nodes", draft->count);
    memcpy(out->nodes, draft->nodes, (size_t)draft->count * sizeof *out->nodes);
    return NS_OK;
}

ns_code ns_draft_clean(const ns_draft *draft, ns_arena *arena, ns_draft *out, ns_error *error)
{
    int *place = NS_ARENA_ARRAY(arena, (size_t)draft->count, int);
    if (!place)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph of %d nodes", draft->count);
    for (int i = 0; i < draft->output_count; i++)
        place[draft->outputs[i]] = 1;
    for (int i = draft->count - 1; i >= 0; i--)
        for (int k = 0; place[i] && k < draft->nodes[i].input_count; k++)
            place[draft->nodes[i].inputs[k]] = 1;
    *out = (ns_draft){.arena = arena, .output_count = draft->output_count};
    for (int i = 0; i < draft->count; i++) {
        if (!place[i])
            continue;
        ns_draft_node node = draft->nodes[i];
        for (int k = 0; k < node.input_count; k++)
            node.inputs[k] = place[node.inputs[k]] - 1;
        place[i] = ns_draft_add(out, &node) + 1;
        if (!place[i])
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph of %d nodes", draft->count);
    }
    for (int i = 0; i < draft->output_count; i++)
        out->outputs[i] = place[draft->outputs[i]] - 1;
    return NS_OK;
}

static ns_code add_node(const ns_draft *draft, int index, ns_graph *graph, ns_block *block, int *at,
                        ns_error *error)
{
    const ns_draft_node *node = &draft->nodes[index];
    const ns_tensor *value = &node->value;
    char made[24];
    snprintf(made, sizeof made, "t%d", index);
    const char *name = node->name ? node->name : made;
    if (node->kind == NS_DRAFT_CONST && value->dtype == NS_DTYPE_SHAPE)
        return ns_block_add_const_shape(graph, block, name, value->rank ? (int)value->shape[0] : 0,
                                        value->data, &at[index], error);
    if (node->kind == NS_DRAFT_CONST)
        return ns_block_add_const(graph, block, name, value, &at[index], error);
    NS_TRY(
        ns_block_add_tensor(graph, block, name, value->dtype, value->rank, value->shape, &at[index], error));
    if (node->kind == NS_DRAFT_INPUT)
        return NS_OK;
    int inputs[NS_DRAFT_OPERANDS];
    for (int k = 0; k < node->input_count; k++)
        inputs[k] = at[node->inputs[k]];
    return ns_block_add_operator(
        graph, block,
        &(ns_operator_parts){node->op, &node->attributes, node->input_count, inputs, 1, &at[index]}, error);
}

static ns_code fill_graph(const ns_draft *draft, ns_graph *graph, ns_tensor *inputs, int *input_count,
                          ns_error *error)
{
    ns_block *block = &graph->regions[0].blocks[0];
    int *at = NS_ARENA_ARRAY(graph->arena, (size_t)draft->count, int);
    int *ends = NS_ARENA_ARRAY(graph->arena, (size_t)draft->count + NS_DRAFT_OUTPUTS, int);
    if (!at || !ends)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph of %d nodes", draft->count);
    *input_count = 0;
    for (int i = 0; i < draft->count; i++) {
        NS_TRY(add_node(draft, i, graph, block, at, error));
        if (draft->nodes[i].kind != NS_DRAFT_INPUT)
            continue;
        inputs[*input_count] = draft->nodes[i].value;
        ends[(*input_count)++] = at[i];
    }
    NS_TRY(ns_block_set_inputs(graph, block, *input_count, ends, error));
    for (int i = 0; i < draft->output_count; i++)
        ends[i] = at[draft->outputs[i]];
    NS_TRY(ns_block_set_outputs(graph, block, draft->output_count, ends, error));
    return ns_graph_validate(graph, error);
}

ns_code ns_draft_to_graph(const ns_draft *draft, ns_graph **graph, ns_tensor *inputs, int *input_count,
                          ns_error *error)
{
    NS_TRY(ns_graph_new(graph, error));
    const ns_code code = fill_graph(draft, *graph, inputs, input_count, error);
    if (code != NS_OK)
        ns_graph_free(*graph);
    return code;
}

static ns_code take_operator(const ns_block *block, const ns_operator *op, ns_draft *draft, int *at,
                             ns_error *error)
{
    if (op->output_count != 1 || op->input_count > NS_DRAFT_OPERANDS || op->op == NS_OP_COND_IF ||
        op->op == NS_OP_WHILE_LOOP || op->op == NS_OP_VARIABLE_READ)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s with %d inputs and %d outputs cannot be reduced",
                       ns_op_text(op->op), op->input_count, op->output_count);
    ns_draft_node node = {.kind = NS_DRAFT_OPERATOR,
                          .op = op->op,
                          .attributes = op->attributes,
                          .input_count = op->input_count,
                          .name = block->tensors[op->outputs[0]].name,
                          .value = block->tensors[op->outputs[0]].tensor};
    if (op->op == NS_OP_CONST || op->op == NS_OP_CONST_SHAPE) {
        node.kind = NS_DRAFT_CONST;
    } else {
        for (int k = 0; k < op->input_count; k++)
            node.inputs[k] = at[op->inputs[k]];
        NS_TRY(ns_draft_compute(draft, &node, error));
    }
    at[op->outputs[0]] = ns_draft_add(draft, &node);
    return at[op->outputs[0]] >= 0 ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph");
}

ns_code ns_draft_from_graph(const ns_graph *graph, const ns_tensor *inputs, int input_count, ns_arena *arena,
                            ns_draft *out, ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    *out = (ns_draft){.arena = arena};
    int *at = NS_ARENA_ARRAY(arena, (size_t)block->tensor_count, int);
    if (!at)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph");
    if (input_count != block->input_count || block->output_count > NS_DRAFT_OUTPUTS)
        return ns_fail(error, NS_ERROR_INPUT, "the graph has %d inputs and %d outputs; %d inputs are given",
                       block->input_count, block->output_count, input_count);
    for (int i = 0; i < input_count; i++) {
        const ns_draft_node node = {
            .kind = NS_DRAFT_INPUT, .name = block->tensors[block->inputs[i]].name, .value = inputs[i]};
        at[block->inputs[i]] = ns_draft_add(out, &node);
    }
    for (int i = 0; i < block->operator_count; i++)
        NS_TRY(take_operator(block, &block->operators[i], out, at, error));
    out->output_count = block->output_count;
    for (int i = 0; i < block->output_count; i++)
        out->outputs[i] = at[block->outputs[i]];
    return NS_OK;
}

int ns_draft_operators(const ns_draft *draft)
{
    int count = 0;
    for (int i = 0; i < draft->count; i++)
        count += draft->nodes[i].kind == NS_DRAFT_OPERATOR;
    return count;
}

const char *ns_draft_words(const ns_draft *draft, ns_arena *arena)
{
    ns_buffer buffer = {.arena = arena};
    for (int i = 0; i < draft->count; i++) {
        const ns_draft_node *node = &draft->nodes[i];
        if (node->kind != NS_DRAFT_OPERATOR)
            continue;
        ns_buffer_format(&buffer, "%s%s", buffer.size ? " > " : "", ns_op_text(node->op));
        if (node->op == NS_OP_RESCALE || node->op == NS_OP_CAST)
            ns_buffer_format(&buffer, "[%d>%d]", ns_dtype_bits(ns_draft_operand(draft, node, 0)->dtype),
                             ns_dtype_bits(node->value.dtype));
    }
    ns_buffer_append(&buffer, "", 1);
    return buffer.failed ? "?" : (const char *)buffer.data;
}
