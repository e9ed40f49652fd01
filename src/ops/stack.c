/* stack: the operands side by side along a new axis `dim`: an axis of 1 for each (unsqueeze), and cat. */
#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/movement.h"

enum { TENSORS, DIM };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *first = ns_aten_operand(program, node, 0);
    int axis = 0;
    if (first->rank == NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_INPUT, "%s: rank %d has no room for an axis", node->op->aten,
                       first->rank);
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, first->rank + 1, &axis, error));
    node->dtype = first->dtype;
    node->rank = first->rank + 1;
    for (int i = 0; i < node->rank; i++)
        node->shape[i] = i == axis ? node->input_count : first->shape[i - (i > axis)];
    for (int k = 1; k < node->input_count; k++) {
        const ns_aten_node *other = ns_aten_operand(program, node, k);
        bool fits = other->rank == first->rank;
        for (int i = 0; fits && i < first->rank; i++)
            fits = other->shape[i] == first->shape[i];
        if (!fits)
            return ns_fail(error, NS_ERROR_INPUT, "%s: operand %d has another shape than the first",
                           node->op->aten, k);
    }
    return NS_OK;
}

static bool source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                   int64_t *from)
{
    const ns_aten_node *first = ns_aten_operand(program, node, 0);
    const int axis = ns_move_axis(node->attributes[DIM].integer, node->rank);
    int64_t at[NS_MAX_RANK] = {0}, own[NS_MAX_RANK] = {0};
    ns_coordinates(node, element, at);
    for (int i = 0; i < first->rank; i++)
        own[i] = at[i + (i >= axis)];
    *operand = (int)at[axis];
    *from = ns_broadcast_element(first, first->rank, own);
    return true;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    const ns_aten_attribute dim = node->attributes[DIM];
    int *parts = NS_ARENA_ARRAY(program->arena, (size_t)node->input_count, int);
    if (!parts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d operands", node->input_count);
    for (int i = 0; i < node->input_count; i++)
        NS_TRY(ns_aten_call(program, &ns_aten_op_unsqueeze, 1, &inputs[i], NS_ARGUMENTS({"dim", dim}),
                            &parts[i], error));
    return ns_aten_call(program, &ns_aten_op_cat, node->input_count, parts, NS_ARGUMENTS({"dim", dim}), out,
                        error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "two",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 8), NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 8), {"dim", NS_INT(1)})},
};

const ns_aten_operator ns_aten_op_stack = {
    .name = "stack",
    .aten = "aten.stack.default",
    NS_PARAMETERS({"tensors", NS_ATEN_TENSORS}, {"dim", NS_ATEN_INT}),
    NS_MOVE_FAMILY((&(const ns_move){.source = source})),
    .infer = infer,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
