/* output = input1 ? input2 : input3, with broadcasting. */
#include "eval/broadcast.h"
#include "eval/call.h"

ns_code ns_eval_select(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 3, 3, 1, error));
    const ns_tensor *in = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    bool is_known = ns_dtype_is_integer(in->dtype) || in->dtype == NS_DTYPE_BOOL;
    if (!is_known)
        return ns_eval_unsupported_type(in, error);
    if (call->inputs[0]->dtype != NS_DTYPE_BOOL || call->inputs[2]->dtype != in->dtype ||
        out->dtype != in->dtype)
        return ns_fail(error, NS_ERROR_INPUT, "its operands are of types that do not go together");
    ns_broadcast walk;
    NS_TRY(ns_broadcast_begin(&walk, out, 3, call->inputs, error));
    int bytes = ns_dtype_bytes(in->dtype);
    for (; walk.row < walk.row_count; ns_broadcast_next(&walk))
        for (size_t i = 0; i < walk.row_length; i++) {
            size_t at[3];
            for (int k = 0; k < 3; k++)
                at[k] = walk.offset[k] + i * (size_t)walk.row_step[k];
            bool first = ((const int8_t *)call->inputs[0]->data)[at[0]] != 0;
            int which = first ? 1 : 2;
            int64_t value = ns_eval_get(call->inputs[which]->data, bytes, at[which]);
            ns_eval_set(out->data, bytes, walk.row * walk.row_length + i, value);
        }
    return NS_OK;
}
