/* add: out = a + b, broadcast. Both operands go to INT32 at the scale 2 max(s_a, s_b) / 2^12, so that the sum
 * of two 16-bit values keeps 12 more bits. */
#include "ops/families/binary.h"

static double real(double a, double b)
{
    return a + b;
}

const ns_aten_operator ns_aten_op_add = {
    .name = "add",
    .aten = "aten.add.Tensor",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    NS_BINARY_FAMILY((&(const ns_binary){real, NS_OP_ADD, ns_binary_headroom_scales})),
    .term_kind = NS_TERMS_SUM,
    .slope = ns_slope_one,
    .bound = ns_bound_sum,
};
