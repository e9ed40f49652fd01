/* VARIABLE declares a variable, VARIABLE_WRITE and VARIABLE_READ store and load its whole value. One operand,
 * on whichever side, names the variable. Each evaluation is the first invocation: nothing is kept from
 * others. */
#include <string.h>

#include "eval/call.h"

/* The operand that names the variable. */
static const ns_graph_tensor *named(const ns_eval_call *call)
{
    for (int side = 0; side < 2; side++) {
        int count = side ? call->node->output_count : call->node->input_count;
        const int *operands = side ? call->node->outputs : call->node->inputs;
        for (int i = 0; i < count; i++)
            if (call->block->tensors[operands[i]].is_variable)
                return &call->block->tensors[operands[i]];
    }
    return NULL;
}

/* The other operand: the value that is written or read. */
static ns_tensor *value_of(const ns_eval_call *call, const ns_tensor *const *list, const int *operands,
                           int count)
{
    for (int i = 0; i < count; i++)
        if (!call->block->tensors[operands[i]].is_variable)
            return (ns_tensor *)list[i];
    return NULL;
}

static const char *name_of(const ns_graph_tensor *tensor)
{
    return tensor->variable_name ? tensor->variable_name : tensor->name;
}

ns_code ns_eval_variable(ns_eval_call *call, ns_error *error)
{
    const ns_graph_tensor *declared = named(call);
    if (!declared)
        return ns_fail(error, NS_ERROR_INPUT, "no operand names the variable");
    if (ns_eval_find_variable(call->variables, name_of(declared)))
        return ns_fail(error, NS_ERROR_UNPREDICTABLE, "variable '%s' is declared twice", name_of(declared));
    return ns_eval_add_variable(call->variables, declared, error);
}

/* The variable and the value, which must be of the declared type and shape. */
static ns_code find(const ns_eval_call *call, const ns_tensor *value, ns_eval_slot **slot, ns_error *error)
{
    const ns_graph_tensor *tensor = named(call);
    if (!tensor || !value)
        return ns_fail(error, NS_ERROR_INPUT, "one operand names the variable, one is its value");
    *slot = ns_eval_find_variable(call->variables, name_of(tensor));
    if (!*slot)
        return ns_fail(error, NS_ERROR_UNPREDICTABLE, "variable '%s' is not declared before",
                       name_of(tensor));
    char is[128], declared[128];
    if ((*slot)->tensor.dtype != value->dtype || !ns_shape_equal(&(*slot)->tensor, value))
        return ns_fail(error, NS_ERROR_UNPREDICTABLE, "variable '%s' is declared as %s; its value is %s",
                       name_of(tensor), ns_tensor_describe(&(*slot)->tensor, declared, sizeof declared),
                       ns_tensor_describe(value, is, sizeof is));
    return NS_OK;
}

static size_t size_of(const ns_tensor *tensor)
{
    return ns_tensor_count(tensor) * (size_t)ns_dtype_bytes(tensor->dtype);
}

ns_code ns_eval_variable_write(ns_eval_call *call, ns_error *error)
{
    ns_eval_slot *slot = NULL;
    const ns_tensor *value = value_of(call, call->inputs, call->node->inputs, call->input_count);
    NS_TRY(find(call, value, &slot, error));
    memcpy(slot->tensor.data, value->data, size_of(value));
    slot->written = true;
    return NS_OK;
}

ns_code ns_eval_variable_read(ns_eval_call *call, ns_error *error)
{
    ns_eval_slot *slot = NULL;
    ns_tensor *value =
        value_of(call, (const ns_tensor *const *)call->outputs, call->node->outputs, call->output_count);
    NS_TRY(find(call, value, &slot, error));
    if (!slot->written)
        return ns_fail(error, NS_ERROR_UNPREDICTABLE, "variable '%s' is read before it is written",
                       slot->name);
    memcpy(value->data, slot->tensor.data, size_of(value));
    return NS_OK;
}
