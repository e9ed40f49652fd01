#include "kernels/matrix.h"

static bool prepare_one(ns_requantise *q, size_t i, int64_t multiplier, int shift, int64_t bound)
{
    const int up = shift < 33 ? 33 - shift : 0, t = shift + up;
    if (multiplier < 0 || shift < 2 || t > 62 || multiplier > INT32_MAX >> up)
        return false;
    const int64_t m = multiplier << up;
    if (m && bound >= (INT64_C(1) << 62) / m)
        return false;
    q->multiplier[i] = (int32_t)m;
    q->half[i] = (int32_t)(UINT32_C(1) << (t - 33));
    q->shift[i] = t - 32;
    return true;
}

bool ns_requantise_prepare(ns_requantise *q, const int32_t *multiplier, const int8_t *shift, bool per_channel,
                           size_t columns, int64_t bound)
{
    for (size_t i = 0; i < columns; i++)
        if (!prepare_one(q, i, multiplier[per_channel ? i : 0], shift[per_channel ? i : 0], bound))
            return false;
    for (size_t i = columns; i < ns_requantise_size(columns); i++)
        (void)prepare_one(q, i, 0, 33, 0);
    return true;
}

void ns_requantise_rows_c(const ns_requantise *q, const int64_t *sums, size_t step, size_t rows,
                          size_t column, size_t count, int16_t *out, size_t out_step)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < count; i++) {
            const int64_t high = sums[r * step + i] * q->multiplier[column + i] >> 32;
            const int64_t v = (high + q->half[column + i]) >> q->shift[column + i];
            out[r * out_step + i] = (int16_t)(v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v);
        }
}
