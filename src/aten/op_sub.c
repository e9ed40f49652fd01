/* SUB: out = a - b, broadcast; one IEEE subtraction, correctly rounded. */
#include "aten/operator.h"

static double subtract(double a, double b)
{
    return a - b;
}

static ns_code evaluate(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
{
    (void)error;
    ns_aten_broadcast(node, operands, out, subtract);
    return NS_OK;
}

const ns_aten_operator ns_aten_operator_SUB = {.infer = ns_aten_infer_broadcast, .evaluate = evaluate};

ns_code ns_aten_add_sub(ns_aten_program *program, int a, int b, int *node, ns_error *error)
{
    return ns_aten_add(program, &(ns_aten_node){.op = NS_ATEN_SUB, .input_count = 2, .inputs = {a, b}}, node,
                       error);
}
