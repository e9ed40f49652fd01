/* atanh: log((1 + x) / (1 - x)) / 2; infinite at both ends of [-1, 1]. ExecuTorch fixes the operand's scale
 * (_fixed_input_qspec_ops, quantization_annotator.py). */
#include <math.h>

#include "ops/cases.h"
#include "ops/families/arithmetic.h"

static double real(const ns_aten_node *node, double x)
{
    (void)node;
    return ns_mpfr_round(mpfr_atanh, x);
}

static float float32(const ns_aten_node *node, float x)
{
    (void)node;
    return (float)atanh((double)x);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank1", NS_CALL1(NS_INPUT(NS_UNIFORM, -0.8, 1.6, 1, 10))},
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_UNIFORM, -0.8, 1.6, 2, 8, 8))},
    {NS_LIST_SEED, "rank4", NS_CALL1(NS_INPUT(NS_UNIFORM, -0.8, 1.6, 4, 1, 3, 8, 10))},
};

const ns_aten_operator ns_aten_op_atanh = {
    .name = "atanh",
    .aten = "aten.atanh.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    NS_TABLE_FAMILY((&(const ns_table){real, float32})),
    .input_scale = 1.99998 / 65536,
    .bound = ns_table_bound_monotone,
    .catalogue = NS_CALL_CATALOGUE(UNARY, cases),
};
