/* output = input1 * input2 (shift 0: the low 32 or 64 bits), or
 * (input1 * input2 + 2^(shift-1)) >> shift for int32, which must fit int32. */
#include "eval/interface.h"
#include "eval/step.h"

typedef struct product {
    ns_binary_row kernel; /* shift 0 */
    int shift;
    int in_bytes, out_bytes;
} product;

/* All but the operands' elements and shapes. */
static ns_code read_product(const ns_eval_call *call, product *p, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 3, 3, 1, error));
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1], *out = call->outputs[0];
    bool is_word = a->dtype == NS_DTYPE_INT32 || a->dtype == NS_DTYPE_INT64;
    if (a->dtype != NS_DTYPE_INT8 && a->dtype != NS_DTYPE_INT16 && !is_word)
        return ns_eval_unsupported_type(a, error);
    if (b->dtype != a->dtype || out->dtype != (a->dtype == NS_DTYPE_INT64 ? NS_DTYPE_INT64 : NS_DTYPE_INT32))
        return ns_fail(error, NS_ERROR_INPUT, "its operands are of types that do not go together");
    int64_t shift = 0;
    NS_TRY(ns_eval_scalar(call->inputs[2], "the shift", &shift, error));
    if (shift < 0 || shift > 63 || (shift != 0 && a->dtype != NS_DTYPE_INT32))
        return ns_fail(error, NS_ERROR_UNPREDICTABLE, "the shift %lld is outside %s", (long long)shift,
                       a->dtype == NS_DTYPE_INT32 ? "0 to 63" : "0 to 0");
    *p = (product){call->kernels->binary[NS_BINARY_MUL][ns_eval_size_index(a->dtype)], (int)shift,
                   ns_dtype_bytes(a->dtype), ns_dtype_bytes(out->dtype)};
    return NS_OK;
}

static int64_t shifted(int64_t x, int64_t y, int shift)
{
    /* |x * y| <= 2^62 and the rounding <= 2^62: the sum reaches 2^63 for -2^31 * -2^31 and shift 63 only. */
    return (int64_t)(((__int128)(x * y) + (INT64_C(1) << (shift - 1))) >> shift);
}

/* The first of `count` elements whose result leaves int32; `count` where there is none. */
static size_t run_shift(int shift, const int32_t *a, size_t a_step, const int32_t *b, size_t b_step,
                        int32_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int64_t result = shifted(a[i * a_step], b[i * b_step], shift);
        if (result != (int32_t)result)
            return i;
        out[i] = (int32_t)result;
    }
    return count;
}

static ns_code mul_shift(ns_eval_call *call, int shift, ns_error *error)
{
    const int32_t *a = call->inputs[0]->data, *b = call->inputs[1]->data;
    int32_t *out = call->outputs[0]->data;
    ns_broadcast walk;
    NS_TRY(ns_broadcast_begin(&walk, call->outputs[0], 2, call->inputs, error));
    for (; walk.row < walk.row_count; ns_broadcast_next(&walk)) {
        const size_t steps[2] = {(size_t)walk.row_step[0], (size_t)walk.row_step[1]};
        const size_t at = walk.row * walk.row_length;
        const size_t i = run_shift(shift, a + walk.offset[0], steps[0], b + walk.offset[1], steps[1],
                                   out + at, walk.row_length);
        if (i == walk.row_length)
            continue;
        const int64_t x = a[walk.offset[0] + i * steps[0]], y = b[walk.offset[1] + i * steps[1]];
        char element[128];
        return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s: %lld * %lld >> %d is %lld, outside int32",
                       ns_eval_element(call->outputs[0], at + i, element, sizeof element), (long long)x,
                       (long long)y, shift, (long long)shifted(x, y, shift));
    }
    return NS_OK;
}

ns_code ns_eval_mul(ns_eval_call *call, ns_error *error)
{
    product p;
    NS_TRY(read_product(call, &p, error));
    if (p.shift)
        return mul_shift(call, p.shift, error);
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    size_t size = (size_t)p.in_bytes, out_size = (size_t)p.out_bytes;
    ns_broadcast walk;
    NS_TRY(ns_broadcast_begin(&walk, out, 2, call->inputs, error));
    for (; walk.row < walk.row_count; ns_broadcast_next(&walk))
        p.kernel((const char *)a->data + walk.offset[0] * size, walk.row_step[0],
                 (const char *)b->data + walk.offset[1] * size, walk.row_step[1],
                 (char *)out->data + walk.row * walk.row_length * out_size, walk.row_length);
    return NS_OK;
}

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    const product *p = step->data;
    return ns_step_run_binary(p->kernel, step, slab, p->in_bytes, p->out_bytes);
}

static bool run_shift_step(const ns_step *step, const ns_slab *slab)
{
    const product *p = step->data;
    size_t within[2], between[2];
    for (int k = 0; k < 2; k++)
        ns_step_steps(step->spans[k], slab->columns, &within[k], &between[k]);
    for (size_t r = 0; r < slab->rows; r++)
        if (run_shift(p->shift, (const int32_t *)slab->in[0] + r * between[0], within[0],
                      (const int32_t *)slab->in[1] + r * between[1], within[1],
                      (int32_t *)slab->out + r * slab->columns, slab->columns) < slab->columns)
            return true;
    return false;
}

ns_code ns_step_mul(ns_eval_call *call, ns_step *step, ns_error *error)
{
    product *p = NS_ARENA_NEW(call->scratch, product);
    if (!p)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a step");
    NS_TRY(read_product(call, p, error));
    step->run = p->shift ? run_shift_step : run_step;
    step->data = p;
    return NS_OK;
}
