/* REDUCE_SUM, REDUCE_PRODUCT, REDUCE_MAX, REDUCE_MIN and ARGMAX along an axis. */
#include <math.h>

#include "eval/real.h"

static ns_code check(const ns_eval_call *call, bool drops, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    const int axis = call->attributes->axis;
    bool fits = axis >= 0 && axis < in->rank && out->rank == in->rank - drops;
    for (int d = 0; fits && d < in->rank; d++)
        fits = d == axis ? drops || out->shape[d] == 1 : out->shape[d - (drops && d > axis)] == in->shape[d];
    if (!fits || in->shape[axis] < 1)
        return ns_eval_bad_shape(out, "the output", error);
    if (drops ? out->dtype != NS_DTYPE_INT32 && out->dtype != NS_DTYPE_INT64 : out->dtype != in->dtype)
        return ns_eval_unsupported_type(out, error);
    return NS_OK;
}

static double combine(ns_op op, double sum, double x, unsigned nan_mode)
{
    switch (op) {
    case NS_OP_REDUCE_PRODUCT:
        return sum * x;
    case NS_OP_REDUCE_MAX:
        return ns_real_extreme(sum, x, 1, nan_mode);
    case NS_OP_REDUCE_MIN:
        return ns_real_extreme(sum, x, -1, nan_mode);
    default:
        return sum + x;
    }
}

/* The first of the largest of `length` elements; the first NaN, unless NaNs are passed over. */
static size_t largest(const ns_tensor *in, size_t start, size_t step, size_t length, unsigned nan_mode)
{
    size_t best = 0;
    double most = ns_real_get(in, start);
    for (size_t k = 1; k < length; k++) {
        const double x = ns_real_get(in, start + k * step);
        const bool better = isnan(most) ? nan_mode == NS_NAN_IGNORE && !isnan(x)
                                        : x > most || (isnan(x) && nan_mode != NS_NAN_IGNORE);
        if (better) {
            best = k;
            most = x;
        }
    }
    return best;
}

ns_code ns_real_reduce(ns_eval_call *call, ns_error *error)
{
    const ns_op op = call->node->op;
    NS_TRY(check(call, op == NS_OP_ARGMAX, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    const unsigned nan_mode = call->attributes->nan_mode;
    size_t inner = 1, length = (size_t)in->shape[call->attributes->axis];
    for (int d = call->attributes->axis + 1; d < in->rank; d++)
        inner *= (size_t)in->shape[d];
    for (size_t i = 0; i < ns_tensor_count(out); i++) {
        const size_t start = i / inner * inner * length + i % inner;
        NS_TRY(ns_budget_check_time(call->budget, error));
        if (op == NS_OP_ARGMAX) {
            ns_tensor_set(out, i, (int64_t)largest(in, start, inner, length, nan_mode));
            continue;
        }
        double result = ns_real_get(in, start);
        for (size_t k = 1; k < length; k++)
            result = combine(op, result, ns_real_get(in, start + k * inner), nan_mode);
        ns_real_set(out, i, result);
    }
    return NS_OK;
}
