/* IDENTITY and RESHAPE: the same elements in the same order. */
#include <string.h>

#include "eval/call.h"

ns_code ns_eval_copy(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 2, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    size_t count = ns_tensor_count(in);
    if (out->dtype != in->dtype || ns_tensor_count(out) != count)
        return ns_eval_bad_shape(out, "the output", error);
    memcpy(out->data, in->data, count * (size_t)ns_dtype_bytes(in->dtype));
    return NS_OK;
}
