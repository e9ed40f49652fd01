/* output = min(max(input, min_val), max_val). */
#include "eval/step.h"

/* The attribute's bytes are one value of the tensor's type, little-endian. */
static ns_code read_limit(const ns_byte_list *bytes, int size, const char *name, int64_t *value,
                          ns_error *error)
{
    if (bytes->count < (size_t)size)
        return ns_fail(error, NS_ERROR_INPUT, "%s has %zu bytes, not %d", name, bytes->count, size);
    uint64_t bits = 0;
    for (int i = 0; i < size; i++)
        bits |= (uint64_t)bytes->values[i] << (8 * i);
    int unused = 64 - 8 * size;
    *value = (int64_t)(bits << unused) >> unused;
    return NS_OK;
}

typedef struct limits {
    int64_t low, high;
    int bytes;
} limits;

static ns_code read_limits(const ns_eval_call *call, limits *l, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    if (in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16)
        return ns_eval_unsupported_type(in, error);
    if (out->dtype != in->dtype || !ns_shape_equal(in, out))
        return ns_eval_bad_shape(out, "the output", error);
    l->bytes = ns_dtype_bytes(in->dtype);
    NS_TRY(read_limit(&call->attributes->min_val, l->bytes, "min_val", &l->low, error));
    NS_TRY(read_limit(&call->attributes->max_val, l->bytes, "max_val", &l->high, error));
    if (l->low > l->high)
        return ns_fail(error, NS_ERROR_INPUT, "min_val %lld is above max_val %lld", (long long)l->low,
                       (long long)l->high);
    return NS_OK;
}

#define CLAMP_ROW(T)                                             \
    do {                                                         \
        const T *x = from, low = (T)l->low, high = (T)l->high;   \
        T *y = to;                                               \
        for (size_t i = 0; i < count; i++)                       \
            y[i] = x[i] < low ? low : x[i] > high ? high : x[i]; \
    } while (0)

static void clamp_row(const limits *l, const void *from, void *to, size_t count)
{
    if (l->bytes == 1)
        CLAMP_ROW(int8_t);
    else
        CLAMP_ROW(int16_t);
}

ns_code ns_eval_clamp(ns_eval_call *call, ns_error *error)
{
    limits l;
    NS_TRY(read_limits(call, &l, error));
    clamp_row(&l, call->inputs[0]->data, call->outputs[0]->data, ns_tensor_count(call->inputs[0]));
    return NS_OK;
}

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    clamp_row(step->data, slab->in[0], slab->out, slab->rows * slab->columns);
    return false;
}

ns_code ns_step_clamp(ns_eval_call *call, ns_step *step, ns_error *error)
{
    limits *l = NS_ARENA_NEW(call->scratch, limits);
    if (!l)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a step");
    NS_TRY(read_limits(call, l, error));
    step->run = run_step;
    step->data = l;
    return NS_OK;
}
