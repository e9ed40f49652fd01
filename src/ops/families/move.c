#include "ops/families/movement.h"

#include <string.h>

ns_code ns_move_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                      ns_error *error)
{
    const ns_move *move = node->op->family;
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        int operand = 0;
        int64_t from = 0;
        if (move->source(operands->program, node, i, &operand, &from))
            out[i] = operands->values[operand][from];
        else
            out[i] = move->filling(node);
    }
    return NS_OK;
}

void ns_move_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                   ns_term_visit visit, void *context)
{
    const ns_move *move = node->op->family;
    int operand = 0;
    int64_t from = 0;
    if (!move->source(program, node, element, &operand, &from))
        return;
    const ns_term term = NS_TERM_1(operand, from);
    visit(context, &term);
}

bool ns_move_same(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                  int64_t *from)
{
    (void)program;
    (void)node;
    *operand = 0;
    *from = (int64_t)element;
    return true;
}

bool ns_tile_source(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                    int64_t *from)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    const int added = node->rank - input->rank;
    int64_t at[NS_MAX_RANK] = {0}, own[NS_MAX_RANK] = {0};
    ns_coordinates(node, element, at);
    for (int i = 0; i < input->rank; i++)
        own[i] = at[i + added] % input->shape[i];
    *operand = 0;
    *from = ns_broadcast_element(input, input->rank, own);
    return true;
}

ns_code ns_tile_lower(ns_lowering *lowering, int node, ns_error *error)
{
    const ns_aten_node *result = &lowering->program->nodes[node];
    const ns_aten_node *input = ns_aten_operand(lowering->program, result, 0);
    int64_t shape[NS_MAX_RANK], times[NS_MAX_RANK];
    int step = 0;
    bool repeats = false;
    for (int i = 0; i < result->rank; i++) {
        const int own = i - (result->rank - input->rank);
        shape[i] = own < 0 ? 1 : input->shape[own];
        times[i] = shape[i] ? result->shape[i] / shape[i] : 1;
        repeats = repeats || times[i] != 1;
    }
    NS_TRY(ns_lowering_own(lowering, result->inputs[0], &step, error));
    if (result->rank != input->rank)
        NS_TRY(ns_plan_reshape(&lowering->plan, step, result->rank, shape, NS_PLAN_END, &step, error));
    if (repeats) {
        ns_step tile = ns_plan_like(&lowering->plan, NS_OP_TILE, &(int){step});
        memcpy(tile.shape, result->shape, sizeof tile.shape);
        NS_TRY(ns_step_list(&lowering->plan, &tile, NULL, NS_DTYPE_SHAPE, result->rank, times, error));
        NS_TRY(ns_plan_add(&lowering->plan, &tile, NS_PLAN_END, &step, error));
    }
    return ns_lowering_set_own(lowering, node, step, error);
}
