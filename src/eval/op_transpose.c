/* Axis i of the output is axis perms[i] of the input. */
#include "eval/call.h"
#include "eval/internal.h"

ns_code ns_eval_transpose(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    const ns_int_list *perms = &call->attributes->perms;
    bool fits = out->dtype == in->dtype && out->rank == in->rank && perms->count == in->rank;
    int64_t from[NS_MAX_RANK], to[NS_MAX_RANK];
    unsigned used = 0;
    ns_strided copy = {0};
    ns_strided_steps(in, from);
    ns_strided_steps(out, to);
    for (int d = 0; fits && d < in->rank; d++) {
        int axis = perms->values[d];
        fits = axis >= 0 && axis < in->rank && !(used & 1u << axis) && in->shape[axis] == out->shape[d];
        if (!fits)
            break;
        used |= 1u << axis;
        ns_strided_add(&copy, out->shape[d], from[axis], to[d]);
    }
    if (!fits)
        return ns_eval_bad_shape(out, "the output", error);
    ns_strided_run(&copy, in->data, out->data, ns_dtype_bytes(in->dtype));
    return NS_OK;
}
