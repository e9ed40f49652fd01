/* slice: every `step`-th of the elements start to end - 1 of axis `dim`; negative ones count from the end,
 * and both are held inside it. */
#include "ops/cases.h"
#include "ops/families/movement.h"

#include <stdint.h>

enum { SELF, DIM, START, END, STEP };

static int64_t hold(const ns_aten_attribute *value, int64_t otherwise, int64_t size)
{
    int64_t at = value->none ? otherwise : value->integer;
    at = at < 0 ? at + size : at;
    return at < 0 ? 0 : at > size ? size : at;
}

static ns_code range_of(const ns_aten_program *program, const ns_aten_node *node, ns_part_range *range,
                        ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, input->rank, &range->axis, error));
    const int64_t size = input->shape[range->axis], step = node->attributes[STEP].integer;
    if (step < 1)
        return ns_fail(error, NS_ERROR_INPUT, "%s: step %lld, at least 1 is needed", node->op->aten,
                       (long long)step);
    range->start = hold(&node->attributes[START], 0, size);
    const int64_t end = hold(&node->attributes[END], size, size);
    range->span = end > range->start ? end - range->start : 0;
    range->step = step < range->span || range->span == 0 ? step : range->span; /* both take the first alone */
    range->size = range->span / step + (range->span % step != 0);
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "middle",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 10), {"dim", NS_INT(1)}, {"start", NS_INT(2)},
              {"end", NS_INT(7)})},
    {NS_LIST_SEED, "rank4",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 6, 8, 10), {"dim", NS_INT(1)}, {"start", NS_INT(1)},
              {"end", NS_INT(4)})},
    {NS_LIST_SEED, "step3",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 9, 10), {"dim", NS_INT(1)}, {"start", NS_INT(1)},
              {"step", NS_INT(3)})},
};

const ns_aten_operator ns_aten_op_slice = {
    .name = "slice",
    .aten = "aten.slice.Tensor",
    NS_PARAMETERS(
        {"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INT}, {"start", NS_ATEN_INT, .otherwise = NS_ABSENT},
        {"end", NS_ATEN_INT, .otherwise = NS_ABSENT}, {"step", NS_ATEN_INT, .otherwise = NS_INT(1)}),
    NS_PART_FAMILY(range_of),
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
