/* split: piece `result` of axis `dim` in pieces of `split_size`, the last of what is left. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, SPLIT_SIZE, DIM, RESULT };

static ns_code range_of(const ns_aten_program *program, const ns_aten_node *node, ns_part_range *range,
                        ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const int64_t piece = node->attributes[SPLIT_SIZE].integer, index = node->attributes[RESULT].integer;
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, input->rank, &range->axis, error));
    const int64_t size = input->shape[range->axis];
    if (piece < 1 || index < 0 || index >= (size + piece - 1) / piece)
        return ns_fail(error, NS_ERROR_INPUT, "%s: there is no piece %lld of size %lld", node->op->aten,
                       (long long)index, (long long)piece);
    range->start = index * piece;
    range->size = size - range->start < piece ? size - range->start : piece;
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "second",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 10), {"split_size", NS_INT(4)}, {"dim", NS_INT(1)},
              {"result", NS_INT(1)})},
    {NS_LIST_SEED, "last",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 10), {"split_size", NS_INT(4)}, {"dim", NS_INT(1)},
              {"result", NS_INT(2)})},
};

const ns_aten_operator ns_aten_op_split = {
    .name = "split",
    .aten = "aten.split.Tensor",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"split_size", NS_ATEN_INT, .required = true},
                  {"dim", NS_ATEN_INT}, {"result", NS_ATEN_INT}),
    NS_PART_FAMILY(range_of),
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
