/* Along one axis, which becomes 1: sum (every partial sum must fit), maximum, minimum, and, or. */
#include "eval/call.h"

static int64_t combine(ns_op op, int64_t a, int64_t b)
{
    switch (op) {
    case NS_OP_REDUCE_MAX:
        return a > b ? a : b;
    case NS_OP_REDUCE_MIN:
        return a < b ? a : b;
    case NS_OP_REDUCE_ALL:
        return a && b;
    case NS_OP_REDUCE_ANY:
        return a || b;
    default:
        return a + b;
    }
}

ns_code ns_eval_reduce(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    ns_op op = call->node->op;
    int axis = call->attributes->axis;
    bool is_flag = op == NS_OP_REDUCE_ALL || op == NS_OP_REDUCE_ANY, is_sum = op == NS_OP_REDUCE_SUM;
    bool is_word = in->dtype == NS_DTYPE_INT32 || in->dtype == NS_DTYPE_INT64;
    bool is_narrow = in->dtype == NS_DTYPE_INT8 || in->dtype == NS_DTYPE_INT16;
    if (is_flag ? in->dtype != NS_DTYPE_BOOL : !is_word && (is_sum || !is_narrow))
        return ns_eval_unsupported_type(in, error);
    bool fits = out->dtype == in->dtype && out->rank == in->rank && axis >= 0 && axis < in->rank;
    for (int d = 0; fits && d < in->rank; d++)
        fits = out->shape[d] == (d == axis ? 1 : in->shape[d]);
    if (!fits || in->shape[axis] < 1)
        return ns_eval_bad_shape(out, "the output", error);
    size_t inner = 1, length = (size_t)in->shape[axis], count = ns_tensor_count(out);
    for (int d = axis + 1; d < in->rank; d++)
        inner *= (size_t)in->shape[d];
    int64_t *values = NS_ARENA_ARRAY(call->scratch, length, int64_t);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its %zu values", length);
    int64_t low = ns_dtype_min(in->dtype), high = ns_dtype_max(in->dtype);
    for (size_t i = 0; i < count; i++) {
        ns_eval_load(in, i / inner * inner * length + i % inner, inner, length, values);
        int64_t result = values[0];
        for (size_t k = 1; k < length; k++) {
            int64_t value = values[k];
            char element[128];
            /* int64 sums are checked before they wrap, narrower ones cannot. */
            if (is_sum && (value > 0 ? result > high - value : result < low - value))
                return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                               "%s: the sum %lld and the input %lld at %zu along axis %d leave %s",
                               ns_eval_element(out, i, element, sizeof element), (long long)result,
                               (long long)value, k, axis, ns_dtype_text(in->dtype));
            result = combine(op, result, value);
        }
        ns_tensor_set(out, i, result);
    }
    return NS_OK;
}
