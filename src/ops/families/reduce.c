#include "ops/families/reductions.h"

#include "ir/interface.h"
#include <math.h>

const ns_aten_attribute *ns_reduce_dims(const ns_aten_node *node)
{
    const ns_reduce *reduce = node->op->family;
    return &node->attributes[reduce->dim];
}

bool ns_reduce_keepdim(const ns_aten_node *node)
{
    const ns_reduce *reduce = node->op->family;
    return node->attributes[reduce->keepdim].integer;
}

void ns_reduce_axes(const ns_aten_node *node, bool reduced[NS_MAX_RANK])
{
    const ns_aten_attribute *dims = ns_reduce_dims(node);
    for (int i = 0; i < NS_MAX_RANK; i++)
        reduced[i] = false;
    for (int i = 0; i < dims->count; i++)
        reduced[dims->list[i]] = true;
}

/* Dims counted from the front; no dims are all dims. */
static ns_code normalise(const ns_aten_program *program, const char *text, const ns_aten_node *input,
                         ns_aten_attribute *dims, bool reduced[NS_MAX_RANK], ns_error *error)
{
    const int count = dims->count ? dims->count : input->rank;
    int64_t *list = NS_ARENA_ARRAY(program->arena, (size_t)count, int64_t);
    if (!list)
        return ns_fail(error, NS_ERROR_MEMORY, "out of memory for dims");
    if (count > input->rank)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %d dims for an operand of rank %d", text, count,
                       input->rank);
    for (int i = 0; i < count; i++) {
        const int64_t named = dims->count ? dims->list[i] : i;
        if (named < -input->rank || named >= input->rank)
            return ns_fail(error, NS_ERROR_INPUT, "%s: dim %d is outside %d to %d", text, (int)named,
                           -input->rank, input->rank - 1);
        list[i] = named < 0 ? named + input->rank : named;
        if (reduced[list[i]])
            return ns_fail(error, NS_ERROR_INPUT, "%s: dim %d is named twice", text, (int)list[i]);
        reduced[list[i]] = true;
    }
    *dims = (ns_aten_attribute){.count = count, .list = list};
    return NS_OK;
}

ns_code ns_reduce_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_reduce *reduce = node->op->family;
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    ns_aten_attribute *dims = &node->attributes[reduce->dim];
    bool reduced[NS_MAX_RANK] = {false};
    NS_TRY(normalise(program, node->op->aten, input, dims, reduced, error));
    node->dtype = input->dtype;
    node->rank = 0;
    for (int i = 0; i < input->rank; i++) {
        if (!reduced[i])
            node->shape[node->rank++] = input->shape[i];
        else if (ns_reduce_keepdim(node))
            node->shape[node->rank++] = 1;
    }
    return NS_OK;
}

/* The kept dims are fixed by the result's element; the reduced ones are counted through, last dim fastest. */
void ns_reduce_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                     ns_term_visit visit, void *context)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    bool reduced[NS_MAX_RANK];
    int64_t at[NS_MAX_RANK] = {0}, from[NS_MAX_RANK] = {0};
    ns_reduce_axes(node, reduced);
    ns_coordinates(node, element, at);
    for (int i = 0, o = 0; i < input->rank; i++) {
        from[i] = reduced[i] ? 0 : at[o];
        o += ns_reduce_keepdim(node) || !reduced[i];
    }
    int moved;
    do {
        const ns_term term = NS_TERM_1(0, ns_broadcast_element(input, input->rank, from));
        visit(context, &term);
        for (moved = input->rank - 1; moved >= 0; moved--) {
            if (!reduced[moved])
                continue;
            if (++from[moved] < input->shape[moved])
                break;
            from[moved] = 0;
        }
    } while (moved >= 0);
}

