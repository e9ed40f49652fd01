#include "suite/internal.h"

#include <stdio.h>

#include "base/bytes.h"
#include "npu/watch/interface.h"
#include "npuscope/sweep.h"
#include "tosa/internal.h"

/* Constants of up to this many elements are shown by their values, others by type and shape. */
enum { VALUES_SHOWN = 4 };

/* Attributes go on in a new line after so many characters. */
enum { COLUMNS = 40 };

typedef struct drawing {
    const ns_block *block;
    ns_arena *arena;
    int *makers; /* for each tensor: the node that makes it; -1: none, as for constants */
    ns_case_details *details;
} drawing;

static ns_code no_memory(ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the details of a case");
}

static bool is_zero(const ns_tensor *tensor)
{
    return tensor->data && ns_tensor_count(tensor) == 1 && ns_dtype_is_integer(tensor->dtype) &&
           ns_tensor_get(tensor, 0) == 0;
}

/* A zero point of zero says nothing. */
static bool is_idle(const char *operand, const ns_tensor *tensor)
{
    const size_t length = strlen(operand);
    return length > 3 && strcmp(operand + length - 3, "_zp") == 0 && is_zero(tensor);
}

static void add_constant(ns_buffer *buffer, const char *operand, const ns_tensor *tensor)
{
    char text[256];
    const size_t count = tensor->data ? ns_tensor_count(tensor) : 0;
    ns_buffer_format(buffer, "%s%s ", buffer->size ? "\n" : "", operand);
    if (count == 0 || count > VALUES_SHOWN)
        ns_buffer_format(buffer, "%s", ns_tensor_describe(tensor, text, sizeof text));
    for (size_t i = 0; count <= VALUES_SHOWN && i < count; i++) {
        ns_buffer_format(buffer, "%s", i ? ", " : "");
        ns_print_element(buffer, tensor, i);
    }
}

/* A flag that is set and a value of an enum speak for themselves; flags that are not set are left out. */
static void add_attribute(const drawing *d, ns_buffer *buffer, const ns_operator *operator,
                          ns_attribute attribute, ns_dtype dtype, size_t *column)
{
    const ns_attribute_info *row = ns_attribute_get_info(attribute);
    const bool flag = row->kind == NS_ATTRIBUTE_KIND_BOOL;
    if (!ns_attribute_is_given(&operator->attributes, attribute) ||
        (flag && !*(const bool *)ns_attribute_const_field(&operator->attributes, attribute)))
        return;
    ns_buffer piece = {.arena = d->arena};
    if (row->kind != NS_ATTRIBUTE_KIND_ENUM)
        ns_buffer_format(&piece, "%s%s", row->name, flag ? "" : " ");
    if (!flag)
        ns_print_attribute(&piece, d->arena, &operator->attributes, attribute, dtype);
    buffer->failed = buffer->failed || piece.failed;
    if (buffer->size)
        *column = *column + piece.size + 2 > COLUMNS ? 0 : *column + 2;
    ns_buffer_format(buffer, "%s%.*s",
                     !buffer->size ? ""
                     : *column     ? "; "
                                   : "\n",
                     (int)piece.size, piece.data ? (const char *)piece.data : "");
    *column += piece.size;
}

static void add_attributes(const drawing *d, ns_buffer *buffer, const ns_operator *operator)
{
    const ns_op_info *info = ns_op_get_info(operator->op);
    const ns_dtype dtype = operator->input_count
        ? d->block->tensors[operator->inputs[0]].tensor.dtype : NS_DTYPE_UNKNOWN;
    size_t column = 0;
    for (int i = 0; i < info->attribute_count; i++)
        add_attribute(d, buffer, operator, info->attributes[i], dtype, &column);
}

static const char *finish(ns_buffer *buffer)
{
    ns_buffer_append(buffer, "", 1);
    return buffer->failed ? NULL : (const char *)buffer->data;
}

static ns_code add_node(drawing *d, const char *name, ns_buffer *settings, int tensor, int capacity,
                        ns_graph_node **node, ns_error *error)
{
    char text[256];
    *node = &d->details->nodes[d->details->node_count++];
    (*node)->name = ns_arena_string(d->arena, name);
    (*node)->settings = finish(settings);
    (*node)->type =
        ns_arena_string(d->arena, ns_tensor_describe(&d->block->tensors[tensor].tensor, text, sizeof text));
    (*node)->inputs = NS_ARENA_ARRAY(d->arena, (size_t)capacity, int);
    return (*node)->name && (*node)->settings && (*node)->type && (*node)->inputs ? NS_OK : no_memory(error);
}

static bool is_constant(const ns_operator *operator)
{
    return operator->op == NS_OP_CONST || operator->op == NS_OP_CONST_SHAPE;
}

