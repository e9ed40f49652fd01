/* addmm: out = beta * x + alpha * (a @ b). Decomposed before the quantiser sees it (ExecuTorch 1.5.1,
 * backends/arm/_passes/decompose_addmm_pass.py): mm, mul by alpha, mul of x by beta, add; both muls stand for
 * 1 too. */
#include "ir/interface.h"
#include "num/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"
#include "ops/families/reductions.h"

enum { X, A, B, BETA, ALPHA };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *x = ns_aten_operand(program, node, X), *a = ns_aten_operand(program, node, A),
                       *b = ns_aten_operand(program, node, B);
    bool fits = a->rank == 2 && b->rank == 2 && a->shape[1] == b->shape[0] && x->rank <= 2;
    for (int i = 0; fits && i < x->rank; i++) {
        const int64_t dim = 2 - x->rank + i ? b->shape[1] : a->shape[0];
        fits = x->shape[i] == 1 || x->shape[i] == dim;
    }
    if (!fits)
        return ns_fail(error, NS_ERROR_INPUT, "%s needs [n, k] and [k, m] and what broadcasts to [n, m]",
                       node->op->aten);
    node->rank = 2;
    node->shape[0] = a->shape[0];
    node->shape[1] = b->shape[1];
    return NS_OK;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const double alpha = node->attributes[ALPHA].real, beta = node->attributes[BETA].real;
    const int64_t inner = operands->nodes[A]->shape[1], columns = node->shape[1];
    for (int64_t row = 0; row < node->shape[0]; row++)
        for (int64_t column = 0; column < columns; column++) {
            ns_double2 sum = {0, 0};
            NS_TRY(ns_aten_spend(operands, inner, error));
            const int64_t at[2] = {row, column};
            for (int64_t k = 0; k < inner; k++)
                ns_double2_add_product(&sum, operands->values[A][row * inner + k],
                                       operands->values[B][k * columns + column]);
            *out++ = alpha * (sum.hi + sum.lo) +
                     beta * operands->values[X][ns_broadcast_element(operands->nodes[X], 2, at)];
        }
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    int product, scaled, addend;
    NS_TRY(ns_aten_call(program, &ns_aten_op_mm, 2, &inputs[A], NULL, &product, error));
    NS_TRY(ns_decompose_scale_full(program, product, node->attributes[ALPHA].real, &scaled, error));
    NS_TRY(ns_decompose_scale_full(program, inputs[X], node->attributes[BETA].real, &addend, error));
    return ns_aten_call(program, &ns_aten_op_add, 2, (int[]){scaled, addend}, NULL, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "plain",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 2, 5, 3), NS_INPUT(NS_NORMAL, 0, 1, 2, 5, 16),
              NS_INPUT(NS_NORMAL, 0, 1, 2, 16, 3))},
    {NS_LIST_SEED, "row_bias",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 1, 3), NS_INPUT(NS_NORMAL, 0, 1, 2, 5, 16),
              NS_INPUT(NS_NORMAL, 0, 1, 2, 16, 3))},
    {NS_LIST_SEED, "alpha_beta",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 2, 5, 3), NS_INPUT(NS_NORMAL, 0, 1, 2, 5, 16),
              NS_INPUT(NS_NORMAL, 0, 1, 2, 16, 3), {"beta", NS_REAL(0.5)}, {"alpha", NS_REAL(2.0)})},
};

const ns_aten_operator ns_aten_op_addmm = {
    .name = "addmm",
    .aten = "aten.addmm.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"mat1", NS_ATEN_TENSOR}, {"mat2", NS_ATEN_TENSOR},
                  {"beta", NS_ATEN_REAL, .otherwise = NS_REAL(1)},
                  {"alpha", NS_ATEN_REAL, .otherwise = NS_REAL(1)}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(PRODUCT, cases),
};
