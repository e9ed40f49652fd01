#include "diagnose/call.h"

ns_code ns_dg_make(ns_dg_call *call, ns_error *error)
{
    ns_dg_array *array = ns_dg_take(&call->worker->pool, call->count);
    if (!array)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", call->count);
    *call->out = (ns_dg_value){.data = array->data, .array = array, .scale = 1};
    return NS_OK;
}

ns_code ns_dg_elements(ns_dg_call *call, int i, const double **data, ns_error *error)
{
    const ns_dg_value *value = call->inputs[i];
    *data = value->data;
    if (value->scale == 1)
        return NS_OK;
    const size_t count = ns_tensor_count(call->shapes[i]);
    double *copy = NS_ARENA_ARRAY(call->worker->scratch, count + 8, double);
    if (!copy)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu elements", count);
    for (size_t k = 0; k < count; k++)
        copy[k] = value->data[k] * value->scale;
    *data = copy;
    return NS_OK;
}

double ns_dg_scalar(const ns_dg_call *call, int i)
{
    if (i >= call->op->input_count || !call->shapes[i]->data || !ns_tensor_count(call->shapes[i]))
        return 0;
    return (double)ns_tensor_get(call->shapes[i], 0);
}
