/* What ExecuTorch 1.5.0 does to a program before its quantiser annotates it (backends/arm/_passes:
 * arm_pass_manager.py, transform_for_annotation_pipeline; decompose_var_pass.py, decompose_meandim_pass.py,
 * scalars_to_attribute_pass.py). Only MEAN and VAR change; the target makes no difference.
 *
 * MEAN: dims of size 1 are dropped. An operand whose rank is not 4 is reshaped to rank 4 (ones in front; of
 *   rank 5 and more the leading dims are merged and split again). SUM over the dims that are left, keeping
 *   them, MUL by the constant 1 / n; neither where no dim is left. A last RESHAPE where the result's shape
 *   is not yet the one asked for.
 * VAR: MEAN with kept dims, SUB, MUL by itself, SUM, MUL by the constant 1 / (n - correction).
 * Constants are float32 of shape [1, .., 1], of the other factor's rank but at least 1. */
#include "aten/operator.h"

#include <string.h>

typedef struct ns_decomposition {
    ns_aten_program *program;
    int *map; /* old node -> new node */
} ns_decomposition;

/* `node` times a constant. */
static ns_code multiply(ns_aten_program *program, int node, double factor, int *out, ns_error *error)
{
    int rank = program->nodes[node].rank > 1 ? program->nodes[node].rank : 1;
    int64_t shape[NS_MAX_RANK] = {0};
    for (int i = 0; i < rank; i++)
        shape[i] = 1;
    float value = (float)factor;
    int constant = 0;
    NS_TRY(ns_aten_add_parameter(program, NULL, rank, shape, &value, &constant, error));
    return ns_aten_add_mul(program, node, constant, out, error);
}

static ns_code decompose_mean(ns_aten_program *program, int input, const ns_aten_node *mean, int *out,
                              ns_error *error)
{
    ns_aten_node operand = program->nodes[input];
    int dims[NS_MAX_RANK], dim_count = 0;
    double n = 1;
    for (int i = 0; i < mean->dim_count; i++) {
        if (operand.shape[mean->dims[i]] == 1)
            continue;
        dims[dim_count++] = mean->dims[i];
        n *= (double)operand.shape[mean->dims[i]];
    }
    int node = input;
    if (operand.rank < 4) {
        int64_t shape[4] = {1, 1, 1, 1};
        int ones = 4 - operand.rank;
        for (int i = 0; i < operand.rank; i++)
            shape[ones + i] = operand.shape[i];
        for (int i = 0; i < dim_count; i++)
            dims[i] += ones;
        NS_TRY(ns_aten_add_reshape(program, node, 4, shape, &node, error));
    } else if (operand.rank > 4) {
        int64_t shape[4] = {1, 0, 0, 0};
        for (int i = 0; i < operand.rank; i++) {
            if (i < operand.rank - 3)
                shape[0] *= operand.shape[i];
            else
                shape[4 - (operand.rank - i)] = operand.shape[i];
        }
        NS_TRY(ns_aten_add_reshape(program, node, 4, shape, &node, error));
        NS_TRY(ns_aten_add_reshape(program, node, operand.rank, operand.shape, &node, error));
    }
    if (dim_count > 0) {
        NS_TRY(ns_aten_add_sum(program, node, dim_count, dims, true, &node, error));
        NS_TRY(multiply(program, node, 1 / n, &node, error));
    }
    const ns_aten_node *reached = &program->nodes[node];
    bool same = reached->rank == mean->rank &&
                memcmp(reached->shape, mean->shape, (size_t)mean->rank * sizeof *mean->shape) == 0;
    if (!same)
        NS_TRY(ns_aten_add_reshape(program, node, mean->rank, mean->shape, &node, error));
    *out = node;
    return NS_OK;
}

static ns_code decompose_var(ns_aten_program *program, int input, const ns_aten_node *var, int *out,
                             ns_error *error)
{
    ns_aten_node operand = program->nodes[input], mean = *var;
    double n = 1;
    for (int i = 0; i < var->dim_count; i++) {
        n *= (double)operand.shape[var->dims[i]];
    }
    double divisor = n - var->correction;
    if (!(divisor > 0))
        return ns_fail(
            error, NS_ERROR_UNSUPPORTED,
            "%s: %g elements less correction %g leave nothing to divide by; ExecuTorch cannot export it",
            var->name, n, var->correction);
    mean.rank = operand.rank;
    for (int i = 0; i < operand.rank; i++)
        mean.shape[i] = operand.shape[i];
    for (int i = 0; i < var->dim_count; i++)
        mean.shape[var->dims[i]] = 1;
    int node = 0;
    NS_TRY(decompose_mean(program, input, &mean, &node, error));
    NS_TRY(ns_aten_add_sub(program, input, node, &node, error));
    NS_TRY(ns_aten_add_mul(program, node, node, &node, error));
    NS_TRY(ns_aten_add_sum(program, node, var->dim_count, var->dims, var->keepdim, &node, error));
    return multiply(program, node, 1 / divisor, out, error);
}

static ns_code decompose_node(const ns_decomposition *decomposition, const ns_aten_node *node, int *out,
                              ns_error *error)
{
    ns_aten_program *program = decomposition->program;
    if (node->op == NS_ATEN_MEAN)
        return decompose_mean(program, decomposition->map[node->inputs[0]], node, out, error);
    if (node->op == NS_ATEN_VAR)
        return decompose_var(program, decomposition->map[node->inputs[0]], node, out, error);
    ns_aten_node copy = *node;
    for (int i = 0; i < node->input_count; i++)
        copy.inputs[i] = node->inputs[i] < 0 ? -1 : decomposition->map[node->inputs[i]];
    return ns_aten_add(program, &copy, out, error);
}

ns_code ns_aten_decompose(const ns_aten_program *program, ns_arena *arena, ns_aten_program **out,
                          ns_error *error)
{
    ns_decomposition decomposition = {.map = NS_ARENA_ARRAY(arena, (size_t)program->node_count, int)};
    if (!decomposition.map)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for %d nodes", program->node_count);
    NS_TRY(ns_aten_program_new(arena, &decomposition.program, error));
    for (int i = 0; i < program->node_count; i++)
        NS_TRY(decompose_node(&decomposition, &program->nodes[i], &decomposition.map[i], error));
    for (int i = 0; i < program->output_count; i++)
        NS_TRY(ns_aten_add_output(decomposition.program, decomposition.map[program->outputs[i]], error));
    *out = decomposition.program;
    return NS_OK;
}
