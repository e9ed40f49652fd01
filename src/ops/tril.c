/* tril: the elements on and below diagonal `diagonal` of the last two axes; 0 above. Decomposed before the
 * quantiser sees it (ExecuTorch 1.5.1, backends/arm/_passes/decompose_tril_pass.py): where(row + diagonal >=
 * column, x, 0), rows and columns as constants that the NPU compares. */
#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"
#include "ops/families/reductions.h"

enum { SELF, DIAGONAL };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    NS_TRY(ns_infer_same(program, node, error));
    return node->rank >= 2 ? NS_OK
                           : ns_fail(error, NS_ERROR_INPUT, "%s needs two axes or more, got %d",
                                     node->op->aten, node->rank);
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const int64_t rows = node->shape[node->rank - 2], columns = node->shape[node->rank - 1];
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        const int64_t column = (int64_t)i % columns, row = (int64_t)i / columns % rows;
        out[i] = row + node->attributes[DIAGONAL].integer >= column ? operands->values[0][i] : 0;
    }
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    const float diagonal = (float)node->attributes[DIAGONAL].integer, nothing = 0;
    const int64_t one[2] = {1, 1};
    int row, column, shift, mask, zero;
    NS_TRY(ns_decompose_range(program, node->shape[node->rank - 2], true, &row, error));
    NS_TRY(ns_decompose_range(program, node->shape[node->rank - 1], false, &column, error));
    if (node->attributes[DIAGONAL].integer) {
        NS_TRY(ns_aten_add_parameter(program, NULL, 2, one, &diagonal, &shift, error));
        NS_TRY(ns_aten_call(program, &ns_aten_op_add, 2, (int[]){row, shift}, NULL, &row, error));
    }
    NS_TRY(ns_aten_call(program, &ns_aten_op_ge, 2, (int[]){row, column}, NULL, &mask, error));
    NS_TRY(ns_aten_add_parameter(program, NULL, 0, NULL, &nothing, &zero, error));
    return ns_aten_call(program, &ns_aten_op_where, 3, (int[]){mask, inputs[0], zero}, NULL, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "main", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 6, 6))},
    {NS_LIST_SEED, "above", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 3, 1, 5, 7), {"diagonal", NS_INT(1)})},
};

const ns_aten_operator ns_aten_op_tril = {
    .name = "tril",
    .aten = "aten.tril.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"diagonal", NS_ATEN_INT}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
