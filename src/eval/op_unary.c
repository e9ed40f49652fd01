/* ABS: |x|, which must fit the type; BITWISE_NOT: ~x; LOGICAL_NOT: !x; CLZ: leading zero bits, the width for
 * 0. */
#include "eval/step.h"

typedef struct each {
    ns_op op;
    int bytes, bits;
    int64_t lowest; /* of the type */
} each;

static int64_t count_leading_zeros(int64_t x, int bits)
{
    if (x == 0)
        return bits;
    return bits == 64 ? __builtin_clzll((uint64_t)x) : __builtin_clz((uint32_t)x);
}

static ns_code read_each(const ns_eval_call *call, each *e, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    ns_op op = call->node->op;
    bool is_word = in->dtype == NS_DTYPE_INT32 || in->dtype == NS_DTYPE_INT64;
    bool is_narrow = in->dtype == NS_DTYPE_INT8 || in->dtype == NS_DTYPE_INT16;
    if (op == NS_OP_LOGICAL_NOT ? in->dtype != NS_DTYPE_BOOL
                                : !is_word && !(op == NS_OP_BITWISE_NOT && is_narrow))
        return ns_eval_unsupported_type(in, error);
    if (out->dtype != in->dtype || !ns_shape_equal(in, out))
        return ns_eval_bad_shape(out, "the output", error);
    *e = (each){op, ns_dtype_bytes(in->dtype), ns_dtype_bits(in->dtype), ns_dtype_min(in->dtype)};
    return NS_OK;
}

/* The first of `count` elements without a result; `count` where all have one. */
static size_t run_each(const each *e, const void *from, void *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t x = ns_eval_get(from, e->bytes, i);
        switch (e->op) {
        case NS_OP_ABS:
            if (x == e->lowest)
                return i;
            x = x < 0 ? -x : x;
            break;
        case NS_OP_BITWISE_NOT:
            x = ~x;
            break;
        case NS_OP_LOGICAL_NOT:
            x = !x;
            break;
        default:
            x = count_leading_zeros(x, e->bits);
            break;
        }
        ns_eval_set(to, e->bytes, i, x);
    }
    return count;
}

ns_code ns_eval_unary(ns_eval_call *call, ns_error *error)
{
    each e;
    NS_TRY(read_each(call, &e, error));
    const ns_tensor *in = call->inputs[0];
    const size_t count = ns_tensor_count(in), i = run_each(&e, in->data, call->outputs[0]->data, count);
    char element[128];
    if (i == count)
        return NS_OK;
    return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s: |%lld| is outside %s",
                   ns_eval_element(in, i, element, sizeof element), (long long)ns_tensor_get(in, i),
                   ns_dtype_text(in->dtype));
}

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    const size_t count = slab->rows * slab->columns;
    return run_each(step->data, slab->in[0], slab->out, count) < count;
}

ns_code ns_step_unary(ns_eval_call *call, ns_step *step, ns_error *error)
{
    each *e = NS_ARENA_NEW(call->scratch, each);
    if (!e)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a step");
    NS_TRY(read_each(call, e, error));
    step->run = run_step;
    step->data = e;
    return NS_OK;
}
