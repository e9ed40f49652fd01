/* The operators on shapes: DIM gives a tensor's extent along an axis; CONCAT_SHAPE and SLICE_SHAPE take
 * shapes together and apart; the others compute value by value. A result of 0 or below is for whoever uses it
 * to refuse. */
#include <string.h>

#include "eval/call.h"

static int log2_floor(int64_t value)
{
    return 63 - __builtin_clzll((unsigned long long)value);
}

static bool is_positive(ns_op op)
{
    return op == NS_OP_LOG2_CEIL_SHAPE || op == NS_OP_LOG2_FLOOR_SHAPE;
}

static bool divides(ns_op op)
{
    return op == NS_OP_MOD_SHAPE || op == NS_OP_DIV_CEIL_SHAPE || op == NS_OP_DIV_FLOOR_SHAPE;
}

/* One value; false where the specification's REQUIRE fails: a divisor or logarithm of 0 or below, or a result
 * outside int64. `b` is not used by the operators on one shape. */
static bool compute(ns_op op, int64_t a, int64_t b, int64_t *out)
{
    if ((is_positive(op) && a < 1) || (divides(op) && (a < 0 || b < 1)))
        return false;
    switch (op) {
    case NS_OP_ADD_SHAPE:
        return !__builtin_add_overflow(a, b, out);
    case NS_OP_SUB_SHAPE:
        return !__builtin_sub_overflow(a, b, out);
    case NS_OP_MUL_SHAPE:
        return !__builtin_mul_overflow(a, b, out);
    case NS_OP_EXP2_SHAPE:
        *out = a >= 0 && a < 63 ? INT64_C(1) << a : 0;
        return a >= 0 && a < 63;
    case NS_OP_LOG2_FLOOR_SHAPE:
        *out = log2_floor(a);
        return true;
    case NS_OP_LOG2_CEIL_SHAPE:
        *out = a == 1 ? 0 : log2_floor(a - 1) + 1;
        return true;
    case NS_OP_MAX_SHAPE:
        *out = a > b ? a : b;
        return true;
    case NS_OP_MIN_SHAPE:
        *out = a < b ? a : b;
        return true;
    case NS_OP_MOD_SHAPE:
        *out = a % b;
        return true;
    case NS_OP_DIV_FLOOR_SHAPE:
        *out = a / b;
        return true;
    case NS_OP_DIV_CEIL_SHAPE:
        *out = a / b + (a % b != 0);
        return true;
    default:
        return false;
    }
}

static ns_code each(ns_eval_call *call, ns_error *error)
{
    const bool two = call->input_count == 2;
    const ns_tensor *a = call->inputs[0], *b = call->inputs[two];
    ns_tensor *out = call->outputs[0];
    const size_t count = ns_tensor_count(a);
    if (ns_tensor_count(b) != count || ns_tensor_count(out) != count)
        return ns_eval_bad_shape(out, "the output", error);
    for (size_t i = 0; i < count; i++) {
        const int64_t x = ns_tensor_get(a, i), y = ns_tensor_get(b, i);
        int64_t result = 0;
        if (!compute(call->node->op, x, y, &result))
            return ns_fail(error, NS_ERROR_UNPREDICTABLE, "value %zu: of %lld%s%.0lld it has no result", i,
                           (long long)x, two ? " and " : "", two ? (long long)y : 0);
        ns_tensor_set(out, i, result);
    }
    return NS_OK;
}

static ns_code dim(ns_eval_call *call, ns_error *error)
{
    const int axis = call->attributes->axis;
    if (axis < 0 || axis >= call->inputs[0]->rank || ns_tensor_count(call->outputs[0]) != 1)
        return ns_fail(error, NS_ERROR_INPUT, "axis %d is not one of its input's", axis);
    ns_tensor_set(call->outputs[0], 0, call->inputs[0]->shape[axis]);
    return NS_OK;
}

static ns_code concat(ns_eval_call *call, ns_error *error)
{
    size_t at = 0, room = ns_tensor_count(call->outputs[0]);
    for (int k = 0; k < call->input_count; k++)
        for (size_t i = 0; i < ns_tensor_count(call->inputs[k]); i++, at++)
            if (at < room)
                ns_tensor_set(call->outputs[0], at, ns_tensor_get(call->inputs[k], i));
    return at == room ? NS_OK : ns_eval_bad_shape(call->outputs[0], "the output", error);
}

static ns_code slice(ns_eval_call *call, ns_error *error)
{
    const ns_tensor *in = call->inputs[0];
    int64_t start, size;
    NS_TRY(ns_eval_scalar(call->inputs[1], "the start", &start, error));
    NS_TRY(ns_eval_scalar(call->inputs[2], "the size", &size, error));
    const int64_t count = (int64_t)ns_tensor_count(in);
    if (start < 0 || size < 1 || size > count || start > count - size ||
        size != (int64_t)ns_tensor_count(call->outputs[0]))
        return ns_eval_bad_shape(call->outputs[0], "the output", error);
    for (int64_t i = 0; i < size; i++)
        ns_tensor_set(call->outputs[0], (size_t)i, ns_tensor_get(in, (size_t)(start + i)));
    return NS_OK;
}

/* Equal, or with allow_broadcast 1 on either side, from the last value on. */
static ns_code assert_equal(ns_eval_call *call, ns_error *error)
{
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1];
    const size_t counts[2] = {ns_tensor_count(a), ns_tensor_count(b)};
    const bool broadcasts = call->attributes->allow_broadcast;
    if (counts[0] != counts[1] && !broadcasts)
        return ns_fail(error, NS_ERROR_UNPREDICTABLE, "the shapes have %zu and %zu values", counts[0],
                       counts[1]);
    for (size_t i = 1; i <= counts[0] && i <= counts[1]; i++) {
        const int64_t x = ns_tensor_get(a, counts[0] - i), y = ns_tensor_get(b, counts[1] - i);
        if (x != y && !(broadcasts && (x == 1 || y == 1)))
            return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                           "value %zu from the end is %lld in one shape, %lld in the other", i, (long long)x,
                           (long long)y);
    }
    return NS_OK;
}

ns_code ns_eval_shape(ns_eval_call *call, ns_error *error)
{
    const ns_op op = call->node->op;
    const bool asserts = op == NS_OP_ASSERT_EQUAL_SHAPE, joins = op == NS_OP_CONCAT_SHAPE;
    const bool one = op == NS_OP_DIM || op == NS_OP_EXP2_SHAPE || is_positive(op) || joins;
    const int operands = op == NS_OP_SLICE_SHAPE ? 3 : one ? 1 : 2;
    NS_TRY(ns_eval_expect_operands(call, operands, joins ? -1 : operands, !asserts, error));
    for (int i = 0; i < call->input_count; i++)
        if (call->inputs[i]->dtype != NS_DTYPE_SHAPE && op != NS_OP_DIM && !(op == NS_OP_SLICE_SHAPE && i))
            return ns_eval_unsupported_type(call->inputs[i], error);
    for (int i = 0; i < call->output_count; i++)
        if (call->outputs[i]->dtype != NS_DTYPE_SHAPE)
            return ns_eval_unsupported_type(call->outputs[i], error);
    switch (op) {
    case NS_OP_DIM:
        return dim(call, error);
    case NS_OP_CONCAT_SHAPE:
        return concat(call, error);
    case NS_OP_SLICE_SHAPE:
        return slice(call, error);
    case NS_OP_ASSERT_EQUAL_SHAPE:
        return assert_equal(call, error);
    default:
        return each(call, error);
    }
}
