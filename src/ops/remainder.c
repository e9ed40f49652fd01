/* remainder: x - d * floor(x / d), d a number: of d's sign. fmod is exact in double, and so is one addition
 * of d to a smaller number of the other sign but for one rounding. It jumps at every multiple of d, where a
 * table of straight segments cannot follow (ExecuTorch 1.5.1, backends/arm/_passes/insert_table_ops.py,
 * decompose_remainder_pass.py). */
#include <math.h>

#include "ops/families/arithmetic.h"

enum { SELF, OTHER };

static double real(const ns_aten_node *node, double x)
{
    const double d = node->attributes[OTHER].real, rest = fmod(x, d);
    return rest != 0 && (rest < 0) != (d < 0) ? rest + d : rest;
}

static float float32(const ns_aten_node *node, float x)
{
    const float d = (float)node->attributes[OTHER].real, rest = fmodf(x, d);
    return rest != 0 && (rest < 0) != (d < 0) ? rest + d : rest;
}

#define BY(value) NS_ARGUMENTS({"other", NS_REAL(value)})

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "within", NS_UNARY_WITH(BY(8), NS_UNIFORM, 0.5, 7, 2, 8, 8)},
    {NS_LIST_SEED, "jumps", NS_UNARY_WITH(BY(2), NS_NORMAL, 0, 2, 2, 8, 8)},
};

const ns_aten_operator ns_aten_op_remainder = {
    .name = "remainder",
    .aten = "aten.remainder.Scalar",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_REAL, .required = true}),
    NS_TABLE_FAMILY((&(const ns_table){.real = real, .float32 = float32})),
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
