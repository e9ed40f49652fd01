/* flatten: the axes start_dim to end_dim become one. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, START, END };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    int64_t shape[NS_MAX_RANK] = {1};
    int first = 0, last = 0, rank = 0;
    if (input->rank == 0)
        return ns_view_shape(program, node, 1, shape, error);
    NS_TRY(ns_move_dim(node, node->attributes[START].integer, input->rank, &first, error));
    NS_TRY(ns_move_dim(node, node->attributes[END].integer, input->rank, &last, error));
    if (first > last)
        return ns_fail(error, NS_ERROR_INPUT, "%s: start_dim %d lies behind end_dim %d", node->op->aten,
                       first, last);
    for (int i = 0; i < input->rank; i++)
        if (i > first && i <= last)
            shape[rank - 1] *= input->shape[i];
        else
            shape[rank++] = input->shape[i];
    return ns_view_shape(program, node, rank, shape, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "behind_batch",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 2, 3, 4, 2), {"start_dim", NS_INT(1)})},
};

const ns_aten_operator ns_aten_op_flatten = {
    .name = "flatten",
    .aten = "aten.flatten.using_ints",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"start_dim", NS_ATEN_INT},
                  {"end_dim", NS_ATEN_INT, .otherwise = NS_INT(-1)}),
    NS_VIEW_FAMILY,
    .only_view = ns_view_always,
    .infer = infer,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
