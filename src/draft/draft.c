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

/* The block that COND_IF or WHILE_LOOP runs; NULL for other operators. */
static const ns_block *body_of(const ns_draft *draft, const ns_draft_node *node)
{
    const char *name = node->op == NS_OP_COND_IF      ? node->attributes.then_graph
                       : node->op == NS_OP_WHILE_LOOP ? node->attributes.body_graph
                                                      : NULL;
    for (int i = 0; name && i < draft->region_count; i++)
        if (strcmp(draft->regions[i]->name, name) == 0)
            return &draft->regions[i]->blocks[0];
    return NULL;
}

/* The result of COND_IF or WHILE_LOOP: as its block says, which takes operands of its own shapes only. */
static bool infer_control(const ns_draft *draft, const ns_draft_node *node, ns_tensor *out)
{
    const ns_block *block = body_of(draft, node);
    const int first = node->op == NS_OP_COND_IF;
    if (!block || block->output_count != 1 || block->input_count != node->input_count - first)
        return false;
    for (int i = 0; i < block->input_count; i++) {
        const ns_tensor *wanted = &block->tensors[block->inputs[i]].tensor,
                        *given = ns_draft_operand(draft, node, i + first);
        if (wanted->dtype != given->dtype || !ns_shape_equal(wanted, given))
            return false;
    }
    const ns_tensor *result = &block->tensors[block->outputs[0]].tensor;
    *out = ns_draft_shape(result->dtype, result->rank, result->shape);
    return true;
}

static bool is_control(ns_op op)
{
    return op == NS_OP_COND_IF || op == NS_OP_WHILE_LOOP;
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
    ns_region regions[NS_DRAFT_REGIONS + 1] = {{.name = "main", .block_count = 1, .blocks = &block}};
    const int count = is_control(node->op) ? draft->region_count : 0;
    for (int i = 0; i < count; i++)
        regions[i + 1] = *draft->regions[i];
    const ns_graph graph = {.version_major = 1, .region_count = 1 + count, .regions = regions};
    return ns_eval(&graph, &(ns_eval_options){.cpu_mask = ~0u}, NULL, 0, draft->arena, out, error);
}

ns_code ns_draft_compute(ns_draft *draft, ns_draft_node *node, ns_error *error)
{
    ns_tensor out;
    const ns_tensor *operands[NS_DRAFT_OPERANDS];
    for (int k = 0; k < node->input_count; k++)
        operands[k] = ns_draft_value(draft, node->inputs[k]);
    const bool fits = is_control(node->op) ? infer_control(draft, node, &out)
                                           : ns_infer(node->op, &node->attributes, node->input_count,
                                                      operands, node->value.dtype, &out);
    if (!fits)
        return ns_fail(error, NS_ERROR_INPUT, "the operands of a %s do not fit together",
                       ns_op_text(node->op));
    const ns_code code = evaluate(draft, node, &out, error);
    draft->no_memory = draft->no_memory || ns_code_ends_run(code);
    NS_TRY(code);
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
    return ns_draft_compute(draft, &node, error) == NS_OK ? ns_draft_add(draft, &node) : -1;
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
    *out =
        (ns_draft){.arena = arena, .output_count = draft->output_count, .region_count = draft->region_count};
    memcpy(out->regions, draft->regions, sizeof out->regions);
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

static ns_code fill_block(const ns_draft *draft, ns_graph *graph, ns_block *block, ns_tensor *inputs,
                          int *input_count, ns_error *error)
{
    int *at = NS_ARENA_ARRAY(graph->arena, (size_t)draft->count, int);
    int *ends = NS_ARENA_ARRAY(graph->arena, (size_t)draft->count + NS_DRAFT_OUTPUTS, int);
    if (!at || !ends)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph of %d nodes", draft->count);
    *input_count = 0;
    for (int i = 0; i < draft->count; i++) {
        NS_TRY(add_node(draft, i, graph, block, at, error));
        if (draft->nodes[i].kind != NS_DRAFT_INPUT)
            continue;
        if (inputs)
            inputs[*input_count] = draft->nodes[i].value;
        ends[(*input_count)++] = at[i];
    }
    NS_TRY(ns_block_set_inputs(graph, block, *input_count, ends, error));
    for (int i = 0; i < draft->output_count; i++)
        ends[i] = at[draft->outputs[i]];
    return ns_block_set_outputs(graph, block, draft->output_count, ends, error);
}

static bool is_named(const ns_draft *draft, const char *region)
{
    for (int i = 0; i < draft->count; i++) {
        const ns_attributes *a = &draft->nodes[i].attributes;
        const char *const names[] = {a->then_graph, a->else_graph, a->cond_graph, a->body_graph};
        for (int k = 0; k < 4; k++)
            if (is_control(draft->nodes[i].op) && names[k] && strcmp(names[k], region) == 0)
                return true;
    }
    return false;
}

/* The regions that an operator still names, behind the main one. */
static ns_code add_regions(const ns_draft *draft, ns_graph *graph, ns_error *error)
{
    ns_region *regions = NS_ARENA_ARRAY(graph->arena, (size_t)draft->region_count + 1, ns_region);
    if (!regions)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a graph's regions");
    regions[0] = graph->regions[0];
    graph->regions = regions;
    for (int i = 0; i < draft->region_count; i++)
        if (is_named(draft, draft->regions[i]->name))
            regions[graph->region_count++] = *draft->regions[i];
    return NS_OK;
}

static ns_code fill_graph(const ns_draft *draft, ns_graph *graph, ns_tensor *inputs, int *input_count,
                          ns_error *error)
{
    NS_TRY(fill_block(draft, graph, &graph->regions[0].blocks[0], inputs, input_count, error));
    if (draft->region_count)
        NS_TRY(add_regions(draft, graph, error));
    return ns_graph_validate(graph, error);
}

ns_code ns_draft_to_region(const ns_draft *draft, const char *name, ns_region **out, ns_error *error)
{
    int inputs = 0;
    ns_region *region = NS_ARENA_NEW(draft->arena, ns_region);
    ns_block *block = NS_ARENA_NEW(draft->arena, ns_block);
    if (!region || !block)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a region");
    *block = (ns_block){.name = ns_arena_string(draft->arena, name)};
    *region = (ns_region){.name = block->name, .block_count = 1, .blocks = block};
    ns_graph graph = {.arena = draft->arena, .version_major = 1, .region_count = 1, .regions = region};
    NS_TRY(fill_block(draft, &graph, block, NULL, &inputs, error));
    *out = region;
    return NS_OK;
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
    if (op->output_count != 1 || op->input_count > NS_DRAFT_OPERANDS || op->op == NS_OP_VARIABLE_READ)
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
    if (graph->region_count > NS_DRAFT_REGIONS)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%d regions; at most %d can be reduced",
                       graph->region_count, NS_DRAFT_REGIONS);
    for (int i = 1; i < graph->region_count; i++)
        out->regions[out->region_count++] = &graph->regions[i];
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
