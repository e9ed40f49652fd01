/* split: piece `result` of axis `dim` in pieces of `split_size`, the last of what is left, or of the sizes
 * that a list of several has. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, SPLIT_SIZE, DIM, RESULT };

static ns_code range_of_sizes(const ns_aten_node *node, int64_t size, ns_part_range *range, ns_error *error)
{
    const ns_aten_attribute *sizes = &node->attributes[SPLIT_SIZE];
    const int64_t index = node->attributes[RESULT].integer;
    int64_t end = 0;
    for (int i = 0; i < sizes->count; i++) {
        const int64_t piece = sizes->list[i];
        if (piece < 0 || piece > size - end)
            return ns_fail(error, NS_ERROR_INPUT, "%s: the pieces do not fit an axis of %lld", node->op->aten,
                           (long long)size);
        if (i == index) {
            range->start = end;
            range->size = piece;
        }
        end += piece;
    }
    return end == size && index >= 0 && index < sizes->count
               ? NS_OK
               : ns_fail(error, NS_ERROR_INPUT,
                         "%s: there is no piece %lld, or the pieces leave something over", node->op->aten,
                         (long long)index);
}

static ns_code range_of(const ns_aten_program *program, const ns_aten_node *node, ns_part_range *range,
                        ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const ns_aten_attribute *sizes = &node->attributes[SPLIT_SIZE];
    const int64_t index = node->attributes[RESULT].integer;
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, input->rank, &range->axis, error));
    const int64_t size = input->shape[range->axis], piece = sizes->count ? sizes->list[0] : 0;
    if (sizes->count > 1)
        return range_of_sizes(node, size, range, error);
    if (piece < 1 || index < 0 || index >= (size + piece - 1) / piece)
        return ns_fail(error, NS_ERROR_INPUT, "%s: there is no piece %lld of size %lld", node->op->aten,
                       (long long)index, (long long)piece);
    range->start = index * piece;
    range->size = size - range->start < piece ? size - range->start : piece;
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "second",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 10), {"split_size", NS_LIST(1, 4)}, {"dim", NS_INT(1)},
              {"result", NS_INT(1)})},
    {NS_LIST_SEED, "last",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 10), {"split_size", NS_LIST(1, 4)}, {"dim", NS_INT(1)},
              {"result", NS_INT(2)})},
    {NS_LIST_SEED, "sizes",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 10), {"split_size", NS_LIST(3, 5, 2, 3)}, {"dim", NS_INT(1)},
              {"result", NS_INT(1)})},
};

const ns_aten_operator ns_aten_op_split = {
    .name = "split",
    .aten = "aten.split.Tensor",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"split_size", NS_ATEN_INTS, .required = true},
                  {"dim", NS_ATEN_INT}, {"result", NS_ATEN_INT}),
    NS_PART_FAMILY(range_of),
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
