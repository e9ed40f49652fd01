/* Elementwise operators, whose operands broadcast. */
#include <math.h>
#include <string.h>

#include "diagnose/call.h"
#include "eval/interface.h"

/* Two reals that differ by less than this share of themselves are equal: they were made by different
 * factors. */
#define EQUAL_WITHIN 1e-9

static inline double apply(ns_op op, double a, double b)
{
    switch (op) {
    case NS_OP_ADD:
        return a + b;
    case NS_OP_SUB:
        return a - b;
    case NS_OP_MUL:
        return a * b;
    case NS_OP_MAXIMUM:
        return a > b ? a : b;
    case NS_OP_MINIMUM:
        return a < b ? a : b;
    case NS_OP_EQUAL:
        return fabs(a - b) <= EQUAL_WITHIN * (fabs(a) + fabs(b));
    case NS_OP_GREATER:
        return a > b;
    case NS_OP_GREATER_EQUAL:
        return a >= b;
    default:
        return ldexp(a, -(int)b);
    }
}

typedef struct row {
    const double *a, *b;
    int step_a, step_b;
    double scale_a, scale_b;
    double *out;
    size_t count;
} row;

/* One loop for each operator and for each way of broadcasting: the compiler takes both tests out. */
static inline __attribute__((always_inline)) void run_steps(ns_op op, const row *r, int step_a, int step_b)
{
    const double *a = r->a, *b = r->b, scale_a = r->scale_a, scale_b = r->scale_b;
    double *out = r->out;
    for (size_t i = 0; i < r->count; i++)
        out[i] = apply(op, a[i * (size_t)step_a] * scale_a, b[i * (size_t)step_b] * scale_b);
}

static inline __attribute__((always_inline)) void run_row(ns_op op, const row *r)
{
    if (r->step_a && r->step_b)
        run_steps(op, r, 1, 1);
    else if (r->step_a)
        run_steps(op, r, 1, 0);
    else
        run_steps(op, r, 0, r->step_b);
}

NS_DG_LOOP static void dispatch(ns_op op, const row *r)
{
    switch (op) {
    case NS_OP_ADD:
        run_row(NS_OP_ADD, r);
        return;
    case NS_OP_SUB:
        run_row(NS_OP_SUB, r);
        return;
    case NS_OP_MUL:
        run_row(NS_OP_MUL, r);
        return;
    default:
        run_row(op, r);
    }
}

static ns_code walk(ns_dg_call *call, double scale_a, double scale_b, ns_error *error)
{
    ns_broadcast walk;
    const ns_tensor *shapes[2] = {call->shapes[0], call->shapes[1]};
    NS_TRY(ns_broadcast_begin(&walk, call->shape, 2, shapes, error));
    row r = {.scale_a = scale_a, .scale_b = scale_b, .out = call->out->data, .count = walk.row_length};
    for (size_t i = 0; i < walk.row_count; i++, ns_broadcast_next(&walk)) {
        r.a = call->inputs[0]->data + walk.offset[0];
        r.b = call->inputs[1]->data + walk.offset[1];
        r.step_a = walk.row_step[0];
        r.step_b = walk.row_step[1];
        dispatch(call->op->op, &r);
        r.out += walk.row_length;
    }
    return NS_OK;
}

static void round_all(const ns_dg_call *call, bool up)
{
    for (size_t i = 0; i < call->count; i++)
        call->out->data[i] = floor(call->out->data[i] + (up ? 0.5 : 0));
}

ns_code ns_dg_op_binary(ns_dg_call *call, ns_error *error)
{
    NS_TRY(ns_dg_make(call, error));
    NS_TRY(walk(call, call->inputs[0]->scale, call->inputs[1]->scale, error));
    call->out->integer = call->inputs[0]->integer && call->inputs[1]->integer;
    if (call->op->op == NS_OP_ARITHMETIC_RIGHT_SHIFT) {
        call->out->integer = call->out->integer && (call->mode & NS_DG_INNER);
        if (call->mode & NS_DG_INNER)
            round_all(call, call->op->attributes.round);
    }
    return NS_OK;
}

