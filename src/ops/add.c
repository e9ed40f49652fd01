/* add: out = a + alpha * b, broadcast. Both operands go to INT32 at the scale 2 max(s_a, s_b) / 2^12, so that
 * the sum of two 16-bit values keeps 12 more bits. */
#include "ops/families/alpha.h"

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    (void)error;
    return ns_alpha_exact(node, operands, 1, out);
}

const ns_aten_operator ns_aten_op_add = {
    .name = "add",
    .aten = "aten.add.Tensor",
    NS_ALPHA_FAMILY((&(const ns_binary){.op = NS_OP_ADD, .scales = ns_binary_headroom_scales}), exact),
    .slope = ns_slope_one,
};
