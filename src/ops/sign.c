/* sign: -1, 0 or 1. Decomposed before the quantiser sees it (ExecuTorch 1.5.1,
 * backends/arm/_passes/decompose_sign_pass.py): x > 0 and x < 0 choose, by three where, among 0 = x * 0, 1 =
 * x * 0 + 1 and its neg. On Ethos-U55 comparisons and where stay on the CPU. */
#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"
#include "ops/families/reductions.h"

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        out[i] = (operands->values[0][i] > 0) - (operands->values[0][i] < 0);
    }
    return NS_OK;
}

/* `op` of `x` and a number, which becomes a constant of x's rank. */
static ns_code with_number(ns_aten_program *program, const ns_aten_operator *op, int x, float number,
                           int *out, ns_error *error)
{
    int constant = 0;
    NS_TRY(ns_decompose_number(program, program->nodes[x].rank, number, &constant, error));
    return ns_aten_call(program, op, 2, (int[]){x, constant}, NULL, out, error);
}

static ns_code choose(ns_aten_program *program, int condition, int a, int b, int *out, ns_error *error)
{
    return ns_aten_call(program, &ns_aten_op_where, 3, (int[]){condition, a, b}, NULL, out, error);
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    int above = 0, below = 0, zero = 0, one = 0, minus_one = 0, negative = 0, positive = 0;
    (void)node;
    NS_TRY(with_number(program, &ns_aten_op_gt_scalar, inputs[0], 0, &above, error));
    NS_TRY(with_number(program, &ns_aten_op_lt_scalar, inputs[0], 0, &below, error));
    NS_TRY(with_number(program, &ns_aten_op_mul, inputs[0], 0, &zero, error));
    NS_TRY(with_number(program, &ns_aten_op_add, zero, 1, &one, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_neg, 1, &one, NULL, &minus_one, error));
    NS_TRY(choose(program, below, minus_one, zero, &negative, error));
    NS_TRY(choose(program, above, one, zero, &positive, error));
    return choose(program, below, negative, positive, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8))},
};

const ns_aten_operator ns_aten_op_sign = {
    .name = "sign",
    .aten = "aten.sign.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}),
    .infer = ns_infer_same,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(UNARY, cases),
};
