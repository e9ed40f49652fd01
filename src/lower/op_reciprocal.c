/* reciprocal: TABLE, RESCALE. 1 / 0 is infinite and clamps to 32767. */
#include "lower/table.h"

static float reciprocal32(float x)
{
    return 1.0f / x;
}

ns_code ns_lower_reciprocal(ns_lowering *lowering, int node, ns_error *error)
{
    return ns_lower_table(lowering, node, reciprocal32, "reciprocal", lowering->reciprocal_count++, error);
}
