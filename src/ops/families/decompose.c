#include "ops/families/reductions.h"

#include <string.h>

#include "ir/interface.h"
#include "ops/declared.h"

ns_code ns_decompose_number(ns_aten_program *program, int rank, float value, int *out, ns_error *error)
{
    int64_t shape[NS_MAX_RANK];
    for (int i = 0; i < rank; i++)
        shape[i] = 1;
    return ns_aten_add_parameter(program, NULL, rank, shape, &value, out, error);
}

ns_code ns_decompose_scale_full(ns_aten_program *program, int node, double factor, int *out, ns_error *error)
{
    const int64_t one = 1;
    int constant = 0;
    NS_TRY(ns_aten_add_full(program, 1, &one, (float)factor, &constant, error));
    return ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){node, constant}, NULL, out, error);
}

ns_code ns_decompose_extreme(ns_aten_program *program, const ns_aten_operator *op, const ns_aten_node *node,
                             const int *inputs, int *out, ns_error *error)
{
    const ns_aten_attribute dims = *ns_reduce_dims(node);
    NS_TRY(ns_aten_call(program, op, 1, inputs, NS_ARGUMENTS({"dim", dims}, {"keepdim", NS_BOOL(true)}), out,
                        error));
    return ns_reduce_keepdim(node) ? NS_OK
                                   : ns_aten_call(program, &ns_aten_op_squeeze_dim, 1, out,
                                                  NS_ARGUMENTS({"dim", dims}), out, error);
}

ns_code ns_decompose_scale(ns_aten_program *program, int node, double factor, int *out, ns_error *error)
{
    const int rank = program->nodes[node].rank > 1 ? program->nodes[node].rank : 1;
    int constant = 0;
    NS_TRY(ns_decompose_number(program, rank, (float)factor, &constant, error));
    return ns_aten_call(program, &ns_aten_op_mul, 2, (int[]){node, constant}, NULL, out, error);
}

ns_code ns_decompose_reshape(ns_aten_program *program, int node, int rank, const int64_t *shape, int *out,
                             ns_error *error)
{
    return ns_aten_call(program, &ns_aten_op_reshape, 1, &node, NS_ARGUMENTS({"shape", NS_INTS(rank, shape)}),
                        out, error);
}

ns_code ns_decompose_reorder(ns_aten_program *program, const int64_t *axes, int *node, ns_error *error)
{
    return ns_aten_call(program, &ns_aten_op_permute, 1, node,
                        NS_ARGUMENTS({"dims", NS_INTS(program->nodes[*node].rank, axes)}), node, error);
}

ns_code ns_decompose_sum(ns_aten_program *program, int node, const ns_aten_attribute *dims, bool keepdim,
                         int *out, ns_error *error)
{
    return ns_aten_call(program, &ns_aten_op_sum, 1, &node,
                        NS_ARGUMENTS({"dim", *dims}, {"keepdim", NS_BOOL(keepdim)}), out, error);
}

/* An operand whose rank is not 4 is reshaped to rank 4 (ones in front; of rank 5 and more the leading dims
 * are merged and split again); `dims` follow. */
static ns_code to_rank_4(ns_aten_program *program, const ns_aten_node *operand, int dim_count, int64_t *dims,
                         int *node, ns_error *error)
{
    int64_t shape[4] = {1, 1, 1, 1};
    const int ones = 4 - operand->rank;
    if (operand->rank == 4)
        return NS_OK;
    for (int i = 0; i < operand->rank; i++)
        if (i + ones > 0)
            shape[i + ones] = operand->shape[i];
        else
            shape[0] *= operand->shape[i];
    NS_TRY(ns_decompose_reshape(program, *node, 4, shape, node, error));
    if (operand->rank > 4)
        return ns_decompose_reshape(program, *node, operand->rank, operand->shape, node, error);
    for (int i = 0; i < dim_count; i++)
        dims[i] += ones;
    return NS_OK;
}

/* decompose_meandim_pass.py: dims of size 1 are dropped; SUM over those that are left, keeping them, MUL by
 * the constant 1 / n; neither where no dim is left. A last RESHAPE where the result's shape is not yet the
 * one asked for. */
ns_code ns_decompose_mean(ns_aten_program *program, int node, const ns_aten_attribute *dims, int rank,
                          const int64_t *shape, int *out, ns_error *error)
{
    const ns_aten_node operand = program->nodes[node];
    int64_t left[NS_MAX_RANK];
    int count = 0;
    double n = 1;
    for (int i = 0; i < dims->count; i++) {
        if (operand.shape[dims->list[i]] == 1)
            continue;
        left[count++] = dims->list[i];
        n *= (double)operand.shape[dims->list[i]];
    }
    NS_TRY(to_rank_4(program, &operand, count, left, &node, error));
    if (count > 0) {
        const ns_aten_attribute list = NS_INTS(count, left);
        NS_TRY(ns_decompose_sum(program, node, &list, true, &node, error));
        NS_TRY(ns_decompose_scale(program, node, 1 / n, &node, error));
    }
    const ns_aten_node *reached = &program->nodes[node];
    if (reached->rank != rank || memcmp(reached->shape, shape, (size_t)rank * sizeof *shape) != 0)
        NS_TRY(ns_decompose_reshape(program, node, rank, shape, &node, error));
    *out = node;
    return NS_OK;
}

ns_code ns_decompose_range(ns_aten_program *program, int64_t count, bool down, int *out, ns_error *error)
{
    const int64_t shape[2] = {down ? count : 1, down ? 1 : count};
    float *values = NS_ARENA_ARRAY(program->arena, (size_t)count, float);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %lld numbers", (long long)count);
    for (int64_t i = 0; i < count; i++)
        values[i] = (float)i;
    return ns_aten_add_parameter(program, NULL, 2, shape, values, out, error);
}
