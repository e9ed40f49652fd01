#include "eval/real.h"

#include <math.h>

ns_code ns_real_load(const ns_tensor *tensor, ns_arena *arena, double **out, ns_error *error)
{
    const size_t count = ns_tensor_count(tensor);
    *out = NS_ARENA_ARRAY(arena, count, double);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its operands");
    for (size_t i = 0; i < count; i++)
        (*out)[i] = ns_real_get(tensor, i);
    return NS_OK;
}

double ns_real_extreme(double a, double b, int sign, unsigned nan_mode)
{
    if (isnan(a) || isnan(b)) {
        const bool keep = nan_mode == NS_NAN_IGNORE;
        return isnan(a) ? (keep ? b : a) : (keep ? a : b);
    }
    /* Of two zeros the larger is the one without a sign, as C's fmax may leave open. */
    if (a == b)
        return (signbit(a) != 0) == (sign > 0) ? b : a;
    return (a > b) == (sign > 0) ? a : b;
}

ns_code ns_real_zero_point(const ns_tensor *zero_point, ns_error *error)
{
    for (size_t i = 0; i < ns_tensor_count(zero_point); i++)
        if (ns_real_get(zero_point, i) != 0)
            return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");
    return NS_OK;
}