/* round(a * b / 2^shift), halves up. */
ns_code ns_dg_op_multiply(ns_dg_call *call, ns_error *error)
{
    const double shift = ns_dg_scalar(call, 2);
    NS_TRY(ns_dg_make(call, error));
    NS_TRY(walk(call, 1, 1, error));
    call->out->scale = call->inputs[0]->scale * call->inputs[1]->scale * exp2(-shift);
    call->out->integer = call->inputs[0]->integer && call->inputs[1]->integer;
    if (shift == 0)
        return NS_OK;
    call->out->integer = false;
    if (!(call->mode & NS_DG_INNER))
        return NS_OK;
    const double scale = call->out->scale;
    for (size_t i = 0; i < call->count; i++)
        call->out->data[i] = floor(call->out->data[i] * scale + 0.5);
    call->out->scale = 1;
    call->out->integer = true;
    return NS_OK;
}

ns_code ns_dg_op_unary(ns_dg_call *call, ns_error *error)
{
    const ns_dg_value *in = call->inputs[0];
    NS_TRY(ns_dg_make(call, error));
    call->out->integer = in->integer;
    if (call->op->op == NS_OP_ABS) {
        for (size_t i = 0; i < call->count; i++)
            call->out->data[i] = fabs(in->data[i] * in->scale);
        return NS_OK;
    }
    const double zeros = ns_dg_scalar(call, 1) + ns_dg_scalar(call, 2);
    const double low = (double)ns_dtype_min(call->shape->dtype),
                 high = (double)ns_dtype_max(call->shape->dtype);
    for (size_t i = 0; i < call->count; i++)
        call->out->data[i] = zeros - in->data[i] * in->scale;
    if (in->integer)
        for (size_t i = 0; i < call->count; i++)
            call->out->data[i] = fmin(fmax(call->out->data[i], low), high);
    return NS_OK;
}

/* A limit's bytes are one value of the tensor's type, little-endian. */
static double limit(const ns_byte_list *bytes, ns_dtype dtype)
{
    const int size = ns_dtype_bytes(dtype);
    uint64_t bits = 0;
    for (int i = 0; i < size && (size_t)i < bytes->count; i++)
        bits |= (uint64_t)bytes->values[i] << (8 * i);
    const int unused = 64 - 8 * size;
    return (double)((int64_t)(bits << unused) >> unused);
}

/* A bound at the type's end is no bound of the model: a value that left the type was clamped by its producer,
 * and is to go on where that was made ideal. */
ns_code ns_dg_op_clamp(ns_dg_call *call, ns_error *error)
{
    const ns_dg_value *in = call->inputs[0];
    const ns_dtype dtype = call->shape->dtype;
    const double least = (double)ns_dtype_min(dtype), most = (double)ns_dtype_max(dtype);
    double low = limit(&call->op->attributes.min_val, dtype),
           high = limit(&call->op->attributes.max_val, dtype);
    NS_TRY(ns_dg_make(call, error));
    bool beyond = false;
    double *out = call->out->data;
    for (size_t i = 0; i < call->count; i++) {
        out[i] = in->data[i] * in->scale;
        beyond = beyond || out[i] < least || out[i] > most;
    }
    if (!(call->mode & NS_DG_CLAMP) || beyond) {
        low = low <= least + 1 ? -INFINITY : low;
        high = high >= most ? INFINITY : high;
    }
    for (size_t i = 0; i < call->count; i++)
        out[i] = out[i] < low ? low : out[i] > high ? high : out[i];
    call->out->integer = in->integer;
    return NS_OK;
}

/* Integers of another type, which wrap; to bool: is it not 0? A real keeps its fraction. */
ns_code ns_dg_op_cast(ns_dg_call *call, ns_error *error)
{
    const ns_dg_value *in = call->inputs[0];
    const int bits = ns_dtype_bits(call->shape->dtype);
    NS_TRY(ns_dg_make(call, error));
    call->out->integer = in->integer;
    for (size_t i = 0; i < call->count; i++) {
        double v = in->data[i] * in->scale;
        if (call->shape->dtype == NS_DTYPE_BOOL) {
            v = v != 0;
        } else if (in->integer && bits < 64) {
            const int unused = 64 - bits;
            v = (double)((int64_t)((uint64_t)(int64_t)v << unused) >> unused);
        }
        call->out->data[i] = v;
    }
    return NS_OK;
}
