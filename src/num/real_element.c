#include "num/interface.h"

typedef struct float_format {
    int exponent_bits, mantissa_bits, bias;
    bool has_infinity; /* as IEEE 754: a field of all ones is infinity or NaN */
    bool has_nan;      /* else: the largest code alone is NaN */
} float_format;

/* IEEE 754 binary16; bfloat16; OCP 8-bit floating point 1.0; OCP Microscaling formats 1.0. NULL: another
 * type. */
static const float_format *format_of(ns_dtype dtype)
{
    static const float_format formats[NS_DTYPE_COUNT] = {
        [NS_DTYPE_FP16] = {5, 10, 15, true, true},    [NS_DTYPE_BF16] = {8, 7, 127, true, true},
        [NS_DTYPE_FP8E4M3] = {4, 3, 7, false, true},  [NS_DTYPE_FP8E5M2] = {5, 2, 15, true, true},
        [NS_DTYPE_FP6E2M3] = {2, 3, 1, false, false}, [NS_DTYPE_FP6E3M2] = {3, 2, 3, false, false},
        [NS_DTYPE_FP4E2M1] = {2, 1, 1, false, false},
    };
    return formats[dtype].exponent_bits ? &formats[dtype] : NULL;
}

static uint32_t largest_code(const float_format *f)
{
    const uint32_t all = (1u << (f->exponent_bits + f->mantissa_bits)) - 1;
    return f->has_infinity ? all - (1u << f->mantissa_bits) : f->has_nan ? all - 1 : all;
}

static double decode(const float_format *f, uint32_t bits)
{
    const int width = f->exponent_bits + f->mantissa_bits;
    const uint32_t code = bits & ((1u << width) - 1), field = code >> f->mantissa_bits;
    const uint32_t fraction = code & ((1u << f->mantissa_bits) - 1);
    const double sign = bits >> width & 1 ? -1 : 1;
    if (code > largest_code(f))
        return f->has_infinity && fraction == 0 ? sign * INFINITY : NAN;
    const int exponent = (field ? (int)field : 1) - f->bias - f->mantissa_bits;
    return sign * ldexp(fraction + (field ? 1u << f->mantissa_bits : 0), exponent);
}

static uint32_t encode(const float_format *f, double value)
{
    const int width = f->exponent_bits + f->mantissa_bits, least = 1 - f->bias;
    const uint32_t sign = signbit(value) ? 1u << width : 0, largest = largest_code(f);
    const uint32_t all = (1u << width) - 1;
    const uint32_t beyond = f->has_infinity ? largest + 1 : f->has_nan ? all : largest;
    if (isnan(value))
        return sign | (f->has_nan ? all : largest);
    if (value == 0)
        return sign;
    int exponent = 0;
    frexp(value, &exponent);
    exponent = exponent - 1 < least ? least : exponent - 1;
    if (isinf(value) || exponent - least >= 1 << f->exponent_bits)
        return sign | beyond;
    /* In units of the last place: below 2^(mantissa bits + 1), so that the code grows by one for each unit,
     * on through the powers of two. */
    const double units = rint(ldexp(fabs(value), f->mantissa_bits - exponent));
    const uint32_t code = ((uint32_t)(exponent - least) << f->mantissa_bits) + (uint32_t)units;
    return sign | (code > largest ? beyond : code);
}

bool ns_real_is(ns_dtype dtype)
{
    return dtype == NS_DTYPE_FP32 || format_of(dtype);
}

double ns_real_get(const ns_tensor *tensor, size_t index)
{
    if (tensor->dtype == NS_DTYPE_FP32)
        return ((const float *)tensor->data)[index];
    if (tensor->dtype == NS_DTYPE_FP8UE8M0) {
        const uint8_t exponent = ((const uint8_t *)tensor->data)[index];
        return exponent == 255 ? NAN : ldexp(1, exponent - 127);
    }
    if (tensor->dtype == NS_DTYPE_MXINT8)
        return ((const int8_t *)tensor->data)[index] * 0x1p-6;
    const float_format *format = format_of(tensor->dtype);
    if (!format)
        return (double)ns_tensor_get(tensor, index);
    const uint32_t bits = ns_dtype_bytes(tensor->dtype) == 1 ? ((const uint8_t *)tensor->data)[index]
                                                             : ((const uint16_t *)tensor->data)[index];
    return decode(format, bits);
}

void ns_real_set(ns_tensor *tensor, size_t index, double value)
{
    if (tensor->dtype == NS_DTYPE_FP32) {
        ((float *)tensor->data)[index] = (float)value;
        return;
    }
    const uint32_t bits = encode(format_of(tensor->dtype), value);
    if (ns_dtype_bytes(tensor->dtype) == 1)
        ((uint8_t *)tensor->data)[index] = (uint8_t)bits;
    else
        ((uint16_t *)tensor->data)[index] = (uint16_t)bits;
}
