/* VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE: what is kept from run to run. */
#include "tflm/call.h"

/* The handle knows its variable since the model was read. */
ns_code ns_tflm_var_handle(ns_tflm_call *call, ns_error *error)
{
    (void)call;
    (void)error;
    return NS_OK;
}

static ns_code variable_of(const ns_tflm_call *call, const ns_tflm_value *value, ns_tflm_variable **out,
                           ns_error *error)
{
    const int number = call->inputs[0]->resource;
    *out = number < 0 ? NULL : &call->variables[number];
    if (!*out)
        return ns_fail(error, NS_ERROR_INPUT, "%s of a tensor that no VAR_HANDLE gives",
                       call->operator->name);
    if ((*out)->bytes != value->bytes || !value->bytes)
        return ns_fail(error, NS_ERROR_INPUT, "%s: variable '%s' has %zu bytes, the tensor %zu",
                       call->operator->name, (*out)->name, (*out)->bytes, value->bytes);
    return NS_OK;
}

ns_code ns_tflm_read_variable(ns_tflm_call *call, ns_error *error)
{
    ns_tflm_variable *variable;
    NS_TRY(variable_of(call, call->outputs[0], &variable, error));
    memcpy(call->outputs[0]->data, variable->data, variable->bytes);
    return NS_OK;
}

ns_code ns_tflm_assign_variable(ns_tflm_call *call, ns_error *error)
{
    ns_tflm_variable *variable;
    NS_TRY(variable_of(call, call->inputs[1], &variable, error));
    memcpy(variable->data, call->inputs[1]->data, variable->bytes);
    return NS_OK;
}

/* Option of CALL_ONCE in schema.fbs: 0 init_subgraph_index. */
ns_code ns_tflm_call_once(ns_tflm_call *call, ns_error *error)
{
    int32_t index;
    NS_TRY(ns_tflite_option_i32(call->operator, 0, 0, &index, error));
    if (index < 1 || index >= call->subgraph_count)
        return ns_fail(error, NS_ERROR_INPUT, "CALL_ONCE of subgraph %d; there are %d", (int)index,
                       call->subgraph_count);
    call->then = index;
    return NS_OK;
}
