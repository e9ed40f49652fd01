/* unflatten: axis `dim` becomes the axes `sizes`, one of which may be -1, what is left over. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, DIM, SIZES };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const ns_aten_attribute *sizes = &node->attributes[SIZES];
    int64_t shape[3 * NS_MAX_RANK];
    int axis = 0, rank = 0;
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, input->rank, &axis, error));
    for (int i = 0; i < input->rank; i++)
        for (int k = 0; k < (i == axis ? sizes->count : 1); k++)
            shape[rank++] = i == axis ? sizes->list[k] : input->shape[i];
    return ns_view_shape(program, node, rank, shape, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 12), {"dim", NS_INT(-1)}, {"sizes", NS_LIST(2, 3, 4)})},
};

const ns_aten_operator ns_aten_op_unflatten = {
    .name = "unflatten",
    .aten = "aten.unflatten.int",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INT, .required = true},
                  {"sizes", NS_ATEN_INTS, .required = true}),
    NS_VIEW_FAMILY,
    .only_view = ns_view_always,
    .infer = infer,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
