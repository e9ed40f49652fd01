/* sqrt: out = square root of x, one IEEE operation; NaN below 0. The quantiser sees pow(x, 0.5)
 * (decompose_sqrt_pass.py). */
#include <math.h>

#include "ir/interface.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"

static double real(const ns_aten_node *node, double x)
{
    (void)node;
    return sqrt(x);
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    (void)node;
    return ns_aten_call(program, &ns_aten_op_pow, 1, inputs, NS_ARGUMENTS({"exponent", NS_REAL(0.5)}), out,
                        error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_UNARY(NS_UNIFORM, 0.1, 1, 1, 40)},
    {NS_LIST_SEED, "rank2", NS_UNARY(NS_UNIFORM, 0.1, 1, 2, 5, 10)},
    {NS_LIST_SEED, "rank3", NS_UNARY(NS_UNIFORM, 0.1, 3, 3, 2, 5, 10)},
};

const ns_aten_operator ns_aten_op_sqrt = {
    .name = "sqrt",
    .aten = "aten.sqrt.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    .family = &(const ns_table){.real = real},
    .infer = ns_infer_same,
    .exact = ns_table_exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .terms = ns_terms_elementwise,
    .sweepable = true,
    .catalogue = NS_CATALOGUE(UNARY, cases, NS_EXECUTORCH_QTOL, NS_EXECUTORCH_EPSILON, ns_unary_build),
};
