/* Element by element: one operand, two with broadcasting, CLAMP, CAST. Functions as C's libm gives them in
 * double. */
#include <math.h>
#include <string.h>

#include "eval/interface.h"
#include "eval/real.h"

static double unary(ns_op op, double x)
{
    switch (op) {
    case NS_OP_ABS:
        return fabs(x);
    case NS_OP_CEIL:
        return ceil(x);
    case NS_OP_COS:
        return cos(x);
    case NS_OP_ERF:
        return erf(x);
    case NS_OP_EXP:
        return exp(x);
    case NS_OP_FLOOR:
        return floor(x);
    case NS_OP_LOG:
        return log(x);
    case NS_OP_NEGATE:
        return -x;
    case NS_OP_RECIPROCAL:
        return 1 / x;
    case NS_OP_RSQRT:
        return 1 / sqrt(x);
    case NS_OP_SIGMOID:
        return 1 / (1 + exp(-x));
    case NS_OP_SIN:
        return sin(x);
    case NS_OP_TANH:
        return tanh(x);
    default:
        return x;
    }
}

static double binary(ns_op op, double a, double b, unsigned nan_mode)
{
    switch (op) {
    case NS_OP_ADD:
        return a + b;
    case NS_OP_SUB:
        return a - b;
    case NS_OP_MUL:
        return a * b;
    case NS_OP_POW:
        return pow(a, b);
    case NS_OP_MAXIMUM:
        return ns_real_extreme(a, b, 1, nan_mode);
    case NS_OP_MINIMUM:
        return ns_real_extreme(a, b, -1, nan_mode);
    case NS_OP_EQUAL:
        return a == b;
    case NS_OP_GREATER:
        return a > b;
    case NS_OP_GREATER_EQUAL:
        return a >= b;
    default:
        return NAN;
    }
}

/* Now and then. */
static ns_code check_time(const ns_eval_call *call, size_t element, ns_error *error)
{
    return element % 4096 ? NS_OK : ns_budget_check_time(call->budget, error);
}

static bool is_binary(ns_op op)
{
    return op == NS_OP_ADD || op == NS_OP_SUB || op == NS_OP_MUL || op == NS_OP_POW || op == NS_OP_MAXIMUM ||
           op == NS_OP_MINIMUM || op == NS_OP_EQUAL || op == NS_OP_GREATER || op == NS_OP_GREATER_EQUAL;
}

static ns_code run_binary(ns_eval_call *call, ns_error *error)
{
    const ns_op op = call->node->op;
    const ns_tensor *const operands[2] = {call->inputs[0], call->inputs[1]};
    ns_tensor *out = call->outputs[0];
    const bool is_flag = op == NS_OP_EQUAL || op == NS_OP_GREATER || op == NS_OP_GREATER_EQUAL;
    if (operands[1]->dtype != operands[0]->dtype ||
        out->dtype != (is_flag ? NS_DTYPE_BOOL : operands[0]->dtype))
        return ns_fail(error, NS_ERROR_INPUT, "its operands are of different types");
    ns_broadcast walk;
    NS_TRY(ns_broadcast_begin(&walk, out, 2, operands, error));
    for (size_t at = 0; walk.row < walk.row_count; ns_broadcast_next(&walk))
        for (size_t i = 0; i < walk.row_length; i++, at++) {
            NS_TRY(check_time(call, at, error));
            const double a = ns_real_get(operands[0], walk.offset[0] + i * (size_t)walk.row_step[0]);
            const double b = ns_real_get(operands[1], walk.offset[1] + i * (size_t)walk.row_step[1]);
            const double result = binary(op, a, b, call->attributes->nan_mode);
            if (is_flag)
                ns_tensor_set(out, at, result != 0);
            else
                ns_real_set(out, at, result);
        }
    return NS_OK;
}

/* The attribute's bytes are one value of the operand's type, little-endian. */
static ns_code read_limit(const ns_byte_list *bytes, ns_dtype dtype, const char *name, double *value,
                          ns_error *error)
{
    uint64_t room = 0;
    const size_t size = (size_t)ns_dtype_bytes(dtype);
    if (bytes->count < size)
        return ns_fail(error, NS_ERROR_INPUT, "%s has %zu bytes, not %zu", name, bytes->count, size);
    memcpy(&room, bytes->values, size);
    *value = ns_real_get(&(const ns_tensor){.dtype = dtype, .data = &room}, 0);
    return NS_OK;
}

static ns_code clamp(ns_eval_call *call, ns_error *error)
{
    const ns_tensor *in = call->inputs[0];
    const unsigned nan_mode = call->attributes->nan_mode;
    double low, high;
    NS_TRY(read_limit(&call->attributes->min_val, in->dtype, "min_val", &low, error));
    NS_TRY(read_limit(&call->attributes->max_val, in->dtype, "max_val", &high, error));
    if (isnan(low) || isnan(high) || low > high)
        return ns_fail(error, NS_ERROR_INPUT, "min_val %g is not at most max_val %g", low, high);
    for (size_t i = 0; i < ns_tensor_count(in); i++) {
        NS_TRY(check_time(call, i, error));
        ns_real_set(
            call->outputs[0], i,
            ns_real_extreme(ns_real_extreme(ns_real_get(in, i), low, 1, nan_mode), high, -1, nan_mode));
    }
    return NS_OK;
}

/* To an integer: to nearest, ties to even, held at the type's ends; NaN gives 0 (the specification leaves it
 * open). */
static void cast_element(const ns_tensor *in, ns_tensor *out, size_t index)
{
    const double value = ns_real_get(in, index);
    if (ns_real_is(out->dtype)) {
        ns_real_set(out, index, value);
    } else if (out->dtype == NS_DTYPE_BOOL) {
        ns_tensor_set(out, index, value != 0);
    } else {
        const int64_t low = ns_dtype_min(out->dtype), high = ns_dtype_max(out->dtype);
        const double rounded = rint(value);
        ns_tensor_set(out, index,
                      isnan(value)              ? 0
                      : rounded <= (double)low  ? low
                      : rounded >= (double)high ? high
                                                : (int64_t)rounded);
    }
}

static ns_code run_unary(ns_eval_call *call, ns_error *error)
{
    const ns_op op = call->node->op;
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    if (!ns_shape_equal(in, out) || (op != NS_OP_CAST && out->dtype != in->dtype))
        return ns_eval_bad_shape(out, "the output", error);
    for (int i = 1; i < call->input_count; i++)
        NS_TRY(ns_real_zero_point(call->inputs[i], error));
    if (op == NS_OP_CLAMP)
        return clamp(call, error);
    for (size_t i = 0; i < ns_tensor_count(in); i++) {
        NS_TRY(check_time(call, i, error));
        if (op == NS_OP_CAST)
            cast_element(in, out, i);
        else
            ns_real_set(out, i, unary(op, ns_real_get(in, i)));
    }
    return NS_OK;
}

ns_code ns_real_elementwise(ns_eval_call *call, ns_error *error)
{
    const bool two = is_binary(call->node->op);
    NS_TRY(ns_eval_expect_operands(call, two ? 2 : 1, 3, 1, error));
    return two ? run_binary(call, error) : run_unary(call, error);
}
