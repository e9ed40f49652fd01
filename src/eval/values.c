#include "eval/internal.h"

ns_code ns_value_make(ns_value *value, ns_store *store, ns_arena *results, ns_error *error)
{
    ns_tensor *tensor = &value->tensor;
    size_t count = 0;
    NS_TRY(ns_shape_count(tensor->rank, tensor->shape, &count, error));
    int bytes = ns_dtype_bytes(tensor->dtype);
    if (!bytes)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "it is not evaluated for type %s",
                       ns_dtype_text(tensor->dtype));
    if (value->is_result) {
        const size_t size = count * (size_t)bytes + NS_STORE_SLACK;
        const bool is_charged =
            ns_arena_budget(results) == store->budget || ns_store_charge_result(store, size);
        tensor->data = is_charged ? ns_arena_take(results, size) : NULL;
        if (!tensor->data)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a tensor of %zu elements", count);
    } else {
        NS_TRY(ns_store_take(store, count * (size_t)bytes, &value->buffer, error));
        tensor->data = value->buffer->data;
    }
    value->present = true;
    return NS_OK;
}

bool ns_value_share(const ns_value *from, ns_value *to)
{
    size_t count = 0;
    if (to->is_result || from->tensor.dtype != to->tensor.dtype ||
        ns_shape_count(to->tensor.rank, to->tensor.shape, &count, NULL) != NS_OK ||
        count != ns_tensor_count(&from->tensor))
        return false;
    to->tensor.data = from->tensor.data;
    to->buffer = from->buffer;
    if (to->buffer)
        to->buffer->references++;
    to->present = true;
    return true;
}

void ns_value_release(ns_value *value, ns_store *store)
{
    if (value->buffer)
        ns_store_drop(store, value->buffer);
    value->buffer = NULL;
    value->present = false;
}

void ns_values_done(ns_value *values, const ns_operator *op, ns_store *store)
{
    for (int k = 0; k < op->input_count; k++)
        if (--values[op->inputs[k]].readers == 0)
            ns_value_release(&values[op->inputs[k]], store);
    for (int k = 0; k < op->output_count; k++)
        if (values[op->outputs[k]].readers == 0)
            ns_value_release(&values[op->outputs[k]], store);
}
