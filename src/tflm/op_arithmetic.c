/* ADD, SUB and MUL, broadcast.
 * Source: micro/kernels/add_common.cc, sub_common.cc, mul_common.cc, internal/reference/add.h, sub.h, mul.h.
 *
 * ADD of int8 and int16: each operand is shifted by 20 or 15 bits and scaled to twice the greater of both
 * scales, then the sum to the output's. */
#include "tflm/internal.h"

typedef struct binary binary;
typedef int32_t integer_function(const binary *op, int32_t a, int32_t b);
typedef float float_function(float a, float b);

struct binary {
    int shift; /* of both operands, to the left */
    int32_t a_zero, b_zero, low, high, zero;
    ns_fixed_scale a_scale, b_scale, scale;
    int sign; /* of the second operand: -1 for SUB */
};

static int32_t add_codes(const binary *op, int32_t a, int32_t b)
{
    const int32_t first = ns_fixed_multiply((int32_t)((uint32_t)(a - op->a_zero) << op->shift), op->a_scale);
    const int32_t second = ns_fixed_multiply((int32_t)((uint32_t)(b - op->b_zero) << op->shift), op->b_scale);
    return ns_fixed_multiply((int32_t)((uint32_t)first + (uint32_t)(op->sign * second)), op->scale);
}

static int32_t multiply_codes(const binary *op, int32_t a, int32_t b)
{
    return ns_fixed_multiply((a - op->a_zero) * (b - op->b_zero), op->scale);
}

static float add_floats(float a, float b)
{
    return a + b;
}

static float subtract_floats(float a, float b)
{
    return a - b;
}

static float multiply_floats(float a, float b)
{
    return a * b;
}

/* int32 as such, without scales: wraps. */
static int32_t plain(const binary *op, bool product, int32_t a, int32_t b)
{
    const uint32_t x = (uint32_t)a, y = (uint32_t)b;
    const int32_t result = (int32_t)(product ? x * y : op->sign > 0 ? x + y : x - y);
    return ns_tflm_clamp(result, op->low, op->high);
}

static ns_code run_integers(ns_tflm_call *call, const binary *op, integer_function *function, ns_error *error)
{
    const ns_tflm_value *output = call->outputs[0];
    const bool as_such = ns_tflm_type(output) == NS_TFLITE_INT32;
    int64_t index[NS_MAX_RANK] = {0};
    size_t steps[2][NS_MAX_RANK], at[2] = {0, 0};
    int32_t *a, *b;
    NS_TRY(ns_tflm_broadcast(call, call->inputs[0], output, steps[0], error));
    NS_TRY(ns_tflm_broadcast(call, call->inputs[1], output, steps[1], error));
    NS_TRY(ns_tflm_load(call, call->inputs[0], &a, error));
    NS_TRY(ns_tflm_load(call, call->inputs[1], &b, error));
    for (size_t i = 0; i < output->count; i++) {
        if (as_such) {
            ns_tflm_store(output, i, plain(op, function == multiply_codes, a[at[0]], b[at[1]]));
        } else {
            const int64_t code = (int64_t)function(op, a[at[0]], b[at[1]]) + op->zero;
            ns_tflm_store(output, i, (int32_t)(code < op->low ? op->low : code > op->high ? op->high : code));
        }
        ns_tflm_next(output->tensor, index, &at[0], steps[0], &at[1], steps[1]);
    }
    return NS_OK;
}

