/* repeat_interleave: each element of axis `dim` `repeats` times in a row: an axis of 1 behind it (unsqueeze),
 * repeat, and reshape. */
#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/movement.h"
#include "ops/families/reductions.h"

enum { SELF, REPEATS, DIM };

static ns_code axis_of(const ns_aten_node *node, const ns_aten_node *input, int *axis, ns_error *error)
{
    if (node->attributes[DIM].none)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s without dim is not known", node->op->aten);
    return ns_move_dim(node, node->attributes[DIM].integer, input->rank, axis, error);
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    int axis = 0;
    NS_TRY(ns_infer_same(program, node, error));
    NS_TRY(axis_of(node, ns_aten_operand(program, node, 0), &axis, error));
    if (node->attributes[REPEATS].integer < 0)
        return ns_fail(error, NS_ERROR_INPUT, "%s: repeats is negative", node->op->aten);
    node->shape[axis] *= node->attributes[REPEATS].integer;
    return NS_OK;
}

static bool source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                   int64_t *from)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    int64_t at[NS_MAX_RANK] = {0};
    ns_coordinates(node, element, at);
    at[ns_move_axis(node->attributes[DIM].integer, node->rank)] /= node->attributes[REPEATS].integer;
    *operand = 0;
    *from = ns_broadcast_element(input, input->rank, at);
    return true;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    int64_t times[NS_MAX_RANK];
    int axis = 0;
    NS_TRY(axis_of(node, &program->nodes[inputs[0]], &axis, error));
    if (node->rank == NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: rank %d has no room for an axis", node->op->aten,
                       node->rank);
    for (int i = 0; i <= node->rank; i++)
        times[i] = i == axis + 1 ? node->attributes[REPEATS].integer : 1;
    NS_TRY(ns_aten_call(program, &ns_aten_op_unsqueeze, 1, inputs, NS_ARGUMENTS({"dim", NS_INT(axis + 1)}),
                        out, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_repeat, 1, out,
                        NS_ARGUMENTS({"repeats", NS_INTS(node->rank + 1, times)}), out, error));
    return ns_decompose_reshape(program, *out, node->rank, node->shape, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "dim1",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 2, 5), {"repeats", NS_INT(3)}, {"dim", NS_INT(1)})},
};

const ns_aten_operator ns_aten_op_repeat_interleave = {
    .name = "repeat_interleave",
    .aten = "aten.repeat_interleave.self_int",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"repeats", NS_ATEN_INT, .required = true},
                  {"dim", NS_ATEN_INT, .otherwise = NS_ABSENT},
                  {"output_size", NS_ATEN_INT, .otherwise = NS_ABSENT}),
    NS_MOVE_FAMILY((&(const ns_move){.source = source})),
    .infer = infer,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
