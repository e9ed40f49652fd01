#include "npuscope/graph.h"
#include "tosa/check.h"
#include "tosa/internal.h"
#include "tosa/operator_info.h"

/* What each operator needs beyond operands.def and type_modes.def. Operators without a row need nothing
 * more, or are of TOSA 1.1 and are not checked further (docs/tosa.md). */
typedef ns_code (*rule)(const ns_check *check);

static const rule rules[NS_OP_COUNT] = {
    [NS_OP_ARGMAX] = ns_check_argmax,
    [NS_OP_AVG_POOL2D] = ns_check_pool,
    [NS_OP_MAX_POOL2D] = ns_check_pool,
    [NS_OP_CONV2D] = ns_check_convolution,
    [NS_OP_CONV3D] = ns_check_convolution,
    [NS_OP_DEPTHWISE_CONV2D] = ns_check_convolution,
    [NS_OP_TRANSPOSE_CONV2D] = ns_check_transpose_convolution,
    [NS_OP_FFT2D] = ns_check_fft,
    [NS_OP_RFFT2D] = ns_check_fft,
    [NS_OP_MATMUL] = ns_check_matmul,
    [NS_OP_MATMUL_T] = ns_check_matmul,
    [NS_OP_CLAMP] = ns_check_clamp,
    [NS_OP_ADD] = ns_check_binary,
    [NS_OP_ARITHMETIC_RIGHT_SHIFT] = ns_check_binary,
    [NS_OP_BITWISE_AND] = ns_check_binary,
    [NS_OP_BITWISE_OR] = ns_check_binary,
    [NS_OP_BITWISE_XOR] = ns_check_binary,
    [NS_OP_INTDIV] = ns_check_binary,
    [NS_OP_LOGICAL_AND] = ns_check_binary,
    [NS_OP_LOGICAL_LEFT_SHIFT] = ns_check_binary,
    [NS_OP_LOGICAL_RIGHT_SHIFT] = ns_check_binary,
    [NS_OP_LOGICAL_OR] = ns_check_binary,
    [NS_OP_LOGICAL_XOR] = ns_check_binary,
    [NS_OP_MAXIMUM] = ns_check_binary,
    [NS_OP_MINIMUM] = ns_check_binary,
    [NS_OP_MUL] = ns_check_binary,
    [NS_OP_POW] = ns_check_binary,
    [NS_OP_SUB] = ns_check_binary,
    [NS_OP_EQUAL] = ns_check_binary,
    [NS_OP_GREATER] = ns_check_binary,
    [NS_OP_GREATER_EQUAL] = ns_check_binary,
    [NS_OP_TABLE] = ns_check_table,
    [NS_OP_NEGATE] = ns_check_negate,
    [NS_OP_SELECT] = ns_check_select,
    [NS_OP_REDUCE_ALL] = ns_check_reduce,
    [NS_OP_REDUCE_ANY] = ns_check_reduce,
    [NS_OP_REDUCE_MAX] = ns_check_reduce,
    [NS_OP_REDUCE_MIN] = ns_check_reduce,
    [NS_OP_REDUCE_PRODUCT] = ns_check_reduce,
    [NS_OP_REDUCE_SUM] = ns_check_reduce,
    [NS_OP_CONCAT] = ns_check_concat,
    [NS_OP_PAD] = ns_check_pad,
    [NS_OP_RESHAPE] = ns_check_reshape,
    [NS_OP_REVERSE] = ns_check_reverse,
    [NS_OP_SLICE] = ns_check_slice,
    [NS_OP_TILE] = ns_check_tile,
    [NS_OP_TRANSPOSE] = ns_check_transpose,
    [NS_OP_RESIZE] = ns_check_resize,
    [NS_OP_RESCALE] = ns_check_rescale,
    [NS_OP_CONST] = ns_check_const,
    [NS_OP_CONST_SHAPE] = ns_check_const,
    [NS_OP_COND_IF] = ns_check_cond_if,
    [NS_OP_WHILE_LOOP] = ns_check_while_loop,
    [NS_OP_VARIABLE] = ns_check_variable,
    [NS_OP_VARIABLE_READ] = ns_check_variable,
    [NS_OP_VARIABLE_WRITE] = ns_check_variable,
};

/* Enum attributes have a value of their table; nan_mode may be 0, for which the default holds. */
static ns_code check_enums(const ns_check *check)
{
    const ns_op_info *info = ns_op_get_info(check->operator->op);
    for (int i = 0; i < info->attribute_count; i++) {
        const ns_attribute attribute = info->attributes[i];
        if (ns_attribute_get_info(attribute)->kind != NS_ATTRIBUTE_KIND_ENUM)
            continue;
        const uint32_t value =
            *(const uint32_t *)ns_attribute_const_field(&check->operator->attributes, attribute);
        if (attribute == NS_ATTRIBUTE_nan_mode && !value)
            continue;
        if (!ns_attribute_value_text(attribute, value))
            return NS_CHECK_FAIL(check, "%s has the unknown value %u", ns_attribute_get_info(attribute)->name,
                                 value);
    }
    return NS_OK;
}

