/* glu: a * sigmoid(b), a and b the halves of axis `dim`. Decomposed before the quantiser sees it
 * (ExecuTorch 1.5.1, backends/arm/_passes/decompose_glu_pass.py): two slices, sigmoid, mul. */
#include <math.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/movement.h"

enum { SELF, DIM };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    int axis = 0;
    NS_TRY(ns_infer_same(program, node, error));
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, node->rank, &axis, error));
    if (node->shape[axis] % 2)
        return ns_fail(error, NS_ERROR_INPUT, "%s: axis %d has no halves", node->op->aten, axis);
    node->shape[axis] /= 2;
    return NS_OK;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const ns_aten_node *input = operands->nodes[0];
    int axis = 0;
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, node->rank, &axis, error));
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        int64_t at[NS_MAX_RANK] = {0};
        ns_coordinates(node, i, at);
        const double a = operands->values[0][ns_broadcast_element(input, input->rank, at)];
        at[axis] += node->shape[axis];
        out[i] = a / (1 + exp(-operands->values[0][ns_broadcast_element(input, input->rank, at)]));
    }
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    int axis = 0, a, b;
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, node->rank, &axis, error));
    const int64_t middle = node->shape[axis];
    NS_TRY(ns_aten_call(program, &ns_aten_op_slice, 1, inputs,
                        NS_ARGUMENTS({"dim", NS_INT(axis)}, {"start", NS_INT(0)}, {"end", NS_INT(middle)}),
                        &a, error));
    NS_TRY(ns_aten_call(
        program, &ns_aten_op_slice, 1, inputs,
        NS_ARGUMENTS({"dim", NS_INT(axis)}, {"start", NS_INT(middle)}, {"end", NS_INT(2 * middle)}), &b,
        error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_sigmoid, 1, &b, NULL, &b, error));
    return ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){a, b}, NULL, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 10), {"dim", NS_INT(-1)})},
    {NS_LIST_SEED, "rank4", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 6, 8, 10), {"dim", NS_INT(1)})},
};

const ns_aten_operator ns_aten_op_glu = {
    .name = "glu",
    .aten = "aten.glu.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INT, .otherwise = NS_INT(-1)}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
