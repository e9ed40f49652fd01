#include "ops/families/arithmetic.h"

#include "ir/interface.h"
#include "ops/families/reductions.h"

enum { SELF, OTHER, ALPHA };

ns_code ns_alpha_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       ns_error *error)
{
    const ns_binary *binary = node->op->family;
    const double factor = node->attributes[ALPHA].real;
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        int64_t at[NS_MAX_RANK] = {0};
        ns_coordinates(node, i, at);
        out[i] = binary->real(
            operands->values[SELF][ns_broadcast_element(operands->nodes[SELF], node->rank, at)],
            factor * operands->values[OTHER][ns_broadcast_element(operands->nodes[OTHER], node->rank, at)]);
    }
    return NS_OK;
}

bool ns_alpha_decomposes(const ns_aten_program *program, const ns_aten_node *node)
{
    (void)program;
    return node->attributes[ALPHA].real != 1;
}

ns_code ns_alpha_decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                           ns_error *error)
{
    int scaled = 0;
    NS_TRY(ns_decompose_scale(program, inputs[OTHER], node->attributes[ALPHA].real, &scaled, error));
    return ns_aten_call(program, node->op, 2, (int[]){inputs[SELF], scaled}, NULL, out, error);
}
