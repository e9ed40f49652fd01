/* Along one axis, which becomes 1: sum (every partial sum must fit), maximum, minimum, and, or.
 *
 * A tensor is seen as [outer, length, inner]; each outer slice's lines are combined element by element, or
 * the one line along itself where inner is 1. */
#include "eval/step.h"

/* result[j] = f(result[j], line[j]) for j < inner; or, where inner is 1, over the line's `length` elements.
 */
#define COMBINE(T, expression)                            \
    do {                                                  \
        T *result = to;                                   \
        const T *line = from;                             \
        if (inner == 1) {                                 \
            T x = line[0];                                \
            for (size_t k = 1; k < length; k++) {         \
                T y = line[k];                            \
                x = (T)(expression);                      \
            }                                             \
            result[0] = x;                                \
            break;                                        \
        }                                                 \
        for (size_t j = 0; j < inner; j++)                \
            result[j] = line[j];                          \
        for (size_t k = 1; k < length; k++)               \
            for (size_t j = 0; j < inner; j++) {          \
                T x = result[j], y = line[k * inner + j]; \
                result[j] = (T)(expression);              \
            }                                             \
    } while (0)

#define COMBINE_TYPES(expression)     \
    switch (bytes) {                  \
    case 1:                           \
        COMBINE(int8_t, expression);  \
        break;                        \
    case 2:                           \
        COMBINE(int16_t, expression); \
        break;                        \
    case 4:                           \
        COMBINE(int32_t, expression); \
        break;                        \
    default:                          \
        COMBINE(int64_t, expression); \
        break;                        \
    }

static void combine_slice(ns_op op, int bytes, const void *from, void *to, size_t length, size_t inner)
{
    switch (op) {
    case NS_OP_REDUCE_MAX:
        COMBINE_TYPES(x > y ? x : y);
        break;
    case NS_OP_REDUCE_MIN:
        COMBINE_TYPES(x < y ? x : y);
        break;
    case NS_OP_REDUCE_ALL:
        COMBINE_TYPES(x && y);
        break;
    default:
        COMBINE_TYPES(x || y);
        break;
    }
}

/* Columns of a slice that are summed side by side. */
#define COLUMNS 64

/* Sums one int32 slice. False: a partial sum may leave int32. Where the magnitudes' sum stays below 2^31 no
 * partial sum can leave int32; magnitudes of at most 2^31 add up without wrapping for lengths below 2^32,
 * above which the answer is false at once. */
static bool sum_slice(const int32_t *from, int32_t *to, size_t length, size_t inner)
{
    if (length > UINT32_MAX)
        return false;
    for (size_t first = 0; first < inner; first += COLUMNS) {
        size_t count = inner - first < COLUMNS ? inner - first : COLUMNS;
        int64_t sums[COLUMNS] = {0}, magnitudes[COLUMNS] = {0};
        if (count == 1) {
            int64_t sum = 0, magnitude = 0;
            for (size_t k = 0; k < length; k++) {
                int64_t x = from[k * inner + first];
                sum += x;
                magnitude += x < 0 ? -x : x;
            }
            sums[0] = sum;
            magnitudes[0] = magnitude;
        } else {
            for (size_t k = 0; k < length; k++)
                for (size_t j = 0; j < count; j++) {
                    int64_t x = from[k * inner + first + j];
                    sums[j] += x;
                    magnitudes[j] += x < 0 ? -x : x;
                }
        }
        for (size_t j = 0; j < count; j++) {
            if (magnitudes[j] > INT32_MAX)
                return false;
            to[first + j] = (int32_t)sums[j];
        }
    }
    return true;
}

/* One step at a time, as the specification has it. */
static ns_code careful_sum(const ns_tensor *in, ns_tensor *out, size_t slice, size_t length, size_t inner,
                           int axis, ns_error *error)
{
    int64_t low = ns_dtype_min(in->dtype), high = ns_dtype_max(in->dtype);
    for (size_t j = 0; j < inner; j++) {
        size_t start = slice * length * inner + j, at = slice * inner + j;
        int64_t result = 0;
        char element[128];
        for (size_t k = 0; k < length; k++) {
            int64_t value = ns_tensor_get(in, start + k * inner);
            if (value > 0 ? result > high - value : result < low - value)
                return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                               "%s: the sum %lld and the input %lld at %zu along axis %d leave %s",
                               ns_eval_element(out, at, element, sizeof element), (long long)result,
                               (long long)value, k, axis, ns_dtype_text(in->dtype));
            result += value;
        }
        ns_tensor_set(out, at, result);
    }
    return NS_OK;
}

static ns_code check(const ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
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
    return NS_OK;
}

ns_code ns_eval_reduce(ns_eval_call *call, ns_error *error)
{
    NS_TRY(check(call, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    const int axis = call->attributes->axis;
    size_t inner = 1, outer = 1, length = (size_t)in->shape[axis];
    for (int d = 0; d < in->rank; d++) {
        if (d < axis)
            outer *= (size_t)in->shape[d];
        if (d > axis)
            inner *= (size_t)in->shape[d];
    }
    int bytes = ns_dtype_bytes(in->dtype);
    for (size_t slice = 0; slice < outer; slice++) {
        const char *from = (const char *)in->data + slice * length * inner * (size_t)bytes;
        char *to = (char *)out->data + slice * inner * (size_t)bytes;
        if (call->node->op != NS_OP_REDUCE_SUM)
            combine_slice(call->node->op, bytes, from, to, length, inner);
        else if (bytes != 4 || !sum_slice((const void *)from, (void *)to, length, inner))
            NS_TRY(careful_sum(in, out, slice, length, inner, axis, error));
    }
    return NS_OK;
}

typedef struct reduction {
    ns_op op;
    int bytes;
} reduction;

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    const reduction *r = step->data;
    const size_t size = (size_t)r->bytes;
    for (size_t row = 0; row < slab->rows; row++) {
        const char *from = (const char *)slab->in[0] + row * slab->columns * size;
        char *to = (char *)slab->out + row * size;
        if (r->op != NS_OP_REDUCE_SUM)
            combine_slice(r->op, r->bytes, from, to, slab->columns, 1);
        else if (!sum_slice((const void *)from, (void *)to, slab->columns, 1))
            return true;
    }
    return false;
}

/* Along the last axis. Sums of int64, which are checked step by step, are left to the operator. */
ns_code ns_step_reduce(ns_eval_call *call, ns_step *step, ns_error *error)
{
    NS_TRY(check(call, error));
    reduction *r = NS_ARENA_NEW(call->scratch, reduction);
    if (!r)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a step");
    *r = (reduction){call->node->op, ns_dtype_bytes(call->inputs[0]->dtype)};
    if (r->op == NS_OP_REDUCE_SUM && r->bytes != 4)
        return ns_eval_unsupported_type(call->inputs[0], error);
    step->run = run_step;
    step->data = r;
    return NS_OK;
}
