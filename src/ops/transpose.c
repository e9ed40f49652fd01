/* transpose: axes dim0 and dim1 change places. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, DIM0, DIM1 };

static ns_code axes_of(const ns_aten_program *program, const ns_aten_node *node, int *axes, ns_error *error)
{
    const int rank = ns_aten_operand(program, node, 0)->rank;
    int first = 0, second = 0;
    NS_TRY(ns_move_dim(node, node->attributes[DIM0].integer, rank, &first, error));
    NS_TRY(ns_move_dim(node, node->attributes[DIM1].integer, rank, &second, error));
    for (int i = 0; i < rank; i++)
        axes[i] = i == first ? second : i == second ? first : i;
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 5, 7), {"dim0", NS_INT(0)}, {"dim1", NS_INT(1)})},
    {NS_LIST_SEED, "rank4",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), {"dim0", NS_INT(1)}, {"dim1", NS_INT(3)})},
};

const ns_aten_operator ns_aten_op_transpose = {
    .name = "transpose",
    .aten = "aten.transpose.int",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim0", NS_ATEN_INT, .required = true},
                  {"dim1", NS_ATEN_INT, .required = true}),
    NS_PERMUTE_FAMILY(axes_of),
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