void ns_reduction_start(ns_reduction *reduction, const ns_aten_node *node, const ns_aten_node *operand)
{
    *reduction = (ns_reduction){.rank = operand->rank, .reduced_count = 1};
    for (int i = 0; i < operand->rank; i++)
        reduction->shape[i] = operand->shape[i];
    bool reduced[NS_MAX_RANK];
    ns_reduce_axes(node, reduced);
    int64_t stride = 1;
    for (int i = operand->rank - 1; i >= 0; i--) {
        if (reduced[i]) {
            reduction->reduced_count *= (size_t)operand->shape[i];
        } else {
            reduction->stride[i] = stride;
            stride *= operand->shape[i];
        }
    }
}

void ns_reduction_next(ns_reduction *reduction)
{
    for (int d = reduction->rank - 1; d >= 0; d--) {
        reduction->output += (size_t)reduction->stride[d];
        if (++reduction->position[d] < reduction->shape[d])
            return;
        reduction->output -= (size_t)(reduction->stride[d] * reduction->position[d]);
        reduction->position[d] = 0;
    }
}

ns_code ns_reduce_sums(const ns_aten_node *node, const ns_aten_operands *operands, ns_arena *arena,
                       ns_double2 **sums, size_t *reduced_count, ns_error *error)
{
    const size_t count = ns_aten_count(operands->nodes[0]);
    *sums = NS_ARENA_ARRAY(arena, ns_aten_count(node), ns_double2);
    if (!*sums)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: out of memory for %zu sums", node->op->aten,
                       ns_aten_count(node));
    ns_reduction reduction;
    ns_reduction_start(&reduction, node, operands->nodes[0]);
    *reduced_count = reduction.reduced_count;
    for (size_t i = 0; i < count; i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        ns_double2_add(&(*sums)[reduction.output], operands->values[0][i]);
        ns_reduction_next(&reduction);
    }
    return NS_OK;
}

ns_code ns_reduce_build(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                        ns_error *error)
{
    const ns_reduce_case *reduce = parameters;
    int x, result;
    NS_TRY(ns_case_input(maker, "x", reduce->rank, reduce->shape, reduce->data, &x, error));
    NS_TRY(ns_aten_call(maker->program, op, 1, &x, reduce->arguments, &result, error));
    return ns_aten_add_output(maker->program, result, error);
}

ns_code ns_extreme_infer_values(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    if (node->attributes[NS_EXTREME_KEEPDIM + 1].integer != 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: the places of the values are not known",
                       node->op->aten);
    return ns_reduce_infer(program, node, error);
}

ns_code ns_extreme_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                         ns_error *error)
{
    const ns_extreme *extreme = node->op->family;
    ns_reduction reduction;
    for (size_t i = 0; i < ns_aten_count(node); i++)
        out[i] = -extreme->sign * INFINITY;
    ns_reduction_start(&reduction, node, operands->nodes[0]);
    for (size_t i = 0; i < ns_aten_count(operands->nodes[0]); i++, ns_reduction_next(&reduction)) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        const double x = operands->values[0][i];
        if (extreme->sign * x > extreme->sign * out[reduction.output])
            out[reduction.output] = x;
    }
    return NS_OK;
}

ns_code ns_reduce_lower(ns_lowering *lowering, int node, const ns_attributes *attributes, ns_op op,
                        ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_aten_attribute *dims = ns_reduce_dims(result);
    int step = 0;
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &step, error));
    for (int i = 0; i < dims->count; i++) {
        ns_step reduce = ns_plan_like(&lowering->plan, op, &(int){step});
        reduce.attributes.nan_mode = attributes->nan_mode;
        reduce.attributes.axis = (int32_t)dims->list[i];
        reduce.shape[dims->list[i]] = 1;
        NS_TRY(ns_plan_add(&lowering->plan, &reduce, NS_PLAN_END, &step, error));
    }
    if (!ns_reduce_keepdim(result) && dims->count)
        NS_TRY(
            ns_plan_reshape(&lowering->plan, step, result->rank, result->shape, NS_PLAN_END, &step, error));
    return ns_lowering_set_own(lowering, node, step, error);
}

ns_code ns_extreme_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_extreme *extreme = lowering->program->nodes[node].op->family;
    return ns_reduce_lower(lowering, node, &(ns_attributes){.nan_mode = NS_NAN_PROPAGATE}, extreme->op,
                           error);
}
