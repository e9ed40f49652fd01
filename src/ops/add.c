/* add: out = a + alpha * b, broadcast. Both operands go to INT32 at the scale 2 max(s_a, s_b) / 2^12, so that
 * the sum of two 16-bit values keeps 12 more bits. */
#include "ops/cases.h"
#include "ops/families/arithmetic.h"

static double real(double a, double b)
{
    return a + b;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "same_scale",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
    {NS_LIST_SEED, "two_scales",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), NS_INPUT(NS_NORMAL, 0, 8, 4, 1, 3, 8, 10))},
    {NS_LIST_SEED, "broadcast",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), NS_INPUT(NS_UNIFORM, 0, 4, 3, 3, 1, 10))},
    {NS_LIST_SEED, "alpha",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8),
              {"alpha", NS_REAL(2.5)})},
};

const ns_aten_operator ns_aten_op_add = {
    .name = "add",
    .aten = "aten.add.Tensor",
    NS_ALPHA_FAMILY((&(const ns_binary){real, NS_OP_ADD, ns_binary_headroom_scales})),
    .slope = ns_slope_one,
    .catalogue = NS_CALL_CATALOGUE(BINARY, cases),
};
