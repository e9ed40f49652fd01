/* sum: out = sum of x over dim, to the bound of ns_double2; in float32 in PyTorch's own order of additions.
 *
 * Lowered to a RESCALE to INT32 at the same scale, one REDUCE_SUM per dim in the caller's order, a RESHAPE
 * where the dims go, a RESCALE to INT16. Source: ExecuTorch 1.5.0,
 * backends/arm/_passes/insert_rescales_pass.py (InsertRescaleInt32Pass), decompose_sum_pass.py;
 * operator_support/reduce_sum_support.py. */
#include "lower/lowering.h"
#include "num/interface.h"
#include "ops/cases.h"
#include "ops/families/reductions.h"

enum { SELF, DIM, KEEPDIM };

static ns_code sum_exactly(const ns_aten_node *node, const ns_aten_operands *operands, ns_arena *scratch,
                           double *out, ns_error *error)
{
    ns_double2 *sums = NULL;
    size_t reduced = 0;
    NS_TRY(ns_reduce_sums(node, operands, scratch, &sums, &reduced, error));
    for (size_t i = 0; i < ns_aten_count(node); i++)
        out[i] = sums[i].hi + sums[i].lo;
    return NS_OK;
}

static ns_code sum_float32(const ns_aten_node *node, const ns_aten_operands *operands, ns_arena *scratch,
                           double *out, ns_error *error)
{
    const ns_aten_node *operand = operands->nodes[0];
    const size_t count = ns_aten_count(operand), results = ns_aten_count(node);
    float *values = NS_ARENA_ARRAY(scratch, count, float), *sums = NS_ARENA_ARRAY(scratch, results, float);
    bool reduced[NS_MAX_RANK];
    if (!values || !sums)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory for %zu values", node->name, count);
    for (size_t i = 0; i < count; i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        values[i] = (float)operands->values[0][i];
    }
    ns_reduce_axes(node, reduced);
    ns_float32_reduce(operand->rank, operand->shape, reduced, values, sums);
    for (size_t i = 0; i < results; i++)
        out[i] = (double)sums[i];
    return NS_OK;
}

static ns_code in_scratch(ns_code (*compute)(const ns_aten_node *, const ns_aten_operands *, ns_arena *,
                                             double *, ns_error *),
                          const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                          ns_error *error)
{
    ns_arena *scratch = ns_arena_new();
    if (!scratch)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory", node->name);
    const ns_code code = compute(node, operands, scratch, out, error);
    ns_arena_free(scratch);
    return code;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    return in_scratch(sum_exactly, node, operands, out, error);
}

static ns_code float32(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       ns_error *error)
{
    return in_scratch(sum_float32, node, operands, out, error);
}

static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const ns_aten_attribute *dims = ns_reduce_dims(node);
    for (int i = 0; target == NS_TARGET_U55 && i < dims->count; i++) {
        /* Products in double, as ExecuTorch forms them: they cannot overflow. */
        double before = 1, after = 1;
        for (int axis = 0; axis < input->rank; axis++)
            *(axis < dims->list[i] ? &before : &after) *=
                axis == dims->list[i] ? 1 : (double)input->shape[axis];
        double size = (double)input->shape[dims->list[i]];
        char shape[128];
        if (size < 1 || size > 65536)
            return ns_keep_off(node, target, error, "sum needs dims < 65536, got shape %s",
                               ns_aten_shape_text(input, shape, sizeof shape));
        if (before < 1 || before > 65536 || after < 1 || after > 65536)
            return ns_keep_off(node, target, error, "Failed dim check");
    }
    return NS_OK;
}

static ns_code lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_aten_attribute *dims = ns_reduce_dims(result);
    int operand = result->inputs[0], step = 0;
    double input_scale = ns_lowering_scale(lowering, operand);
    double scale = input_scale / ns_lowering_scale(lowering, node);
    NS_TRY(ns_lowering_int32(lowering, operand, input_scale, &step, error));
    for (int i = 0; i < dims->count; i++) {
        int input = step;
        ns_step sum = ns_plan_like(&lowering->plan, NS_OP_REDUCE_SUM, &input);
        sum.attributes.axis = (int32_t)dims->list[i];
        sum.shape[dims->list[i]] = 1;
        NS_TRY(ns_plan_add(&lowering->plan, &sum, NS_PLAN_END, &step, error));
    }
    if (!ns_reduce_keepdim(result) && dims->count)
        NS_TRY(
            ns_plan_reshape(&lowering->plan, step, result->rank, result->shape, NS_PLAN_END, &step, error));
    NS_TRY(ns_plan_rescale(&lowering->plan, step, NS_DTYPE_INT16, 1, &scale, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), {"dim", NS_LIST(1, -1)})},
    {NS_LIST_SEED, "last_keepdim",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), {"dim", NS_LIST(1, -1)},
              {"keepdim", NS_BOOL(true)})},
    {NS_LIST_SEED, "dims12", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), {"dim", NS_LIST(2, 1, 2)})},
    {NS_LIST_SEED, "first_keepdim",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 8), {"dim", NS_LIST(1, 0)}, {"keepdim", NS_BOOL(true)})},
};

const ns_aten_operator ns_aten_op_sum = {
    .name = "sum",
    .aten = "aten.sum.dim_IntList",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"dim", NS_ATEN_INTS}, {"keepdim", NS_ATEN_BOOL}),
    .family = &(const ns_reduce){DIM, KEEPDIM},
    .infer = ns_reduce_infer,
    .exact = exact,
    .float32 = float32,
    .annotation = NS_ANNOTATION_OWN,
    .supported = supported,
    .lower = lower,
    .rescales_operands = true,
    .terms = ns_reduce_terms,
    .term_kind = NS_TERMS_SUM,
    .slope = ns_slope_one,
    .bound = ns_bound_sum,
    .catalogue = NS_CALL_CATALOGUE(REDUCE, cases),
};
