/* output = the input repeated `multiples` times along each axis. */
#include "eval/call.h"
#include "eval/internal.h"

ns_code ns_eval_tile(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 2, 2, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    bool fits = out->dtype == in->dtype && out->rank == in->rank;
    int64_t from[NS_MAX_RANK], to[NS_MAX_RANK];
    ns_strided copy = {0};
    ns_strided_steps(in, from);
    ns_strided_steps(out, to);
    for (int d = 0; fits && d < in->rank; d++) {
        fits = in->shape[d] > 0 && out->shape[d] % in->shape[d] == 0;
        if (!fits)
            break;
        /* The repetitions step over whole copies of this axis, and read the same input again. */
        ns_strided_add(&copy, out->shape[d] / in->shape[d], 0, to[d] * in->shape[d]);
        ns_strided_add(&copy, in->shape[d], from[d], to[d]);
    }
    if (!fits)
        return ns_eval_bad_shape(out, "the output", error);
    ns_strided_run(&copy, in->data, out->data, ns_dtype_bytes(in->dtype));
    return NS_OK;
}