static ns_code add_operator(drawing *d, const ns_operator *operator, ns_error * error)
{
    if (is_constant(operator) || operator->output_count == 0)
        return NS_OK;
    const ns_op_info *info = ns_op_get_info(operator->op);
    ns_buffer settings = {.arena = d->arena};
    add_attributes(d, &settings, operator);
    char name[48];
    for (int i = 0; i < operator->input_count; i++) {
        const ns_tensor *tensor = &d->block->tensors[operator->inputs[i]].tensor;
        const char *operand = ns_operand_name(info->inputs, i, name, sizeof name);
        if (d->makers[operator->inputs[i]] < 0 && !is_idle(operand, tensor))
            add_constant(&settings, operand, tensor);
    }
    ns_graph_node *node = NULL;
    NS_TRY(add_node(d, info->name, &settings, operator->outputs[0], operator->input_count, &node, error));
    for (int i = 0; i < operator->input_count; i++)
        if (d->makers[operator->inputs[i]] >= 0)
            node->inputs[node->input_count++] = d->makers[operator->inputs[i]];
    for (int i = 0; i < operator->output_count; i++)
        d->makers[operator->outputs[i]] = d->details->node_count - 1;
    return NS_OK;
}

ns_code ns_details_draw_graph(const ns_graph *graph, ns_arena *arena, ns_case_details *details,
                              ns_error *error)
{
    const ns_block *block = &graph->regions[0].blocks[0];
    drawing d = {.block = block, .arena = arena, .details = details};
    char name[32];
    const int count = block->input_count + block->operator_count + block->output_count;
    details->node_count = 0;
    details->nodes = NS_ARENA_ARRAY(arena, (size_t)count, ns_graph_node);
    d.makers = NS_ARENA_ARRAY(arena, (size_t)block->tensor_count, int);
    if (!details->nodes || !d.makers)
        return no_memory(error);
    for (int i = 0; i < block->tensor_count; i++)
        d.makers[i] = -1;
    ns_graph_node *node = NULL;
    for (int i = 0; i < block->input_count; i++) {
        snprintf(name, sizeof name, "input %d", i);
        NS_TRY(add_node(&d, name, &(ns_buffer){.arena = arena}, block->inputs[i], 0, &node, error));
        d.makers[block->inputs[i]] = i;
    }
    for (int i = 0; i < block->operator_count; i++)
        NS_TRY(add_operator(&d, &block->operators[i], error));
    for (int i = 0; i < block->output_count; i++) {
        snprintf(name, sizeof name, "output %d", i);
        NS_TRY(add_node(&d, name, &(ns_buffer){.arena = arena}, block->outputs[i], 1, &node, error));
        if (d.makers[block->outputs[i]] >= 0)
            node->inputs[node->input_count++] = d.makers[block->outputs[i]];
    }
    return NS_OK;
}

ns_code ns_details_print_stream(const ns_vela_request *request, ns_arena *arena, ns_case_details *details,
                                ns_error *error)
{
    ns_npu_stream *stream = NULL;
    ns_buffer text = {.arena = arena};
    ns_error problem = {0};
    ns_code code =
        ns_npu_load_npz(request->npz, request->npz_size, request->accelerator, arena, &stream, &problem);
    if (code == NS_OK)
        code = ns_npu_inspect_text(stream, &text, &problem);
    details->stream = code == NS_OK ? finish(&text) : ns_arena_string(arena, problem.message);
    return details->stream ? NS_OK : no_memory(error);
}

/* Every pointer of the copy is made in `arena`; *complete turns false when memory is out. */
static const char *copy_text(const char *text, ns_arena *arena, bool *complete)
{
    const char *copy = text ? ns_arena_string(arena, text) : NULL;
    *complete = *complete && (copy || !text);
    return copy;
}

static void copy_nodes(ns_case_details *copy, ns_arena *arena, bool *complete)
{
    if (copy->node_count == 0)
        return;
    copy->nodes = ns_arena_copy(arena, copy->nodes, (size_t)copy->node_count * sizeof *copy->nodes);
    *complete = *complete && copy->nodes;
    for (int i = 0; *complete && i < copy->node_count; i++) {
        ns_graph_node *node = &copy->nodes[i];
        node->name = copy_text(node->name, arena, complete);
        node->settings = copy_text(node->settings, arena, complete);
        node->type = copy_text(node->type, arena, complete);
        node->inputs = ns_arena_copy(arena, node->inputs, (size_t)node->input_count * sizeof *node->inputs);
        *complete = *complete && node->inputs;
    }
}

static const ns_sweep_result *copy_sweep(const ns_sweep_result *sweep, ns_arena *arena, bool *complete)
{
    ns_sweep_result *copy = sweep ? ns_arena_copy(arena, sweep, sizeof *sweep) : NULL;
    *complete = *complete && (copy || !sweep);
    if (!copy)
        return NULL;
    copy->ideal = copy->eval.steps = copy->npu.steps = NULL;
    copy->ranges = ns_arena_copy(arena, copy->ranges, (size_t)copy->range_count * sizeof *copy->ranges);
    *complete = *complete && copy->ranges;
    copy->rule = copy_text(copy->rule, arena, complete);
    copy->eval.reason = copy_text(copy->eval.reason, arena, complete);
    copy->npu.reason = copy_text(copy->npu.reason, arena, complete);
    return copy;
}

const ns_case_details *ns_details_copy(const ns_case_details *details, ns_arena *arena)
{
    bool complete = true;
    ns_case_details *copy = ns_arena_copy(arena, details, sizeof *details);
    if (!copy)
        return NULL;
    copy_nodes(copy, arena, &complete);
    copy->stream = copy_text(copy->stream, arena, &complete);
    copy->sweep_problem = copy_text(copy->sweep_problem, arena, &complete);
    copy->sweep = copy_sweep(copy->sweep, arena, &complete);
    return complete ? copy : NULL;
}
