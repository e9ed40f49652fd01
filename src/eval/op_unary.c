/* ABS: |x|, which must fit the type; BITWISE_NOT: ~x; LOGICAL_NOT: !x; CLZ: leading zero bits, the width for
 * 0. */
#include "eval/call.h"

static int64_t count_leading_zeros(int64_t x, int bits)
{
    if (x == 0)
        return bits;
    return bits == 64 ? __builtin_clzll((uint64_t)x) : __builtin_clz((uint32_t)x);
}

ns_code ns_eval_unary(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    ns_op op = call->node->op;
    bool is_word = in->dtype == NS_DTYPE_INT32 || in->dtype == NS_DTYPE_INT64;
    bool is_narrow = in->dtype == NS_DTYPE_INT8 || in->dtype == NS_DTYPE_INT16;
    if (op == NS_OP_LOGICAL_NOT ? in->dtype != NS_DTYPE_BOOL
                                : !is_word && !(op == NS_OP_BITWISE_NOT && is_narrow))
        return ns_eval_unsupported_type(in, error);
    if (out->dtype != in->dtype || !ns_shape_equal(in, out))
        return ns_eval_bad_shape(out, "the output", error);
    size_t count = ns_tensor_count(in);
    int64_t lowest = ns_dtype_min(in->dtype);
    int bits = ns_dtype_bits(in->dtype);
    int bytes = ns_dtype_bytes(in->dtype);
    for (size_t i = 0; i < count; i++) {
        int64_t x = ns_eval_get(in->data, bytes, i);
        char element[128];
        switch (op) {
        case NS_OP_ABS:
            if (x == lowest)
                return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s: |%lld| is outside %s",
                               ns_eval_element(in, i, element, sizeof element), (long long)x,
                               ns_dtype_text(in->dtype));
            x = x < 0 ? -x : x;
            break;
        case NS_OP_BITWISE_NOT:
            x = ~x;
            break;
        case NS_OP_LOGICAL_NOT:
            x = !x;
            break;
        default:
            x = count_leading_zeros(x, bits);
            break;
        }
        ns_eval_set(out->data, bytes, i, x);
    }
    return NS_OK;
}
