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

/* The step of the operand's value that is the result's in the layout that all readers want, or -1: the way
 * there and back is none (propagate_view_copy_permute_pass.py). */
static int find_wanted(const ns_lowering *lowering, int node, const int *axes, ns_layout *wanted)
{
    ns_lowering_writes(lowering, node, wanted);
    ns_layout from = *wanted;
    for (int i = 0; i < wanted->rank; i++)
        if (wanted->axes[i] != NS_LAYOUT_ONE)
            from.axes[i] = axes[wanted->axes[i]];
    const int operand = lowering->program->nodes[node].inputs[0];
    for (const ns_lowered *value = lowering->values[operand]; value; value = value->next)
        if (ns_layout_equal(&value->layout, &from))
            return value->step;
    return -1;
}

ns_code ns_permute_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    ns_layout layout = {.rank = result->rank}, wanted;
    axes_of(lowering->program, result, layout.axes);
    int step = find_wanted(lowering, node, layout.axes, &wanted);
    if (step >= 0)
        return ns_lowering_set(lowering, node, &wanted, step, error);
    NS_TRY(ns_lowering_value(lowering, result->inputs[0], &layout, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}
