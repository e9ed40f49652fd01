/* output = min(max(input, min_val), max_val). */
#include "eval/call.h"
#include "num/scale.h"

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

ns_code ns_eval_clamp(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 1, 1, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    if (in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16)
        return ns_eval_unsupported_type(in, error);
    if (out->dtype != in->dtype || !ns_shape_equal(in, out))
        return ns_eval_bad_shape(out, "the output", error);
    int64_t low = 0, high = 0;
    NS_TRY(read_limit(&call->attributes->min_val, ns_dtype_bytes(in->dtype), "min_val", &low, error));
    NS_TRY(read_limit(&call->attributes->max_val, ns_dtype_bytes(in->dtype), "max_val", &high, error));
    if (low > high)
        return ns_fail(error, NS_ERROR_INPUT, "min_val %lld is above max_val %lld", (long long)low,
                       (long long)high);
    size_t count = ns_tensor_count(in);
    int bytes = ns_dtype_bytes(in->dtype);
    for (size_t i = 0; i < count; i++)
        ns_eval_set(out->data, bytes, i, ns_clamp(ns_eval_get(in->data, bytes, i), low, high));
    return NS_OK;
}
