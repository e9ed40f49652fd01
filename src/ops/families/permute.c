#include "ops/families/movement.h"

/* Infer has checked the attributes. */
static void axes_of(const ns_aten_program *program, const ns_aten_node *node, int *axes)
{
    const ns_permute *permute = node->op->family;
    ns_error unused = {0};
    permute->axes(program, node, axes, &unused);
}

ns_code ns_permute_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_permute *permute = node->op->family;
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    int axes[NS_MAX_RANK];
    node->dtype = input->dtype;
    node->rank = input->rank;
    NS_TRY(permute->axes(program, node, axes, error));
    for (int i = 0; i < input->rank; i++)
        node->shape[i] = input->shape[axes[i]];
    return NS_OK;
}

bool ns_permute_is_identity(const ns_aten_program *program, const ns_aten_node *node)
{
    int axes[NS_MAX_RANK];
    axes_of(program, node, axes);
    for (int i = 0; i < node->rank; i++)
        if (axes[i] != i)
            return false;
    return true;
}

bool ns_permute_source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                       int64_t *from)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    int axes[NS_MAX_RANK];
    int64_t at[NS_MAX_RANK] = {0}, source[NS_MAX_RANK] = {0};
    axes_of(program, node, axes);
    ns_coordinates(node, element, at);
    for (int i = 0; i < node->rank; i++)
        source[axes[i]] = at[i];
    *operand = 0;
    *from = ns_broadcast_element(input, input->rank, source);
    return true;
}

ns_code ns_permute_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    ns_layout layout = {.rank = result->rank};
    int step = 0;
    axes_of(lowering->program, result, layout.axes);
    NS_TRY(ns_lowering_value(lowering, result->inputs[0], &layout, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}
