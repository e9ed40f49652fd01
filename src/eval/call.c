#include "eval/call.h"

#include <stdio.h>

const char *ns_eval_element(const ns_tensor *tensor, size_t index, char *text, size_t size)
{
    int64_t position[NS_MAX_RANK];
    for (int d = tensor->rank - 1; d >= 0; d--) {
        int64_t dim = tensor->shape[d] ? tensor->shape[d] : 1;
        position[d] = (int64_t)(index % (size_t)dim);
        index /= (size_t)dim;
    }
    size_t used = (size_t)snprintf(text, size, "element [");
    for (int d = 0; d < tensor->rank && used < size; d++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", d ? ", " : "", (long long)position[d]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}

ns_code ns_eval_expect_operands(const ns_eval_call *call, int least, int most, int outputs, ns_error *error)
{
    if (call->input_count < least || (most >= 0 && call->input_count > most))
        return ns_fail(error, NS_ERROR_INPUT, "it has %d inputs, not %d", call->input_count, least);
    if (call->output_count != outputs)
        return ns_fail(error, NS_ERROR_INPUT, "it has %d outputs, not %d", call->output_count, outputs);
    return NS_OK;
}

ns_code ns_eval_unsupported_type(const ns_tensor *tensor, ns_error *error)
{
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "it is not evaluated for type %s",
                   ns_dtype_text(tensor->dtype));
}

ns_code ns_eval_bad_shape(const ns_tensor *tensor, const char *what, ns_error *error)
{
    char text[128];
    return ns_fail(error, NS_ERROR_INPUT, "%s, %s, does not fit the other operands", what,
                   ns_tensor_describe(tensor, text, sizeof text));
}

ns_code ns_eval_scalar(const ns_tensor *tensor, const char *what, int64_t *value, ns_error *error)
{
    if (ns_tensor_count(tensor) != 1)
        return ns_eval_bad_shape(tensor, what, error);
    if (!ns_dtype_is_integer(tensor->dtype) && tensor->dtype != NS_DTYPE_BOOL)
        return ns_eval_unsupported_type(tensor, error);
    *value = ns_tensor_get(tensor, 0);
    return NS_OK;
}
