/* unfold_copy: windows of `size` elements of axis `dimension`, `step` apart: the axis becomes the windows, a
 * last axis their elements. On Ethos-U85 a GATHER of [p, k, q], the axis k between those before and behind
 * it, with constant indices, and TRANSPOSE; elsewhere a SLICE for each window, TRANSPOSE to bring the axis
 * last, RESHAPE, CONCAT (ExecuTorch 1.5.1, backends/arm/_passes/decompose_unfold_to_gather_pass.py). */
#include "ops/cases.h"
#include "ops/families/movement.h"

enum { SELF, DIMENSION, SIZE, STEP };
enum { WINDOWS_U55 = 16 };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const int64_t size = node->attributes[SIZE].integer, step = node->attributes[STEP].integer;
    int axis = 0;
    NS_TRY(ns_infer_same(program, node, error));
    NS_TRY(ns_move_dim(node, node->attributes[DIMENSION].integer, input->rank, &axis, error));
    if (size < 1 || step < 1 || size > input->shape[axis] || input->rank == NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_INPUT, "%s: windows of %lld, %lld apart, do not fit axis %d",
                       node->op->aten, (long long)size, (long long)step, axis);
    node->shape[axis] = (input->shape[axis] - size) / step + 1;
    node->shape[node->rank++] = size;
    return NS_OK;
}

static int axis_of(const ns_aten_node *node)
{
    return ns_move_axis(node->attributes[DIMENSION].integer, node->rank - 1);
}

static bool source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                   int64_t *from)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const int axis = axis_of(node);
    int64_t at[NS_MAX_RANK] = {0};
    ns_coordinates(node, element, at);
    at[axis] = at[axis] * node->attributes[STEP].integer + at[node->rank - 1];
    *operand = 0;
    *from = ns_broadcast_element(input, input->rank, at);
    return true;
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    const int64_t windows = node->shape[axis_of(node)];
    (void)program;
    if (target == NS_TARGET_U55 && node->dtype == NS_DTYPE_BOOL)
        return ns_keep_off(node, target, error, "U55 unfold_copy requires static non-BOOL input.");
    if (target == NS_TARGET_U55 && windows > WINDOWS_U55)
        return ns_keep_off(node, target, error, "U55 unfold_copy supports at most %d windows.", WINDOWS_U55);
    return NS_OK;
}

static ns_code lower_window(ns_lowering *lowering, const ns_aten_node *node, int input, int64_t window,
                            int *step, ns_error *error)
{
    const int axis = axis_of(node), rank = node->rank - 1;
    const int64_t size = node->attributes[SIZE].integer, start = window * node->attributes[STEP].integer;
    int64_t shape[NS_MAX_RANK];
    int32_t perms[NS_MAX_RANK];
    for (int i = 0; i < rank; i++)
        perms[i] = i < axis ? i : i == rank - 1 ? axis : i + 1;
    for (int i = 0; i < node->rank; i++)
        shape[i] = i == axis ? 1 : node->shape[i];
    NS_TRY(ns_plan_slice(&lowering->plan, input, axis, start, size, NS_PLAN_END, step, error));
    if (axis != rank - 1)
        NS_TRY(ns_plan_transpose(&lowering->plan, *step, perms, NS_PLAN_END, step, error));
    return ns_plan_reshape(&lowering->plan, *step, node->rank, shape, NS_PLAN_END, step, error);
}

