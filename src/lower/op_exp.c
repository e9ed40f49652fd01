/* exp: TABLE, RESCALE. */
#include <math.h>

#include "lower/table.h"

/* torch.exp on float32, up to its last bit: the double's rounding is the correct one but for ties within
 * 2^-29 of an ulp. */
static float exp32(float x)
{
    return (float)exp((double)x);
}

ns_code ns_lower_exp(ns_lowering *lowering, int node, ns_error *error)
{
    return ns_lower_table(lowering, node, exp32, "exp", lowering->exp_count++, error);
}
