/* expand: axes of size 1 repeated to `size`; -1 keeps an axis, more sizes than axes add axes in front
 * (convert_expand_copy_to_repeat.py: TILE). */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, SIZE };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const ns_aten_attribute *size = &node->attributes[SIZE];
    if (size->count < input->rank || size->count > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %d sizes for rank %d", node->op->aten, size->count,
                       input->rank);
    node->dtype = input->dtype;
    node->rank = size->count;
    for (int i = 0; i < node->rank; i++) {
        const int axis = i - (node->rank - input->rank);
        const int64_t own = axis < 0 ? 1 : input->shape[axis];
        node->shape[i] = size->list[i] == -1 ? own : size->list[i];
        if (own != 1 && node->shape[i] != own)
            return ns_fail(error, NS_ERROR_INPUT, "%s: axis %d of size %lld cannot become %lld",
                           node->op->aten, axis, (long long)own, (long long)node->shape[i]);
    }
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 1, 5), {"size", NS_LIST(2, 4, 5)})},
    {NS_LIST_SEED, "more_dims", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 3, 1), {"size", NS_LIST(3, 2, 3, 4)})},
};

const ns_aten_operator ns_aten_op_expand = {
    .name = "expand",
    .aten = "aten.expand.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"size", NS_ATEN_INTS, .required = true}),
    NS_TILE_FAMILY,
    .only_view = ns_view_same_shape,
    .infer = infer,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
