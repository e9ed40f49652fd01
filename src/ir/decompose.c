/* What ExecuTorch 1.5.0 does to a program before its quantiser annotates it (backends/arm/_passes:
 * arm_pass_manager.py, transform_for_annotation_pipeline). The target makes no difference. */
#include "ir/decompose.h"

#include "ir/build.h"
#include "ir/operator.h"

/* Adds node `index` of `from` to `program`. */
static ns_code decompose_node(ns_aten_program *program, const ns_aten_program *from, int index, int *map,
                              ns_error *error)
{
    const ns_aten_node *node = &from->nodes[index];
    int *out = &map[index];
    if (node->kind == NS_ATEN_INPUT)
        return ns_aten_add_typed_input(program, node->name, node->dtype, node->rank, node->shape, out, error);
    if (node->kind == NS_ATEN_PARAMETER && node->dtype != NS_DTYPE_FP32)
        return ns_aten_add_integer_parameter(program, node->name, node->dtype, node->rank, node->shape,
                                             node->quantised, out, error);
    if (node->kind == NS_ATEN_PARAMETER)
        return ns_aten_add_parameter(program, node->name, node->rank, node->shape, node->data, out, error);
    int *inputs = NS_ARENA_ARRAY(program->arena, (size_t)node->input_count, int);
    if (!inputs)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for %s", node->name);
    for (int i = 0; i < node->input_count; i++)
        inputs[i] = node->inputs[i] < 0 ? -1 : map[node->inputs[i]];
    if (ns_aten_decomposes(from, node))
        return node->op->decompose(program, node, inputs, out, error);
    return ns_aten_add_copy(program, node, inputs, out, error);
}

static ns_code decompose_once(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out,
                              ns_error *error)
{
    ns_aten_program *made = NULL;
    int *map = NS_ARENA_ARRAY(arena, (size_t)program->node_count, int); /* old node -> new node */
    if (!map)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for %d nodes", program->node_count);
    NS_TRY(ns_aten_program_new(arena, &made, error));
    for (int i = 0; i < program->node_count; i++)
        NS_TRY(decompose_node(made, program, i, map, error));
    for (int i = 0; i < program->output_count; i++)
        NS_TRY(ns_aten_add_output(made, map[program->outputs[i]], error));
    *out = made;
    return NS_OK;
}

static bool is_decomposed(const ns_aten_program *program)
{
    for (int i = 0; i < program->node_count; i++)
        if (program->nodes[i].kind == NS_ATEN_CALL && ns_aten_decomposes(program, &program->nodes[i]))
            return false;
    return true;
}

ns_code ns_aten_decompose(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out,
                          ns_error *error)
{
    /* What an operator becomes may be decomposed in its turn. */
    NS_TRY(decompose_once(program, arena, out, error));
    while (!is_decomposed(*out))
        NS_TRY(decompose_once(*out, arena, out, error));
    return NS_OK;
}
