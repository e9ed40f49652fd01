/* permute: axis i of the result is axis dims[i] of the operand. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, DIMS };

static ns_code axes_of(const ns_aten_program *program, const ns_aten_node *node, int *axes, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const ns_aten_attribute *dims = &node->attributes[DIMS];
    unsigned seen = 0;
    for (int i = 0; dims->count == input->rank && i < dims->count; i++) {
        NS_TRY(ns_move_dim(node, dims->list[i], input->rank, &axes[i], error));
        seen |= 1u << axes[i];
    }
    if (dims->count != input->rank || seen != (1u << input->rank) - 1)
        return ns_fail(error, NS_ERROR_INPUT, "%s: dims are no order of %d axes", node->op->aten,
                       input->rank);
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank3", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 3, 4), {"dims", NS_LIST(3, 2, 0, 1)})},
    {NS_LIST_SEED, "rank4",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), {"dims", NS_LIST(4, 0, 2, 3, 1)})},
};

const ns_aten_operator ns_aten_op_permute = {
    .name = "permute",
    .aten = "aten.permute.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dims", NS_ATEN_INTS, .required = true}),
    NS_PERMUTE_FAMILY(axes_of),
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
