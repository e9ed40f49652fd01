/* unsqueeze: one more axis of size 1, in front of axis `dim`. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, DIM };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    int64_t shape[NS_MAX_RANK + 1];
    int axis = 0;
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, input->rank + 1, &axis, error));
    for (int i = 0; i <= input->rank; i++)
        shape[i] = i == axis ? 1 : input->shape[i - (i > axis)];
    return ns_view_shape(program, node, input->rank + 1, shape, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "front", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), {"dim", NS_INT(0)})},
    {NS_LIST_SEED, "last", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 3, 4), {"dim", NS_INT(-1)})},
};

const ns_aten_operator ns_aten_op_unsqueeze = {
    .name = "unsqueeze",
    .aten = "aten.unsqueeze.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INT, .required = true}),
    NS_VIEW_FAMILY,
    .infer = infer,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
