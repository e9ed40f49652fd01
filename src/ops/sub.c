/* sub: out = a - b, broadcast. Both operands go to INT32 at the scale 2 max(s_a, s_b) / 2^12, so that the
 * difference of two 16-bit values keeps 12 more bits. */
#include "ops/families/binary.h"

static double real(double a, double b)
{
    return a - b;
}

static double slope(const ns_aten_node *node, const ns_term *term, const double *values, int factor)
{
    (void)node;
    (void)term;
    (void)values;
    return factor == 0 ? 1 : -1;
}

const ns_aten_operator ns_aten_op_sub = {
    .name = "sub",
    .aten = "aten.sub.Tensor",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    NS_BINARY_FAMILY((&(const ns_binary){real, NS_OP_SUB, ns_binary_headroom_scales})),
    .term_kind = NS_TERMS_SUM,
    .slope = slope,
    .bound = ns_bound_sum,
};
