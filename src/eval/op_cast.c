/* output = input != 0 for bool; else the input's low bits, sign-extended where the output is wider. */
#include "eval/call.h"

ns_code ns_eval_cast(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    const ns_tensor *both[] = {in, out};
    for (int i = 0; i < 2; i++)
        if (both[i]->dtype != NS_DTYPE_BOOL && both[i]->dtype != NS_DTYPE_INT8 &&
            both[i]->dtype != NS_DTYPE_INT16 && both[i]->dtype != NS_DTYPE_INT32 &&
            both[i]->dtype != NS_DTYPE_INT64)
            return ns_eval_unsupported_type(both[i], error);
    if (!ns_shape_equal(in, out))
        return ns_eval_bad_shape(out, "the output", error);
    size_t count = ns_tensor_count(in);
    int in_bytes = ns_dtype_bytes(in->dtype), out_bytes = ns_dtype_bytes(out->dtype);
    bool to_bool = out->dtype == NS_DTYPE_BOOL;
    for (size_t i = 0; i < count; i++) {
        int64_t value = ns_eval_get(in->data, in_bytes, i);
        ns_eval_set(out->data, out_bytes, i, to_bool ? value != 0 : value);
    }
    return NS_OK;
}
