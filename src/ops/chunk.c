/* chunk: piece `result` of axis `dim` in at most `chunks` pieces of equal size, the last of what is left. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, CHUNKS, DIM, RESULT };

static ns_code range_of(const ns_aten_program *program, const ns_aten_node *node, ns_part_range *range,
                        ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const int64_t chunks = node->attributes[CHUNKS].integer, index = node->attributes[RESULT].integer;
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, input->rank, &range->axis, error));
    const int64_t size = input->shape[range->axis];
    const int64_t piece = chunks > 0 ? (size + chunks - 1) / chunks : 0;
    if (piece < 1 || index < 0 || index >= (size + piece - 1) / piece)
        return ns_fail(error, NS_ERROR_INPUT, "%s: there is no piece %lld of %lld", node->op->aten,
                       (long long)index, (long long)chunks);
    range->start = index * piece;
    range->size = size - range->start < piece ? size - range->start : piece;
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "second",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 10), {"chunks", NS_INT(2)}, {"dim", NS_INT(1)},
              {"result", NS_INT(1)})},
};

const ns_aten_operator ns_aten_op_chunk = {
    .name = "chunk",
    .aten = "aten.chunk.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"chunks", NS_ATEN_INT, .required = true}, {"dim", NS_ATEN_INT},
                  {"result", NS_ATEN_INT}),
    NS_PART_FAMILY(range_of),
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
