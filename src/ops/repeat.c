/* repeat: the operand `repeats[i]` times along axis i; more repeats than axes add axes of 1 in front. */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, REPEATS };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const ns_aten_attribute *repeats = &node->attributes[REPEATS];
    if (repeats->count < input->rank || repeats->count > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %d repeats for rank %d", node->op->aten, repeats->count,
                       input->rank);
    node->dtype = input->dtype;
    node->rank = repeats->count;
    for (int i = 0; i < node->rank; i++) {
        const int own = i - (node->rank - input->rank);
        if (__builtin_mul_overflow(repeats->list[i], own < 0 ? 1 : input->shape[own], &node->shape[i]))
            return ns_fail(error, NS_ERROR_INPUT, "%s: %lld repeats of axis %d", node->op->aten,
                           (long long)repeats->list[i], own);
    }
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 2, 5), {"repeats", NS_LIST(2, 2, 3)})},
    {NS_LIST_SEED, "more_dims",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 2, 5), {"repeats", NS_LIST(3, 2, 1, 2)})},
};

const ns_aten_operator ns_aten_op_repeat = {
    .name = "repeat",
    .aten = "aten.repeat.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"repeats", NS_ATEN_INTS, .required = true}),
    NS_TILE_FAMILY,
    .infer = infer,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
