/* squeeze.dim: without those of the axes `dim` whose size is 1; of all axes where none is named. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, DIM };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const ns_aten_attribute *dims = &node->attributes[DIM];
    bool named[NS_MAX_RANK] = {false};
    int64_t shape[NS_MAX_RANK];
    int axis = 0, rank = 0;
    for (int i = 0; i < dims->count; i++) {
        NS_TRY(ns_move_dim(node, dims->list[i], input->rank, &axis, error));
        named[axis] = true;
    }
    for (int i = 0; i < input->rank; i++)
        if (input->shape[i] != 1 || (dims->count && !named[i]))
            shape[rank++] = input->shape[i];
    return ns_view_shape(program, node, rank, shape, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "front", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 3, 1, 8, 8), {"dim", NS_LIST(1, 0)})},
    {NS_LIST_SEED, "last", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 3, 1), {"dim", NS_LIST(1, -1)})},
};

const ns_aten_operator ns_aten_op_squeeze_dim = {
    .name = "squeeze.dim",
    .aten = "aten.squeeze.dim",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INTS}),
    NS_VIEW_FAMILY,
    .only_view = ns_view_same_shape,
    .infer = infer,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