/* Only the operators that know variables take one, and a block neither takes nor gives one. */
static ns_code check_variables(const ns_check *check)
{
    const ns_operator *operator= check->operator;
    if (operator->op == NS_OP_VARIABLE || operator->op == NS_OP_VARIABLE_READ || operator->op ==
        NS_OP_VARIABLE_WRITE)
        return NS_OK;
    for (int i = 0; i < operator->input_count + operator->output_count; i++) {
        const bool is_input = i < operator->input_count;
        const int index = is_input ? operator->inputs[i] : operator->outputs[i - operator->input_count];
        if (check->block->tensors[index].is_variable)
            return NS_CHECK_FAIL(check,
                                 "%s %d (\"%s\") is a variable: only VARIABLE_READ reads one, and only "
                                 "VARIABLE_WRITE writes one",
                                 is_input ? "input" : "output", is_input ? i : i - operator->input_count,
                                 check->block->tensors[index].name);
    }
    return NS_OK;
}

/* Every input is defined before it is used, and every tensor is made once. */
static ns_code check_flow(const ns_check *check, bool *defined)
{
    const ns_operator *operator= check->operator;
    for (int i = 0; i < operator->input_count; i++) {
        const int index = operator->inputs[i];
        if (!defined[index])
            return NS_CHECK_FAIL(check, "input %d (\"%s\") is used before an operator makes it", i,
                                 check->block->tensors[index].name);
    }
    for (int i = 0; i < operator->output_count; i++) {
        const int index = operator->outputs[i];
        if (defined[index] && !check->block->tensors[index].is_variable)
            return NS_CHECK_FAIL(check, "output %d (\"%s\") has been made before", i,
                                 check->block->tensors[index].name);
        defined[index] = true;
    }
    return NS_OK;
}

static ns_code check_operator(ns_check *check, bool *defined)
{
    NS_TRY(check_variables(check));
    NS_TRY(check_flow(check, defined));
    NS_TRY(ns_check_operands(check));
    NS_TRY(check_enums(check));
    const rule extra = rules[check->operator->op];
    return extra ? extra(check) : NS_OK;
}

static ns_code check_block(const ns_graph *graph, const ns_block *block, ns_arena *scratch, ns_error *error)
{
    ns_names names;
    NS_TRY(ns_names_make(block, scratch, &names, error));
    bool *defined = NS_ARENA_ARRAY(scratch, (size_t)block->tensor_count, bool);
    if (!defined)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d tensors", block->tensor_count);
    for (int i = 0; i < block->input_count; i++) {
        if (block->tensors[block->inputs[i]].is_variable)
            return ns_fail(error, NS_ERROR_INPUT,
                           "block input %d (\"%s\") is a variable: VARIABLE_WRITE writes one", i,
                           block->tensors[block->inputs[i]].name);
        if (defined[block->inputs[i]])
            return ns_fail(error, NS_ERROR_INPUT, "block input %d (\"%s\") is there twice", i,
                           block->tensors[block->inputs[i]].name);
        defined[block->inputs[i]] = true;
    }
    for (int i = 0; i < block->tensor_count; i++)
        if (block->tensors[i].is_variable)
            defined[i] = true;
    for (int i = 0; i < block->operator_count; i++) {
        ns_check check = {.graph = graph, .block = block, .operator= & block->operators[i], .error = error};
        if (check_operator(&check, defined) != NS_OK)
            return ns_add_context(error, "operator %d (%s)", i, ns_op_text(check.operator->op));
    }
    for (int i = 0; i < block->output_count; i++)
        if (block->tensors[block->outputs[i]].is_variable)
            return ns_fail(error, NS_ERROR_INPUT,
                           "block output %d (\"%s\") is a variable: VARIABLE_READ reads one", i,
                           block->tensors[block->outputs[i]].name);
        else if (!defined[block->outputs[i]])
            return ns_fail(error, NS_ERROR_INPUT, "block output %d (\"%s\"): no operator makes it", i,
                           block->tensors[block->outputs[i]].name);
    return NS_OK;
}

static ns_code check_blocks(const ns_graph *graph, ns_arena *scratch, ns_error *error)
{
    if (!graph->region_count || !graph->regions[0].block_count)
        return ns_fail(error, NS_ERROR_INPUT, "the graph has no region with a block to run");
    for (int i = 0; i < graph->region_count; i++) {
        for (int j = 0; j < graph->regions[i].block_count; j++) {
            const ns_block *block = &graph->regions[i].blocks[j];
            ns_arena_reset(scratch);
            if (check_block(graph, block, scratch, error) == NS_OK)
                continue;
            /* The main block is what nearly every graph has alone. */
            if (!i && !j)
                return error->code;
            return ns_add_context(error, "block \"%s\"", block->name);
        }
    }
    return ns_check_nesting(graph, error);
}

ns_code ns_graph_validate(const ns_graph *graph, ns_error *error)
{
    ns_error local;
    if (!error)
        error = &local;
    ns_arena *scratch = ns_arena_new_like(graph->arena);
    if (!scratch)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to validate the graph");
    const ns_code code = check_blocks(graph, scratch, error);
    ns_arena_free(scratch);
    return code;
}
