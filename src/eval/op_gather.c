/* output[n, w, c] = values[n, indices[n, w], c]; each index must lie in [0, K). */
#include <string.h>

#include "eval/call.h"

ns_code ns_eval_gather(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 2, 2, 1, error));
    const ns_tensor *values = call->inputs[0], *indices = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    if (indices->dtype != NS_DTYPE_INT32 && indices->dtype != NS_DTYPE_INT64)
        return ns_eval_unsupported_type(indices, error);
    if (values->rank != 3 || indices->rank != 2 || indices->shape[0] != values->shape[0])
        return ns_eval_bad_shape(indices, "the indices", error);
    if (out->dtype != values->dtype || out->rank != 3 || out->shape[0] != values->shape[0] ||
        out->shape[1] != indices->shape[1] || out->shape[2] != values->shape[2])
        return ns_eval_bad_shape(out, "the output", error);
    size_t w = (size_t)indices->shape[1], count = ns_tensor_count(indices);
    size_t bytes = (size_t)values->shape[2] * (size_t)ns_dtype_bytes(values->dtype);
    int64_t k = values->shape[1];
    for (size_t i = 0; i < count; i++) {
        int64_t index = ns_tensor_get(indices, i);
        char element[128];
        if (index < 0 || index >= k)
            return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s of the indices is %lld, outside 0 to %lld",
                           ns_eval_element(indices, i, element, sizeof element), (long long)index,
                           (long long)k - 1);
        size_t from = i / w * (size_t)k + (size_t)index;
        memcpy((char *)out->data + i * bytes, (const char *)values->data + from * bytes, bytes);
    }
    return NS_OK;
}
