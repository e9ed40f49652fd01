/* cat: the operands one behind the other along axis `dim`: CONCAT; all share one observer. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { TENSORS, DIM };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *first = ns_aten_operand(program, node, 0);
    int axis = 0;
    NS_TRY(ns_infer_same(program, node, error));
    NS_TRY(ns_move_dim(node, node->attributes[DIM].integer, first->rank, &axis, error));
    for (int k = 1; k < node->input_count; k++) {
        const ns_aten_node *other = ns_aten_operand(program, node, k);
        bool fits = other->rank == first->rank && other->dtype == first->dtype;
        for (int i = 0; fits && i < first->rank; i++)
            fits = i == axis || other->shape[i] == first->shape[i];
        if (!fits)
            return ns_fail(error, NS_ERROR_INPUT, "%s: operand %d does not fit the first", node->op->aten, k);
        node->shape[axis] += other->shape[axis];
    }
    return NS_OK;
}

static int axis_of(const ns_aten_node *node)
{
    return ns_move_axis(node->attributes[DIM].integer, node->rank);
}

static bool source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                   int64_t *from)
{
    const int axis = axis_of(node);
    int64_t at[NS_MAX_RANK] = {0};
    ns_coordinates(node, element, at);
    for (*operand = 0; at[axis] >= ns_aten_operand(program, node, *operand)->shape[axis]; ++*operand)
        at[axis] -= ns_aten_operand(program, node, *operand)->shape[axis];
    *from = ns_broadcast_element(ns_aten_operand(program, node, *operand), node->rank, at);
    return true;
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    int *inputs = NS_ARENA_ARRAY(lowering->arena, (size_t)result->input_count, int), step = 0;
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d operands", result->input_count);
    for (int i = 0; i < result->input_count; i++)
        NS_TRY(ns_lowering_own(lowering, result->inputs[i], &inputs[i], error));
    NS_TRY(ns_plan_concat(&lowering->plan, result->input_count, inputs, axis_of(result), NS_PLAN_END, &step,
                          error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "same_scale",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 8), NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 8), {"dim", NS_INT(0)})},
    {NS_LIST_SEED, "two_scales",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), NS_INPUT(NS_NORMAL, 0, 8, 4, 1, 2, 8, 10),
              {"dim", NS_INT(1)})},
};

const ns_aten_operator ns_aten_op_cat = {
    .name = "cat",
    .aten = "aten.cat.default",
    NS_PARAMETERS({"tensors", NS_ATEN_TENSORS}, {"dim", NS_ATEN_INT}),
    NS_MOVE_FAMILY((&(const ns_move){.source = source})),
    .infer = infer,
    .supported = ns_supported_always,
    .lower = lower,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
