/* select: element `index` of axis `dim`; the axis goes. */
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/movement.h"

enum { SELF, DIM, INDEX };

static ns_code range_of(const ns_aten_program *program, const ns_aten_node *node, ns_part_range *range,
                        ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    int index = 0;
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, input->rank, &range->axis, error));
    NS_TRY(ns_move_dim(node, node->attributes[INDEX].integer, (int)input->shape[range->axis], &index, error));
    range->start = index;
    range->size = 1;
    range->drop = true;
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "first",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 8), {"dim", NS_INT(0)}, {"index", NS_INT(1)})},
    {NS_LIST_SEED, "last",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), {"dim", NS_INT(-1)}, {"index", NS_INT(-1)})},
};

const ns_aten_operator ns_aten_op_select = {
    .name = "select",
    .aten = "aten.select.int",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INT, .required = true},
                  {"index", NS_ATEN_INT, .required = true}),
    NS_PART_FAMILY(range_of),
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};

/* ---- unbind: element `result` ---- */

static ns_code range_of_result(const ns_aten_program *program, const ns_aten_node *node, ns_part_range *range,
                               ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, input->rank, &range->axis, error));
    range->start = node->attributes[INDEX].integer;
    range->size = 1;
    range->drop = true;
    return NS_OK;
}

const ns_aten_operator ns_aten_op_unbind = {
    .name = "unbind",
    .aten = "aten.unbind.int",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INT}, {"result", NS_ATEN_INT}),
    NS_PART_FAMILY(range_of_result),
};
