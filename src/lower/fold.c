#include "lower/internal.h"

#include "ir/operator.h"

static bool is_constant(const ns_aten_node *node)
{
    return node->kind == NS_ATEN_PARAMETER && node->dtype == NS_DTYPE_FP32 && node->quantised;
}

static bool folds(const ns_aten_program *program, const ns_aten_node *node)
{
    bool constant = node->kind == NS_ATEN_CALL && node->dtype == NS_DTYPE_FP32 &&
                    node->quantisation.present && node->op->float32 && !node->op->rescales_operands &&
                    node->input_count > 0;
    for (int i = 0; constant && i < node->input_count; i++)
        constant = node->inputs[i] < 0 || is_constant(&program->nodes[node->inputs[i]]);
    return constant;
}

static ns_code no_memory(const ns_aten_node *node, ns_error *error)
{
    return ns_fail(error, NS_ERROR_MEMORY, "no memory for the constant %s", node->name);
}

/* The value of `node` in `values` (row-major), and its operands' before. */
static ns_code compute(const ns_aten_program *program, const ns_aten_node *node, ns_arena *scratch,
                       double *values, ns_error *error)
{
    const size_t count = (size_t)node->input_count;
    const ns_aten_node **nodes = NS_ARENA_ARRAY(scratch, count, const ns_aten_node *);
    const double **operands = NS_ARENA_ARRAY(scratch, count, const double *);
    if (!nodes || !operands)
        return no_memory(node, error);
    for (int i = 0; i < node->input_count; i++) {
        nodes[i] = ns_aten_operand(program, node, i);
        if (!nodes[i])
            continue;
        double *operand = NS_ARENA_ARRAY(scratch, ns_aten_count(nodes[i]), double);
        if (!operand)
            return no_memory(node, error);
        NS_TRY(ns_dequantise_values(&nodes[i]->quantisation, nodes[i]->rank, nodes[i]->shape,
                                    nodes[i]->quantised, operand, error));
        operands[i] = operand;
    }
    return node->op->float32(node, &(ns_aten_operands){program, nodes, operands}, values, error);
}

/* Makes the call `node` a parameter. */
static ns_code fold_node(const ns_aten_program *program, ns_aten_node *node, ns_arena *arena,
                         ns_arena *scratch, ns_error *error)
{
    const size_t count = ns_aten_count(node);
    double *values = NS_ARENA_ARRAY(scratch, count, double);
    float *data = NS_ARENA_ARRAY(arena, count, float);
    int32_t *integers = NS_ARENA_ARRAY(arena, count, int32_t);
    if (!values || !data || !integers)
        return no_memory(node, error);
    NS_TRY(compute(program, node, scratch, values, error));
    for (size_t i = 0; i < count; i++)
        data[i] = (float)values[i];
    NS_TRY(ns_quantise_values(&node->quantisation, node->rank, node->shape, data, integers, error));
    node->reshaped = node->op->only_view && node->op->only_view(program, node);
    node->kind = NS_ATEN_PARAMETER;
    node->op = NULL;
    node->input_count = 0;
    node->data = data;
    node->quantised = integers;
    return NS_OK;
}

ns_code ns_lower_fold(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out, ns_error *error)
{
    ns_aten_program *folded = ns_arena_copy(arena, program, sizeof *program);
    if (!folded)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
    folded->nodes =
        ns_arena_copy(arena, program->nodes, (size_t)program->node_count * sizeof *program->nodes);
    ns_arena *scratch = ns_arena_new();
    ns_code code =
        folded->nodes && scratch ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for the lowered graph");
    for (int i = 0; code == NS_OK && i < folded->node_count; i++)
        if (folds(folded, &folded->nodes[i]))
            code = fold_node(folded, &folded->nodes[i], arena, scratch, error);
    ns_arena_free(scratch);
    *out = folded;
    return code;
}