static ns_code run_floats(ns_tflm_call *call, uint8_t activation, float_function *function, ns_error *error)
{
    const ns_tflm_value *output = call->outputs[0];
    const float *a = call->inputs[0]->data, *b = call->inputs[1]->data;
    int64_t index[NS_MAX_RANK] = {0};
    size_t steps[2][NS_MAX_RANK], at[2] = {0, 0};
    float low, high, *out = output->data;
    NS_TRY(ns_tflm_float_range(call, activation, &low, &high, error));
    NS_TRY(ns_tflm_broadcast(call, call->inputs[0], output, steps[0], error));
    NS_TRY(ns_tflm_broadcast(call, call->inputs[1], output, steps[1], error));
    for (size_t i = 0; i < output->count; i++) {
        out[i] = ns_tflm_clamp_float(function(a[at[0]], b[at[1]]), low, high);
        ns_tflm_next(output->tensor, index, &at[0], steps[0], &at[1], steps[1]);
    }
    return NS_OK;
}

/* Scales of ADD and SUB; those of the operands and the result must be below 1 (TFLite's own check). */
static ns_code set_sum(const ns_tflm_call *call, binary *op, ns_error *error)
{
    const double a = call->inputs[0]->tensor->scale, b = call->inputs[1]->tensor->scale;
    const double twice = 2 * (a > b ? a : b), out = call->outputs[0]->tensor->scale;
    op->shift = ns_tflm_type(call->outputs[0]) == NS_TFLITE_INT16 ? 15 : 20;
    const double result = twice / ((double)(1 << op->shift) * out);
    if (!(a > 0) || !(b > 0) || !(out > 0) || !(result < 1))
        return ns_fail(error, NS_ERROR_INPUT, "%s: scales %g and %g to %g", call->operator->name, a, b, out);
    op->a_scale = ns_fixed_scale_of(a / twice);
    op->b_scale = ns_fixed_scale_of(b / twice);
    op->scale = ns_fixed_scale_of(result);
    return NS_OK;
}

static ns_code set_product(const ns_tflm_call *call, binary *op, ns_error *error)
{
    const double out = call->outputs[0]->tensor->scale;
    if (!(out > 0))
        return ns_tflm_refuse_shapes(call, error);
    op->scale = ns_fixed_scale_of(call->inputs[0]->tensor->scale * call->inputs[1]->tensor->scale / out);
    return NS_OK;
}

/* The slot of fused_activation_function is 0 in the options of all three. */
static ns_code run(ns_tflm_call *call, int sign, integer_function *function, float_function *on_floats,
                   ns_error *error)
{
    const ns_tflite_type type = ns_tflm_type(call->outputs[0]);
    binary op = {.a_zero = (int32_t)call->inputs[0]->tensor->zero_point,
                 .b_zero = (int32_t)call->inputs[1]->tensor->zero_point,
                 .zero = (int32_t)call->outputs[0]->tensor->zero_point,
                 .sign = sign};
    uint8_t activation;
    NS_TRY(ns_tflite_option_u8(call->operator, 0, 0, &activation, error));
    if (ns_tflm_type(call->inputs[0]) != type || ns_tflm_type(call->inputs[1]) != type)
        return ns_tflm_refuse_types(call, error);
    if (type == NS_TFLITE_FLOAT32)
        return run_floats(call, activation, on_floats, error);
    if (type == NS_TFLITE_INT32 && activation)
        return ns_tflm_refuse_types(call, error);
    NS_TRY(ns_tflm_range(call, activation, call->outputs[0], &op.low, &op.high, error));
    if (type == NS_TFLITE_INT8 || type == NS_TFLITE_INT16)
        NS_TRY(function == add_codes ? set_sum(call, &op, error) : set_product(call, &op, error));
    else if (type != NS_TFLITE_INT32)
        return ns_tflm_refuse_types(call, error);
    return run_integers(call, &op, function, error);
}

ns_code ns_tflm_add(ns_tflm_call *call, ns_error *error)
{
    return run(call, 1, add_codes, add_floats, error);
}

ns_code ns_tflm_sub(ns_tflm_call *call, ns_error *error)
{
    return run(call, -1, add_codes, subtract_floats, error);
}

ns_code ns_tflm_mul(ns_tflm_call *call, ns_error *error)
{
    return run(call, 1, multiply_codes, multiply_floats, error);
}
