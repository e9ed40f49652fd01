#include "npu/operations/operation.h"

typedef struct rounding_terms {
    __int128 positive, negative; /* added for value >= 0 and for value < 0 */
} rounding_terms;

static rounding_terms terms_of(const ns_npu_scale *scale)
{
    int shift = scale->shift;
    __int128 half = shift > 0 ? (__int128)1 << (shift - 1) : 0;
    __int128 first = scale->double_shift <= 30 && shift > 31 - scale->double_shift
                         ? (__int128)1 << (30 - scale->double_shift)
                         : 0;
    switch (scale->rounding) {
    case NS_NPU_ROUND_NATURAL:
        return (rounding_terms){half, half};
    case NS_NPU_ROUND_SYMMETRIC:
        return (rounding_terms){half, shift > 0 ? half - 1 : 0};
    case NS_NPU_ROUND_TO_ZERO:
        return (rounding_terms){0, ((__int128)1 << shift) - 1};
    case NS_NPU_ROUND_TO_LOWER:
        return (rounding_terms){0, 0};
    case NS_NPU_ROUND_DOUBLE_SYMMETRIC:
        return (rounding_terms){half + first, half - first};
    case NS_NPU_ROUND_DOUBLE_ASYMMETRIC:
        return (rounding_terms){half + first, half + first};
    }
    return (rounding_terms){0, 0};
}

static inline int64_t apply(int64_t value, const ns_npu_scale *scale, rounding_terms terms)
{
    __int128 result =
        ((__int128)value * scale->scale + (value < 0 ? terms.negative : terms.positive)) >> scale->shift;
    if (result > INT64_MAX)
        return INT64_MAX;
    if (result < INT64_MIN)
        return INT64_MIN;
    return (int64_t)result;
}

int64_t ns_npu_scale_value(int64_t value, const ns_npu_scale *scale)
{
    return apply(value, scale, terms_of(scale));
}

bool ns_npu_scale_wide(const ns_npu_scale *scale, int64_t *multiplier, int64_t *positive, int64_t *negative,
                       int64_t *shift)
{
    const rounding_terms terms = terms_of(scale);
    *multiplier = scale->scale;
    *positive = (int64_t)terms.positive;
    *negative = (int64_t)terms.negative;
    *shift = scale->shift;
    return scale->scale <= INT32_MAX && scale->shift <= 61;
}

void ns_npu_scale_column(int64_t *values, size_t count, size_t step, const ns_npu_scale *scale)
{
    if (scale->scale == 1 && scale->shift == 0)
        return;
    rounding_terms terms = terms_of(scale);
    /* With |value| < 2^29 the product is below 2^61, and a rounding term of at most 2^61 (shift <= 62, or
     * double rounding's further 2^30) keeps the sum in 64 bits. */
    bool narrow = scale->shift <= 61;
    int64_t positive = (int64_t)terms.positive, negative = (int64_t)terms.negative;
    for (size_t i = 0; i < count * step; i += step) {
        int64_t value = values[i];
        if (narrow && value < ((int64_t)1 << 29) && value > -((int64_t)1 << 29))
            values[i] = (value * (int64_t)scale->scale + (value < 0 ? negative : positive)) >> scale->shift;
        else
            values[i] = apply(value, scale, terms);
    }
}
