/* flip: the elements of axes `dims` in reverse: one REVERSE per dim, in the caller's order. On Ethos-U55 only
 * of axis 1 or 2 of four (ExecuTorch 1.5.1, backends/arm/operator_support/ethos_u55_support.py,
 * EthosU55ReverseCheck). */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, DIMS };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_attribute *dims = &node->attributes[DIMS];
    int axis = 0;
    NS_TRY(ns_infer_same(program, node, error));
    for (int i = 0; i < dims->count; i++)
        NS_TRY(ns_move_dim(node, dims->list[i], node->rank, &axis, error));
    return NS_OK;
}

static bool source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                   int64_t *from)
{
    const ns_aten_attribute *dims = &node->attributes[DIMS];
    int64_t at[NS_MAX_RANK] = {0};
    (void)program;
    ns_coordinates(node, element, at);
    for (int i = 0; i < dims->count; i++) {
        const int axis = ns_move_axis(dims->list[i], node->rank);
        at[axis] = node->shape[axis] - 1 - at[axis];
    }
    *operand = 0;
    *from = ns_broadcast_element(node, node->rank, at);
    return true;
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    const ns_aten_attribute *dims = &node->attributes[DIMS];
    const int axis = dims->count == 1 ? ns_move_axis(dims->list[0], node->rank) : 0;
    (void)program;
    if (target != NS_TARGET_U55 || (node->rank == 4 && (axis == 1 || axis == 2)))
        return NS_OK;
    return ns_keep_off(node, target, error,
                       "U55 flip support is limited to rank-4 channel or height reversal.");
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_aten_attribute *dims = &result->attributes[DIMS];
    int step = 0;
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &step, error));
    for (int i = 0; i < dims->count; i++) {
        ns_step reverse = ns_plan_like(&lowering->plan, NS_OP_REVERSE, &(int){step});
        reverse.attributes.axis = ns_move_axis(dims->list[i], result->rank);
        NS_TRY(ns_plan_add(&lowering->plan, &reverse, NS_PLAN_END, &step, error));
    }
    return ns_lowering_set_own(lowering, node, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 8), {"dims", NS_LIST(1, 1)})},
    {NS_LIST_SEED, "both", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 3, 5), {"dims", NS_LIST(2, 0, 2)})},
    {NS_LIST_SEED, "rows", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 2, 4, 8), {"dims", NS_LIST(1, -2)})},
};

const ns_aten_operator ns_aten_op_flip = {
    .name = "flip",
    .aten = "aten.flip.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dims", NS_ATEN_INTS, .required = true}),
    NS_MOVE_FAMILY((&(const ns_move){.source = source})),
    .infer = infer,
    .supported = supported,
    .lower = lower,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
