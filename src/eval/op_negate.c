/* output = clip(-(input1 - input1_zp) + output_zp) to the type. int8 has zero points; the arithmetic is
 * int32's (int64's for int64), which the most negative value leaves. */
#include "eval/step.h"
#include "num/interface.h"

typedef struct negation {
    int64_t input_zero, output_zero, low, high;
    int bytes;
    bool is_word; /* the lowest value has no result */
} negation;

static ns_code read_negation(const ns_eval_call *call, negation *n, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 3, 3, 1, error));
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    if (in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16 && in->dtype != NS_DTYPE_INT32 &&
        in->dtype != NS_DTYPE_INT64)
        return ns_eval_unsupported_type(in, error);
    if (out->dtype != in->dtype || !ns_shape_equal(in, out))
        return ns_eval_bad_shape(out, "the output", error);
    *n = (negation){.low = ns_dtype_min(in->dtype),
                    .high = ns_dtype_max(in->dtype),
                    .bytes = ns_dtype_bytes(in->dtype),
                    .is_word = in->dtype == NS_DTYPE_INT32 || in->dtype == NS_DTYPE_INT64};
    NS_TRY(ns_eval_scalar(call->inputs[1], "the input's zero point", &n->input_zero, error));
    NS_TRY(ns_eval_scalar(call->inputs[2], "the output's zero point", &n->output_zero, error));
    if (in->dtype != NS_DTYPE_INT8 && (n->input_zero || n->output_zero))
        return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");
    return NS_OK;
}

/* The first of `count` elements without a result; `count` where all have one. */
static size_t negate(const negation *n, const void *from, void *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t x = ns_eval_get(from, n->bytes, i);
        if (n->is_word && x == n->low)
            return i;
        ns_eval_set(to, n->bytes, i, ns_clamp(n->output_zero - (x - n->input_zero), n->low, n->high));
    }
    return count;
}

ns_code ns_eval_negate(ns_eval_call *call, ns_error *error)
{
    negation n;
    NS_TRY(read_negation(call, &n, error));
    const ns_tensor *in = call->inputs[0];
    const size_t count = ns_tensor_count(in), i = negate(&n, in->data, call->outputs[0]->data, count);
    char element[128];
    if (i == count)
        return NS_OK;
    return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s: -(%lld) is outside %s",
                   ns_eval_element(in, i, element, sizeof element), (long long)ns_tensor_get(in, i),
                   ns_dtype_text(in->dtype));
}

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    const size_t count = slab->rows * slab->columns;
    return negate(step->data, slab->in[0], slab->out, count) < count;
}

ns_code ns_step_negate(ns_eval_call *call, ns_step *step, ns_error *error)
{
    negation *n = NS_ARENA_NEW(call->scratch, negation);
    if (!n)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a step");
    NS_TRY(read_negation(call, n, error));
    step->run = run_step;
    step->data = n;
    return NS_OK;
}
