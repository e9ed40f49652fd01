/* output = clip(-(input1 - input1_zp) + output_zp) to the type. int8 has zero points; the arithmetic is
 * int32's (int64's for int64), which the most negative value leaves. */
#include "eval/call.h"
#include "num/scale.h"

ns_code ns_eval_negate(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 3, 3, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    if (in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16 && in->dtype != NS_DTYPE_INT32 &&
        in->dtype != NS_DTYPE_INT64)
        return ns_eval_unsupported_type(in, error);
    if (out->dtype != in->dtype || !ns_shape_equal(in, out))
        return ns_eval_bad_shape(out, "the output", error);
    int64_t input_zero = 0, output_zero = 0;
    NS_TRY(ns_eval_scalar(call->inputs[1], "the input's zero point", &input_zero, error));
    NS_TRY(ns_eval_scalar(call->inputs[2], "the output's zero point", &output_zero, error));
    if (in->dtype != NS_DTYPE_INT8 && (input_zero || output_zero))
        return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");
    bool is_word = in->dtype == NS_DTYPE_INT32 || in->dtype == NS_DTYPE_INT64;
    int64_t low = ns_dtype_min(in->dtype), high = ns_dtype_max(in->dtype);
    size_t count = ns_tensor_count(in);
    int bytes = ns_dtype_bytes(in->dtype);
    for (size_t i = 0; i < count; i++) {
        int64_t x = ns_eval_get(in->data, bytes, i);
        char element[128];
        if (is_word && x == low)
            return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s: -(%lld) is outside %s",
                           ns_eval_element(in, i, element, sizeof element), (long long)x,
                           ns_dtype_text(in->dtype));
        ns_eval_set(out->data, bytes, i, ns_clamp(output_zero - (x - input_zero), low, high));
    }
    return NS_OK;
}
