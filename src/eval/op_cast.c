/* output = input != 0 for bool; else the input's low bits, sign-extended where the output is wider. */
#include "eval/step.h"

static ns_code check(const ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    const ns_tensor *both[] = {in, out};
    for (int i = 0; i < 2; i++)
        if (both[i]->dtype != NS_DTYPE_BOOL && both[i]->dtype != NS_DTYPE_INT8 &&
            both[i]->dtype != NS_DTYPE_INT16 && both[i]->dtype != NS_DTYPE_INT32 &&
            both[i]->dtype != NS_DTYPE_INT64)
            return ns_eval_unsupported_type(both[i], error);
    return ns_shape_equal(in, out) ? NS_OK : ns_eval_bad_shape(out, "the output", error);
}

static void convert(ns_dtype in, ns_dtype out, const void *from, void *to, size_t count)
{
    int in_bytes = ns_dtype_bytes(in), out_bytes = ns_dtype_bytes(out);
    bool to_bool = out == NS_DTYPE_BOOL;
    for (size_t i = 0; i < count; i++) {
        int64_t value = ns_eval_get(from, in_bytes, i);
        ns_eval_set(to, out_bytes, i, to_bool ? value != 0 : value);
    }
}

ns_code ns_eval_cast(ns_eval_call *call, ns_error *error)
{
    NS_TRY(check(call, error));
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    convert(in->dtype, out->dtype, in->data, out->data, ns_tensor_count(in));
    return NS_OK;
}

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    const ns_dtype *both = step->data;
    convert(both[0], both[1], slab->in[0], slab->out, slab->rows * slab->columns);
    return false;
}

ns_code ns_step_cast(ns_eval_call *call, ns_step *step, ns_error *error)
{
    NS_TRY(check(call, error));
    ns_dtype *both = NS_ARENA_ARRAY(call->scratch, 2, ns_dtype);
    if (!both)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a step");
    both[0] = call->inputs[0]->dtype;
    both[1] = call->outputs[0]->dtype;
    step->run = run_step;
    step->data = both;
    return NS_OK;
}
