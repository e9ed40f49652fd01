/* output = input[start : start + size] along each axis. */
#include "eval/call.h"
#include "eval/internal.h"

ns_code ns_eval_slice(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 3, 3, 1, error));
    const ns_tensor *in = call->inputs[0], *start = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    bool fits = out->dtype == in->dtype && out->rank == in->rank && start->dtype == NS_DTYPE_SHAPE &&
                ns_tensor_count(start) == (size_t)in->rank;
    int64_t offset = 0, from[NS_MAX_RANK], to[NS_MAX_RANK];
    ns_strided copy = {0};
    ns_strided_steps(in, from);
    ns_strided_steps(out, to);
    for (int d = 0; fits && d < in->rank; d++) {
        int64_t first = ns_tensor_get(start, (size_t)d);
        fits = first >= 0 && first <= in->shape[d] && out->shape[d] <= in->shape[d] - first;
        offset += first * from[d];
        ns_strided_add(&copy, out->shape[d], from[d], to[d]);
    }
    if (!fits)
        return ns_eval_bad_shape(out, "the output", error);
    int size = ns_dtype_bytes(in->dtype);
    ns_strided_run(&copy, (const char *)in->data + offset * size, out->data, size);
    return NS_OK;
}
