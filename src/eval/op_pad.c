/* output = the input with `padding` constants before and after it along each axis. */
#include "eval/call.h"
#include "eval/internal.h"

ns_code ns_eval_pad(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 3, 3, 1, error));
    const ns_tensor *in = call->inputs[0], *padding = call->inputs[1], *constant = call->inputs[2];
    ns_tensor *out = call->outputs[0];
    if (out->dtype != in->dtype || constant->dtype != in->dtype || ns_tensor_count(constant) != 1)
        return ns_eval_bad_shape(constant, "pad_const", error);
    bool fits = out->rank == in->rank && padding->dtype == NS_DTYPE_SHAPE &&
                ns_tensor_count(padding) == 2 * (size_t)in->rank;
    int64_t start = 0, from[NS_MAX_RANK], to[NS_MAX_RANK];
    ns_strided copy = {0};
    ns_strided_steps(in, from);
    ns_strided_steps(out, to);
    for (int d = 0; fits && d < in->rank; d++) {
        int64_t before = ns_tensor_get(padding, 2 * (size_t)d),
                after = ns_tensor_get(padding, 2 * (size_t)d + 1);
        fits = before >= 0 && after >= 0 && before <= out->shape[d] &&
               out->shape[d] - before - in->shape[d] == after;
        start += before * to[d];
        ns_strided_add(&copy, in->shape[d], from[d], to[d]);
    }
    if (!fits)
        return ns_eval_bad_shape(padding, "the padding", error);
    int size = ns_dtype_bytes(in->dtype);
    ns_strided fill = {1, {(int64_t)ns_tensor_count(out)}, {0}, {1}};
    ns_strided_run(&fill, constant->data, out->data, size);
    ns_strided_run(&copy, in->data, (char *)out->data + start * size, size);
    return NS_OK;
}
