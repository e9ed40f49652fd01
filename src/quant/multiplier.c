#include "quant/interface.h"

#include <math.h>

ns_code ns_quantise_multiplier(double scale, bool scale32, int32_t *multiplier, int *shift, ns_error *error)
{
    if (!isfinite(scale) || scale < 0)
        return ns_fail(error, NS_ERROR_INPUT, "rescale factor %g is not a finite number >= 0", scale);
    int offset = scale32 ? 31 : 15;
    int64_t limit = (int64_t)1 << offset;
    int exponent = 0;
    /* The product is exact (a power of two), so the one rounding is nearbyint's, half to even as Python's
     * round(). The mantissa of 0 is 0 with exponent 0. */
    double mantissa = frexp(scale, &exponent);
    int64_t rounded = (int64_t)nearbyint(mantissa * (double)limit);
    if (rounded == limit) {
        rounded /= 2;
        exponent++;
    }
    int right = offset - exponent;
    if (right > 62) {
        int excess = right - 62;
        rounded >>= excess < 31 ? excess : 31;
        right = 62;
    }
    if (right < 2)
        return ns_fail(error, NS_ERROR_INPUT, "rescale factor %g needs shift %d, RESCALE's smallest is 2",
                       scale, right);
    *multiplier = (int32_t)rounded;
    *shift = right;
    return NS_OK;
}
