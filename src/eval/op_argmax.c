/* output = the first index along the axis at which the input is largest. */
#include "eval/call.h"

ns_code ns_eval_argmax(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    int axis = call->attributes->axis;
    if (in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16 && in->dtype != NS_DTYPE_INT32 &&
        in->dtype != NS_DTYPE_INT64)
        return ns_eval_unsupported_type(in, error);
    if (out->dtype != NS_DTYPE_INT32 && out->dtype != NS_DTYPE_INT64)
        return ns_eval_unsupported_type(out, error);
    bool fits = axis >= 0 && axis < in->rank && out->rank == in->rank - 1;
    for (int d = 0; fits && d < out->rank; d++)
        fits = out->shape[d] == in->shape[d + (d >= axis)];
    if (!fits)
        return ns_eval_bad_shape(out, "the output", error);
    size_t inner = 1, length = (size_t)in->shape[axis], count = ns_tensor_count(out);
    for (int d = axis + 1; d < in->rank; d++)
        inner *= (size_t)in->shape[d];
    int bytes = ns_dtype_bytes(in->dtype);
    for (size_t i = 0; i < count; i++) {
        size_t start = i / inner * inner * length + i % inner, best = 0;
        for (size_t k = 1; k < length; k++)
            if (ns_eval_get(in->data, bytes, start + k * inner) >
                ns_eval_get(in->data, bytes, start + best * inner))
                best = k;
        ns_tensor_set(out, i, (int64_t)best);
    }
    return NS_OK;
}
