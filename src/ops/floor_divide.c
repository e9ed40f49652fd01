/* floor_divide: floor(a / b), broadcast. Decomposed before the quantiser sees it (ExecuTorch 1.5.1,
 * backends/arm/_passes/decompose_floor_divide_pass.py, decompose_div_tensor_mode.py): div, floor. */
#include <math.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"

static double real(double a, double b)
{
    return floor(a / b);
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    return ns_broadcast(node, operands, out, real, error);
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    (void)node;
    NS_TRY(ns_aten_call(program, &ns_aten_op_div, 2, inputs, NULL, out, error));
    return ns_aten_call(program, &ns_aten_op_floor, 1, out, NULL, out, error);
}

/* Quotients stay away from whole numbers, where a step of the scale is a step of the result. */
static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2",
     NS_CALL2(NS_INPUT(NS_RAMP, -31.5, 1, 2, 8, 8), NS_INPUT(NS_CONSTANT, 1, 0, 2, 8, 8))},
};

const ns_aten_operator ns_aten_op_floor_divide = {
    .name = "floor_divide",
    .aten = "aten.floor_divide.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    .infer = ns_infer_broadcast,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(BINARY, cases),
};
