/* output = the inputs one after the other along the axis. */
#include "eval/call.h"
#include "eval/internal.h"

ns_code ns_eval_concat(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, -1, 1, error));
    ns_tensor *out = call->outputs[0];
    int axis = call->attributes->axis;
    if (axis < 0 || axis >= out->rank)
        return ns_fail(error, NS_ERROR_INPUT, "axis %d of a tensor of rank %d", axis, out->rank);
    int64_t steps[NS_MAX_RANK], at = 0;
    ns_strided_steps(out, steps);
    for (int i = 0; i < call->input_count; i++) {
        const ns_tensor *in = call->inputs[i];
        bool fits = in->dtype == out->dtype && in->rank == out->rank;
        for (int d = 0; fits && d < in->rank; d++)
            fits = d == axis ? in->shape[d] <= out->shape[d] - at : in->shape[d] == out->shape[d];
        if (!fits)
            return ns_eval_bad_shape(in, "an input", error);
        ns_strided copy = {0};
        int64_t from[NS_MAX_RANK];
        ns_strided_steps(in, from);
        for (int d = 0; d < in->rank; d++)
            ns_strided_add(&copy, in->shape[d], from[d], steps[d]);
        int size = ns_dtype_bytes(out->dtype);
        ns_strided_run(&copy, in->data, (char *)out->data + at * steps[axis] * size, size);
        at += in->shape[axis];
    }
    return at == out->shape[axis] ? NS_OK : ns_eval_bad_shape(out, "the output", error);
}
