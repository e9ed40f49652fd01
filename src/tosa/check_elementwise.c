#include "tosa/check.h"
#include "tosa/internal.h"

#include <math.h>

/* Binary element-wise operators (MUL too, whose third input is the shift): the output's shape is the
 * broadcast of both inputs'. */
ns_code ns_check_binary(const ns_check *check)
{
    return ns_check_broadcast(check, 2);
}

/* SELECT: the output's shape is the broadcast of all three inputs'. */
ns_code ns_check_select(const ns_check *check)
{
    return ns_check_broadcast(check, 3);
}

/* NEGATE: zero points 0 unless int8. */
ns_code ns_check_negate(const ns_check *check)
{
    NS_TRY(ns_check_zero_point(check, 1));
    return ns_check_zero_point(check, 2);
}

/* A limit of CLAMP as a number. */
static ns_code clamp_limit(const ns_check *check, const char *name, const ns_byte_list *bytes, double *value)
{
    /* One element, in memory that suits any type. */
    uint64_t data = 0;
    ns_tensor tensor = {.dtype = ns_check_input(check, 0)->dtype, .data = &data};
    const size_t size = (size_t)ns_dtype_bytes(tensor.dtype);
    if (bytes->count < size)
        return NS_CHECK_FAIL(check, "%s has %zu bytes; type %s takes %zu", name, bytes->count,
                             ns_dtype_text(tensor.dtype), size);
    memcpy(&data, bytes->values, size);
    *value = ns_real_get(&tensor, 0);
    if (isnan(*value))
        return NS_CHECK_FAIL(check, "%s is NaN", name);
    return NS_OK;
}

/* CLAMP: min_val and max_val have one value each, are no NaN, and max_val is not below min_val. */
ns_code ns_check_clamp(const ns_check *check)
{
    const ns_attributes *a = &check->operator->attributes;
    double low = 0, high = 0;
    NS_TRY(clamp_limit(check, "min_val", &a->min_val, &low));
    NS_TRY(clamp_limit(check, "max_val", &a->max_val, &high));
    if (high < low)
        return NS_CHECK_FAIL(check, "max_val %g is below min_val %g", high, low);
    return NS_OK;
}

/* TABLE: 256 entries for int8, 513 for int16 (type_modes.def leaves no other type). */
ns_code ns_check_table(const ns_check *check)
{
    const int64_t expected = ns_check_input(check, 0)->dtype == NS_DTYPE_INT8 ? 256 : 513;
    const int64_t entries = ns_check_input(check, 1)->shape[0];
    if (entries != expected)
        return NS_CHECK_FAIL(check, "the table has %lld entries; type %s takes %lld", (long long)entries,
                             ns_dtype_text(ns_check_input(check, 0)->dtype), (long long)expected);
    return NS_OK;
}

/* A zero point of RESCALE: any for int8; 0 or 32768 for unsigned 16 bits; else 0. */
static ns_code check_rescale_zero_point(const ns_check *check, int input, bool is_unsigned)
{
    const ns_tensor *zero_point = ns_check_input(check, input);
    if (!is_unsigned || zero_point->dtype != NS_DTYPE_INT16)
        return ns_check_zero_point(check, input);
    if (!zero_point->data)
        return NS_OK;
    const int64_t value = ns_tensor_get(zero_point, 0) & 0xffff;
    if (value && value != 32768)
        return NS_CHECK_FAIL(check, "the zero point of unsigned 16-bit values is %lld; it must be 0 or 32768",
                             (long long)value);
    return NS_OK;
}

/* RESCALE: multipliers are int32 with scale32, else int16; per channel there are as many multipliers and
 * shifts as the last dim has elements, else one; zero points as above; scale32 excludes int48 inputs;
 * DOUBLE_ROUND needs scale32; one side at most is unsigned, and only 8 and 16 bits are. */
ns_code ns_check_rescale(const ns_check *check)
{
    const ns_attributes *a = &check->operator->attributes;
    const ns_tensor *input = ns_check_input(check, 0), *output = ns_check_output(check, 0);
    const ns_dtype multiplier = a->scale32 ? NS_DTYPE_INT32 : NS_DTYPE_INT16;
    if (ns_check_input(check, 1)->dtype != multiplier)
        return NS_CHECK_FAIL(check, "multiplier has type %s; scale32 = %s takes %s",
                             ns_dtype_text(ns_check_input(check, 1)->dtype), a->scale32 ? "true" : "false",
                             ns_dtype_text(multiplier));
    if (a->per_channel && input->rank < 1)
        return NS_CHECK_FAIL(check, "per_channel needs an input of rank 1 or more");
    const int64_t channels = a->per_channel ? input->shape[input->rank - 1] : 1;
    if (ns_check_dim(check, "NC") != channels)
        return NS_CHECK_FAIL(check, "there are %lld multipliers; per_channel = %s takes %lld",
                             (long long)ns_check_dim(check, "NC"), a->per_channel ? "true" : "false",
                             (long long)channels);
    if (a->scale32 && input->dtype == NS_DTYPE_INT48)
        return NS_CHECK_FAIL(check, "scale32 excludes int48 inputs");
    if (!a->scale32 && a->rounding_mode == NS_DOUBLE_ROUND)
        return NS_CHECK_FAIL(check, "DOUBLE_ROUND needs scale32");
    if (a->input_unsigned && a->output_unsigned)
        return NS_CHECK_FAIL(check, "input_unsigned and output_unsigned exclude each other");
    const bool wide = input->dtype == NS_DTYPE_INT32 || input->dtype == NS_DTYPE_INT48;
    if (a->input_unsigned && (wide || output->dtype == NS_DTYPE_INT32))
        return NS_CHECK_FAIL(check, "input_unsigned excludes %s to %s", ns_dtype_text(input->dtype),
                             ns_dtype_text(output->dtype));
    if (a->output_unsigned && (wide || output->dtype == NS_DTYPE_INT32))
        return NS_CHECK_FAIL(check, "output_unsigned excludes %s to %s", ns_dtype_text(input->dtype),
                             ns_dtype_text(output->dtype));
    NS_TRY(check_rescale_zero_point(check, 3, a->input_unsigned));
    return check_rescale_zero_point(check, 4, a->output_unsigned);
}
