/* output = input1 * input2 (shift 0: the low 32 or 64 bits), or
 * (input1 * input2 + 2^(shift-1)) >> shift for int32, which must fit int32. */
#include "eval/broadcast.h"
#include "eval/call.h"

static ns_code mul_shift(ns_eval_call *call, int shift, ns_error *error)
{
    const int32_t *a = call->inputs[0]->data, *b = call->inputs[1]->data;
    int32_t *out = call->outputs[0]->data;
    const int64_t round = INT64_C(1) << (shift - 1);
    ns_broadcast walk;
    NS_TRY(ns_broadcast_begin(&walk, call->outputs[0], 2, call->inputs, error));
    for (; walk.row < walk.row_count; ns_broadcast_next(&walk))
        for (size_t i = 0; i < walk.row_length; i++) {
            int64_t x = a[walk.offset[0] + i * (size_t)walk.row_step[0]];
            int64_t y = b[walk.offset[1] + i * (size_t)walk.row_step[1]];
            /* |x * y| <= 2^62 and round <= 2^62: the sum reaches 2^63 for -2^31 * -2^31 and shift 63 only. */
            __int128 sum = (__int128)(x * y) + round;
            int64_t result = (int64_t)(sum >> shift);
            size_t at = walk.row * walk.row_length + i;
            char element[128];
            if (result != (int32_t)result)
                return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s: %lld * %lld >> %d is %lld, outside int32",
                               ns_eval_element(call->outputs[0], at, element, sizeof element), (long long)x,
                               (long long)y, shift, (long long)result);
            out[at] = (int32_t)result;
        }
    return NS_OK;
}

ns_code ns_eval_mul(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 3, 3, 1, error));
    const ns_tensor *a = call->inputs[0], *b = call->inputs[1];
    ns_tensor *out = call->outputs[0];
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
    if (shift)
        return mul_shift(call, (int)shift, error);

    ns_binary_row kernel = call->kernels->binary[NS_BINARY_MUL][ns_eval_size_index(a->dtype)];
    size_t size = (size_t)ns_dtype_bytes(a->dtype), out_size = (size_t)ns_dtype_bytes(out->dtype);
    ns_broadcast walk;
    NS_TRY(ns_broadcast_begin(&walk, out, 2, call->inputs, error));
    for (; walk.row < walk.row_count; ns_broadcast_next(&walk))
        kernel((const char *)a->data + walk.offset[0] * size, walk.row_step[0],
               (const char *)b->data + walk.offset[1] * size, walk.row_step[1],
               (char *)out->data + walk.row * walk.row_length * out_size, walk.row_length);
    return NS_OK;
}
