/* remainder: x - d * floor(x / d), d a number: of d's sign. fmod is exact in double, and so is one addition
 * of d to a smaller number of the other sign but for one rounding. It jumps at every multiple of d, where a
 * table of straight segments cannot follow (ExecuTorch 1.5.1, backends/arm/_passes/insert_table_ops.py,
 * decompose_remainder_pass.py). */
#include <math.h>

#include "ir/interface.h"
#include "ops/declared.h"
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

/* ---- of two tensors: x - floor(x / y) * y, decomposed before the quantiser sees it ---- */

static double real_of_two(double x, double y)
{
    const double rest = fmod(x, y);
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

static ns_code exact_of_two(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                            ns_error *error)
{
    return ns_broadcast(node, operands, out, real_of_two, error);
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    int quotient = 0, product = 0;
    (void)node;
    NS_TRY(ns_aten_call(program, &ns_aten_op_floor_divide, 2, inputs, NULL, &quotient, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){quotient, inputs[1]}, NULL, &product, error));
    return ns_aten_call(program, &ns_aten_op_sub, 2, (int[]){inputs[0], product}, NULL, out, error);
}

const ns_aten_operator ns_aten_op_remainder_tensor = {
    .name = "remainder.tensor",
    .aten = "aten.remainder.Tensor",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    .infer = ns_infer_broadcast,
    .exact = exact_of_two,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
};
