#include "eval/call.h"

#include <string.h>

ns_eval_slot *ns_eval_find_variable(const ns_eval_variables *variables, const char *name)
{
    for (ns_eval_slot *v = variables->first; v; v = v->next)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

ns_code ns_eval_add_variable(ns_eval_variables *variables, const ns_graph_tensor *declared, ns_error *error)
{
    ns_eval_slot *variable = NS_ARENA_NEW(variables->arena, ns_eval_slot);
    if (!variable)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a variable");
    const ns_tensor *first = &declared->tensor;
    NS_TRY(
        ns_tensor_new(variables->arena, first->dtype, first->rank, first->shape, &variable->tensor, error));
    if (first->data)
        memcpy(variable->tensor.data, first->data,
               ns_tensor_count(first) * (size_t)ns_dtype_bytes(first->dtype));
    variable->written = first->data != NULL;
    variable->name = declared->variable_name ? declared->variable_name : declared->name;
    variable->next = variables->first;
    variables->first = variable;
    return NS_OK;
}
