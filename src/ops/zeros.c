/* zeros: a constant of zeros. */
#include "ir/interface.h"
#include "ops/families/arithmetic.h"

enum { SIZE };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_attribute *size = &node->attributes[SIZE];
    (void)program;
    if (size->count > NS_MAX_RANK)
        return ns_fail(error, NS_ERROR_INPUT, "%s: rank %d is over %d", node->op->aten, size->count,
                       NS_MAX_RANK);
    node->rank = size->count;
    for (int i = 0; i < size->count; i++)
        node->shape[i] = size->list[i];
    return NS_OK;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        out[i] = 0;
    }
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    const float *zeros = NS_ARENA_ARRAY(program->arena, ns_aten_count(node), float);
    (void)inputs;
    return zeros ? ns_aten_add_parameter(program, NULL, node->rank, node->shape, zeros, out, error)
                 : ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", node->name);
}

const ns_aten_operator ns_aten_op_zeros = {
    .name = "zeros",
    .aten = "aten.zeros.default",
    NS_PARAMETERS({"size", NS_ATEN_INTS, .required = true}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
};
