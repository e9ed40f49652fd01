/* asinh: log(x + sqrt(x^2 + 1)). */
#include <math.h>

#include "ops/families/table.h"

static double real(const ns_aten_node *node, double x)
{
    (void)node;
    return ns_mpfr_round(mpfr_asinh, x);
}

static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return (float)asinh((double)x);
}

const ns_aten_operator ns_aten_op_asinh = {
    .name = "asinh",
    .aten = "aten.asinh.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){real, float32})),
    .bound = ns_bound_sum, /* the slope is at most 1 */
};
