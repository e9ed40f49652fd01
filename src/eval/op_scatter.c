/* output = values_in, but output[n, indices[n, w], c] = input[n, w, c]; each index must lie in [0, K) and
 * occur once in its batch. */
#include <string.h>

#include "eval/call.h"

ns_code ns_eval_scatter(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 3, 3, 1, error));
    const ns_tensor *values = call->inputs[0], *indices = call->inputs[1], *in = call->inputs[2];
    ns_tensor *out = call->outputs[0];
    if (indices->dtype != NS_DTYPE_INT32 && indices->dtype != NS_DTYPE_INT64)
        return ns_eval_unsupported_type(indices, error);
    if (values->rank != 3 || indices->rank != 2 || indices->shape[0] != values->shape[0])
        return ns_eval_bad_shape(indices, "the indices", error);
    if (in->dtype != values->dtype || in->rank != 3 || in->shape[0] != values->shape[0] ||
        in->shape[1] != indices->shape[1] || in->shape[2] != values->shape[2])
        return ns_eval_bad_shape(in, "the input", error);
    if (out->dtype != values->dtype || !ns_shape_equal(out, values))
        return ns_eval_bad_shape(out, "the output", error);
    size_t w = (size_t)indices->shape[1], count = ns_tensor_count(indices),
           size = (size_t)ns_dtype_bytes(out->dtype);
    size_t bytes = (size_t)values->shape[2] * size;
    int64_t k = values->shape[1];
    bool *written = NS_ARENA_ARRAY(call->scratch, (size_t)(values->shape[0] * k), bool);
    if (!written)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its positions");
    memcpy(out->data, values->data, ns_tensor_count(values) * size);
    for (size_t i = 0; i < count; i++) {
        int64_t index = ns_tensor_get(indices, i);
        char element[128];
        ns_eval_element(indices, i, element, sizeof element);
        if (index < 0 || index >= k)
            return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s of the indices is %lld, outside 0 to %lld",
                           element, (long long)index, (long long)k - 1);
        size_t to = i / w * (size_t)k + (size_t)index;
        if (written[to])
            return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s of the indices, %lld, occurs twice", element,
                           (long long)index);
        written[to] = true;
        memcpy((char *)out->data + to * bytes, (const char *)in->data + i * bytes, bytes);
    }
    return NS_OK;
}
