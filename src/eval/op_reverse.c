/* output = the input with one axis in reverse order. */
#include "eval/call.h"
#include "eval/internal.h"

ns_code ns_eval_reverse(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    int axis = call->attributes->axis;
    if (out->dtype != in->dtype || !ns_shape_equal(in, out) || axis < 0 || axis >= in->rank)
        return ns_eval_bad_shape(out, "the output", error);
    int64_t steps[NS_MAX_RANK];
    ns_strided copy = {0};
    ns_strided_steps(in, steps);
    for (int d = 0; d < in->rank; d++)
        ns_strided_add(&copy, in->shape[d], d == axis ? -steps[d] : steps[d], steps[d]);
    int size = ns_dtype_bytes(in->dtype);
    int64_t last = (in->shape[axis] - 1) * steps[axis];
    ns_strided_run(&copy, (const char *)in->data + (last > 0 ? last : 0) * size, out->data, size);
    return NS_OK;
}
