/* INPUT: a value that the caller gives. PARAMETER: a constant float tensor of the program. */
#include "aten/operator.h"

static ns_code infer_leaf(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    (void)program;
    size_t count = 0;
    NS_TRY(ns_shape_count(node->rank, node->shape, &count, error));
    if (node->op == NS_ATEN_PARAMETER && !node->data)
        return ns_fail(error, NS_ERROR_INPUT, "parameter %s has no values", node->name ? node->name : "");
    return NS_OK;
}

const ns_aten_operator ns_aten_operator_INPUT = {.infer = infer_leaf};
const ns_aten_operator ns_aten_operator_PARAMETER = {.infer = infer_leaf};

static ns_code add_leaf(ns_aten_program *program, ns_aten_op op, const char *name, int rank,
                        const int64_t *shape, const float *data, int *node, ns_error *error)
{
    ns_aten_node prototype = {.name = name, .op = op, .rank = rank, .data = data};
    for (int i = 0; i < rank && i < NS_MAX_RANK; i++)
        prototype.shape[i] = shape[i];
    return ns_aten_add(program, &prototype, node, error);
}

ns_code ns_aten_add_input(ns_aten_program *program, const char *name, int rank, const int64_t *shape,
                          int *node, ns_error *error)
{
    return add_leaf(program, NS_ATEN_INPUT, name, rank, shape, NULL, node, error);
}

ns_code ns_aten_add_parameter(ns_aten_program *program, const char *name, int rank, const int64_t *shape,
                              const float *data, int *node, ns_error *error)
{
    return add_leaf(program, NS_ATEN_PARAMETER, name, rank, shape, data, node, error);
}
