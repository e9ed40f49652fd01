/* Elementwise kernels: each row of element_functions is y = f(x), computed in the promoted type
 * (kernels/portable/cpu/op_add.cpp and so on, ExecuTorch 1.5.0). */
#include <math.h>

#include "program/element.h"

/* Defines a function for the three types that numbers are computed in; a, b and c are the operands. */
#define ELEMENTWISE(name, integer_result, real_result)                          \
    static bool name(ns_compute compute, const ns_number *x, ns_number *y)      \
    {                                                                           \
        switch (compute) {                                                      \
        case NS_COMPUTE_INTEGER: {                                              \
            const int64_t a = x[0].integer, b = x[1].integer, c = x[2].integer; \
            (void)a, (void)b, (void)c;                                          \
            y->integer = integer_result;                                        \
            return true;                                                        \
        }                                                                       \
        case NS_COMPUTE_FLOAT32:                                                \
        case NS_COMPUTE_FLOAT16:                                                \
        case NS_COMPUTE_BFLOAT16: {                                             \
            const float a = x[0].real32, b = x[1].real32, c = x[2].real32;      \
            (void)a, (void)b, (void)c;                                          \
            y->real32 = (float)(real_result);                                   \
            return true;                                                        \
        }                                                                       \
        case NS_COMPUTE_FLOAT64: {                                              \
            const double a = x[0].real64, b = x[1].real64, c = x[2].real64;     \
            (void)a, (void)b, (void)c;                                          \
            y->real64 = real_result;                                            \
        }                                                                       \
        }                                                                       \
        return true;                                                            \
    }

/* Integers wrap. */
#define WRAP(expression) ((int64_t)(expression))
#define U(x) ((uint64_t)(x))

ELEMENTWISE(add, WRAP(U(a) + U(c) * U(b)), a + c * b)
ELEMENTWISE(subtract, WRAP(U(a) - U(c) * U(b)), a - c * b)
ELEMENTWISE(multiply, WRAP(U(a) * U(b)), a *b)
ELEMENTWISE(equal, a == b, a == b)
ELEMENTWISE(not_equal, a != b, a != b)
ELEMENTWISE(greater, a > b, a > b)
ELEMENTWISE(greater_equal, a >= b, a >= b)
ELEMENTWISE(less, a < b, a < b)
ELEMENTWISE(less_equal, a <= b, a <= b)
ELEMENTWISE(logical_not, !a, a == 0)
ELEMENTWISE(logical_and, a &&b, a != 0 && b != 0)
ELEMENTWISE(logical_or, a || b, a != 0 || b != 0)
ELEMENTWISE(where, a ? b : c, a != 0 ? b : c)
/* NaN stays, and so does -0. */
ELEMENTWISE(relu, a > 0 ? a : 0, isnan(a) || a >= 0 ? a : 0)
/* A NaN among the operands is the result, the first of two; of +0 and -0 the first. */
ELEMENTWISE(minimum, b < a ? b : a, isnan(a) ? a : isnan(b) || b < a ? b : a)
ELEMENTWISE(maximum, a < b ? b : a, isnan(a) ? a : isnan(b) || a < b ? b : a)

static bool remainder_of(ns_compute compute, const ns_number *x, ns_number *y)
{
    switch (compute) {
    case NS_COMPUTE_INTEGER:
        if (x[1].integer == 0)
            return false;
        y->integer = x[1].integer == -1 ? 0 : x[0].integer % x[1].integer;
        return true;
    case NS_COMPUTE_FLOAT32:
    case NS_COMPUTE_FLOAT16:
    case NS_COMPUTE_BFLOAT16:
        y->real32 = fmodf(x[0].real32, x[1].real32);
        return true;
    case NS_COMPUTE_FLOAT64:
        y->real64 = fmod(x[0].real64, x[1].real64);
    }
    return true;
}

static bool clamp(ns_compute compute, const ns_number *x, ns_number *y)
{
    ns_number limited[3] = {{0}};
    maximum(compute, x, &limited[0]);
    limited[1] = x[2];
    return minimum(compute, limited, y);
}

static ns_code unary(ns_call *call, ns_elementwise_function f, ns_error *error)
{
    return ns_elementwise(call, 1, (const int[]){0}, 0, 1, f, error);
}

static ns_code binary(ns_call *call, ns_elementwise_function f, ns_error *error)
{
    return ns_elementwise(call, 2, (const int[]){0, 1}, 0, 2, f, error);
}

/* a + alpha * b: alpha does not take part in the promotion. */
ns_code ns_kernel_add(ns_call *call, ns_error *error)
{
    return ns_elementwise(call, 3, (const int[]){0, 1, 2}, 1u << 2, 3, add, error);
}

ns_code ns_kernel_sub(ns_call *call, ns_error *error)
{
    return ns_elementwise(call, 3, (const int[]){0, 1, 2}, 1u << 2, 3, subtract, error);
}

ns_code ns_kernel_mul(ns_call *call, ns_error *error)
{
    return binary(call, multiply, error);
}

ns_code ns_kernel_fmod(ns_call *call, ns_error *error)
{
    return binary(call, remainder_of, error);
}

ns_code ns_kernel_eq(ns_call *call, ns_error *error)
{
    return binary(call, equal, error);
}

ns_code ns_kernel_ne(ns_call *call, ns_error *error)
{
    return binary(call, not_equal, error);
}

ns_code ns_kernel_gt(ns_call *call, ns_error *error)
{
    return binary(call, greater, error);
}

ns_code ns_kernel_ge(ns_call *call, ns_error *error)
{
    return binary(call, greater_equal, error);
}

ns_code ns_kernel_lt(ns_call *call, ns_error *error)
{
    return binary(call, less, error);
}

ns_code ns_kernel_le(ns_call *call, ns_error *error)
{
    return binary(call, less_equal, error);
}

ns_code ns_kernel_minimum(ns_call *call, ns_error *error)
{
    return binary(call, minimum, error);
}

ns_code ns_kernel_maximum(ns_call *call, ns_error *error)
{
    return binary(call, maximum, error);
}

ns_code ns_kernel_logical_and(ns_call *call, ns_error *error)
{
    return binary(call, logical_and, error);
}

ns_code ns_kernel_logical_or(ns_call *call, ns_error *error)
{
    return binary(call, logical_or, error);
}

ns_code ns_kernel_logical_not(ns_call *call, ns_error *error)
{
    return unary(call, logical_not, error);
}

ns_code ns_kernel_relu(ns_call *call, ns_error *error)
{
    return unary(call, relu, error);
}

/* The condition does not take part in the promotion. */
ns_code ns_kernel_where(ns_call *call, ns_error *error)
{
    return ns_elementwise(call, 3, (const int[]){0, 1, 2}, 1u << 0, 3, where, error);
}

ns_code ns_kernel_clamp(ns_call *call, ns_error *error)
{
    const bool no_minimum = ns_call_is_none(call, 1), no_maximum = ns_call_is_none(call, 2);
    if (no_minimum && no_maximum)
        return ns_fail(error, NS_ERROR_INPUT, "%s: neither a minimum nor a maximum is given", call->name);
    if (no_maximum)
        return ns_elementwise(call, 2, (const int[]){0, 1}, 0, 3, maximum, error);
    if (no_minimum)
        return ns_elementwise(call, 2, (const int[]){0, 2}, 0, 3, minimum, error);
    return ns_elementwise(call, 3, (const int[]){0, 1, 2}, 0, 3, clamp, error);
}
