/* RECIPROCAL: out = 1 / x; one IEEE division, correctly rounded. 1 / 0 is infinite, as in PyTorch. */
#include "aten/operator.h"

static ns_code evaluate(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
{
    (void)error;
    size_t count = ns_aten_count(node);
    for (size_t i = 0; i < count; i++)
        out[i] = 1 / operands->values[0][i];
    return NS_OK;
}

const ns_aten_operator ns_aten_operator_RECIPROCAL = {.infer = ns_aten_infer_same, .evaluate = evaluate};

ns_code ns_aten_add_reciprocal(ns_aten_program *program, int input, int *node, ns_error *error)
{
    return ns_aten_add(
        program, &(ns_aten_node){.op = NS_ATEN_RECIPROCAL, .input_count = 1, .inputs = {input}}, node, error);
}