/* Which elements of the axis the windows have, for each of `blocks`. */
static ns_code add_indices(ns_lowering *lowering, const ns_aten_node *result, int64_t blocks, int *step,
                           ns_error *error)
{
    static const char edge[] = "aten_expand_copy_default";
    const int64_t size = result->attributes[SIZE].integer, windows = result->shape[axis_of(result)];
    const int64_t shape[2] = {blocks, windows * size};
    int number = 0;
    ns_tensor indices;
    NS_TRY(ns_tensor_new(lowering->arena, NS_DTYPE_INT32, 2, shape, &indices, error));
    for (size_t i = 0; i < ns_tensor_count(&indices); i++) {
        const int64_t at = (int64_t)i % shape[1];
        ns_tensor_set(&indices, i, at / size * result->attributes[STEP].integer + at % size);
    }
    NS_TRY(ns_lowering_take_numbers(lowering, edge, 1, &number, error));
    const ns_step constant = {.kind = NS_STEP_CONSTANT,
                              .group = NS_CONSTANT_TABLE,
                              .dtype = NS_DTYPE_INT32,
                              .rank = 2,
                              .shape = {shape[0], shape[1]},
                              .data = indices.data,
                              .name = ns_lowering_name(lowering, "", edge, number, "_pre_computed")};
    return constant.name ? ns_plan_add(&lowering->plan, &constant, NS_PLAN_FRONT, step, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for indices");
}

static ns_code lower_gather(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_aten_node *operand = ns_aten_operand(lowering->program, result, 0);
    const int axis = axis_of(result);
    const int64_t size = result->attributes[SIZE].integer, windows = result->shape[axis];
    int64_t before = 1, behind = 1;
    int inputs[2];
    for (int i = 0; i < operand->rank; i++)
        *(i < axis ? &before : &behind) *= i == axis ? 1 : operand->shape[i];
    const int64_t values[3] = {before, operand->shape[axis], behind};
    const int64_t gathered[4] = {before, windows, size, behind};
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &inputs[0], error));
    NS_TRY(ns_plan_reshape(&lowering->plan, inputs[0], 3, values, NS_PLAN_END, &inputs[0], error));
    NS_TRY(add_indices(lowering, result, before, &inputs[1], error));
    ns_step gather = ns_plan_like(&lowering->plan, NS_OP_GATHER, &inputs[0]);
    gather.input_count = 2;
    gather.inputs = inputs;
    gather.shape[1] = windows * size;
    int step = 0;
    NS_TRY(ns_plan_add(&lowering->plan, &gather, NS_PLAN_END, &step, error));
    NS_TRY(ns_plan_reshape(&lowering->plan, step, 4, gathered, NS_PLAN_END, &step, error));
    NS_TRY(
        ns_plan_transpose(&lowering->plan, step, (const int32_t[]){0, 1, 3, 2}, NS_PLAN_END, &step, error));
    NS_TRY(ns_plan_reshape(&lowering->plan, step, result->rank, result->shape, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const int axis = axis_of(result);
    if (lowering->target != NS_TARGET_U55 && result->dtype != NS_DTYPE_BOOL)
        return lower_gather(lowering, node, error);
    const int64_t windows = result->shape[axis];
    int *parts = NS_ARENA_ARRAY(lowering->arena, (size_t)windows, int), input = 0, step = 0;
    if (!parts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %lld windows", (long long)windows);
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &input, error));
    for (int64_t i = 0; i < windows; i++)
        NS_TRY(lower_window(lowering, result, input, i, &parts[i], error));
    step = parts[0];
    if (windows > 1)
        NS_TRY(ns_plan_concat(&lowering->plan, (int)windows, parts, axis, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "overlap",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 2, 10), {"dimension", NS_INT(1)}, {"size", NS_INT(4)},
              {"step", NS_INT(3)})},
};

const ns_aten_operator ns_aten_op_unfold_copy = {
    .name = "unfold_copy",
    .aten = "aten.unfold_copy.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dimension", NS_ATEN_INT, .required = true},
                  {"size", NS_ATEN_INT, .required = true}, {"step", NS_ATEN_INT, .required = true}),
    NS_MOVE_FAMILY((&(const ns_move){.source = source})),
    .infer = infer,
    .supported = supported,
    .lower = lower,
    .catalogue = NS_CALL_CATALOGUE(MOVE, cases),
};
