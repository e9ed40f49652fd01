/* mul: out = a * b, broadcast. Operands go to INT32 at their own scales, the product has the product of the
 * scales. */
#include "ops/families/binary.h"

static double real(double a, double b)
{
    return a * b;
}

static ns_binary_scales scales(double a, double b)
{
    return (ns_binary_scales){a, b, a * b};
}

const ns_aten_operator ns_aten_op_mul = {
    .name = "mul",
    .aten = "aten.mul.Tensor",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    NS_BINARY_FAMILY((&(const ns_binary){real, NS_OP_MUL, scales})),
    .term_kind = NS_TERMS_SUM,
    .slope = ns_slope_product,
    .bound = ns_bound_product,
};
