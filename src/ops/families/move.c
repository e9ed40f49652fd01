#include "ops/families/movement.h"

ns_code ns_move_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                      ns_error *error)
{
    (void)error;
    const ns_move *move = node->op->family;
    for (size_t i = 0; i < ns_aten_count(node); i++) {
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
