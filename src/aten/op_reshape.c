/* RESHAPE: the same elements in row-major order under another shape. */
#include "aten/operator.h"

#include <string.h>

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    size_t count = 0;
    NS_TRY(ns_shape_count(node->rank, node->shape, &count, error));
    char from[128], to[128];
    if (!input || ns_aten_count(input) != count)
        return ns_fail(error, NS_ERROR_INPUT, "aten.reshape.default: %s cannot become %s",
                       input ? ns_aten_shape_text(input, from, sizeof from) : "nothing",
                       ns_aten_shape_text(node, to, sizeof to));
    return NS_OK;
}

static ns_code evaluate(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
{
    (void)error;
    memcpy(out, operands->values[0], ns_aten_count(node) * sizeof *out);
    return NS_OK;
}

const ns_aten_operator ns_aten_operator_RESHAPE = {.infer = infer, .evaluate = evaluate};

ns_code ns_aten_add_reshape(ns_aten_program *program, int input, int rank, const int64_t *shape, int *node,
                            ns_error *error)
{
    ns_aten_node prototype = {.op = NS_ATEN_RESHAPE, .input_count = 1, .inputs = {input}, .rank = rank};
    for (int i = 0; i < rank && i < NS_MAX_RANK; i++)
        prototype.shape[i] = shape[i];
    return ns_aten_add(program, &prototype, node, error);
}
