/* What ExecuTorch 1.5.0's partitioner keeps off a target. Sources: backends/arm/operator_support/
 * tosa_supported_operators.py (RankCheck), ethos_u55_support.py, convolution_support.py,
 * reduce_sum_support.py; tosa/partitioner.py. */
#include <string.h>

#include "lower/lower.h"

#define MAX_RANK 6 /* backends/arm/constants.py */

static const char *const accelerators[NS_TARGET_COUNT] = {
#define NS_TARGET(name, text, accelerator) [NS_TARGET_##name] = accelerator,
#include "lower/target.def"
#undef NS_TARGET
};

static ns_code check_rank(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                          ns_error *error)
{
    int rank = node->rank;
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && program->nodes[node->inputs[i]].rank > rank)
            rank = program->nodes[node->inputs[i]].rank;
    if (rank <= MAX_RANK)
        return NS_OK;
    return ns_fail(error, NS_ERROR_UNSUPPORTED,
                   "%s: ExecuTorch keeps %s off %s: rank %d, at most %d is supported", node->name,
                   ns_aten_op_text(node->op), accelerators[target], rank, MAX_RANK);
}

static ns_code check_conv1d_u55(const ns_aten_program *program, const ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = &program->nodes[node->inputs[0]];
    const int64_t taps = program->nodes[node->inputs[1]].shape[2];
    bool depthwise = input->shape[1] == node->groups;
    for (int i = 1; i < (depthwise ? 3 : 2); i++)
        if (input->shape[i] < 1 || input->shape[i] > 65536)
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "%s: ExecuTorch keeps conv1d off %s: dim %d of the input is %lld, supported "
                           "are 1 to 65536",
                           node->name, accelerators[NS_TARGET_U55], i, (long long)input->shape[i]);
    if (taps > 4096)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "%s: ExecuTorch keeps conv1d off %s: kernel size %lld, at most 4096 is supported",
                       node->name, accelerators[NS_TARGET_U55], (long long)taps);
    if (node->stride > 3 && (node->padding > 0 || node->dilation != 1))
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "%s: ExecuTorch keeps conv1d off %s: stride %d with padding %d and dilation %d; "
                       "a stride over 3 is supported without padding and dilation only",
                       node->name, accelerators[NS_TARGET_U55], node->stride, node->padding, node->dilation);
    return NS_OK;
}

static ns_code check_sum_u55(const ns_aten_program *program, const ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *input = &program->nodes[node->inputs[0]];
    for (int i = 0; i < node->dim_count; i++) {
        /* Products in double, as ExecuTorch forms them: they cannot overflow. */
        double before = 1, after = 1;
        for (int axis = 0; axis < input->rank; axis++)
            *(axis < node->dims[i] ? &before : &after) *=
                axis == node->dims[i] ? 1 : (double)input->shape[axis];
        double size = (double)input->shape[node->dims[i]];
        if (size < 1 || size > 65536 || before < 1 || before > 65536 || after < 1 || after > 65536)
            return ns_fail(error, NS_ERROR_UNSUPPORTED,
                           "%s: ExecuTorch keeps sum off %s: dim %d has %.0f elements, %.0f before and "
                           "%.0f after it; 1 to 65536 of each are supported",
                           node->name, accelerators[NS_TARGET_U55], node->dims[i], size, before, after);
    }
    return NS_OK;
}

static ns_code check_u55(const ns_aten_program *program, const ns_aten_node *node, ns_error *error)
{
    switch (node->op) {
    case NS_ATEN_BMM:
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "%s: ExecuTorch keeps bmm off %s: operand %s is int16, int8 is supported", node->name,
                       accelerators[NS_TARGET_U55], program->nodes[node->inputs[0]].name);
    case NS_ATEN_CONV1D:
        return check_conv1d_u55(program, node, error);
    case NS_ATEN_SUM:
        return check_sum_u55(program, node, error);
    default:
        return NS_OK;
    }
}

/* A partition of nothing but views stays on the CPU (TOSAPartitioner, reject_partition). */
static bool only_views(const ns_aten_program *program)
{
    for (int i = 0; i < program->node_count; i++) {
        ns_aten_op op = program->nodes[i].op;
        if (op != NS_ATEN_INPUT && op != NS_ATEN_PARAMETER && op != NS_ATEN_RESHAPE)
            return false;
    }
    return true;
}

ns_code ns_lower_supported(const ns_aten_program *program, ns_target target, ns_error *error)
{
    for (int i = 0; i < program->node_count; i++) {
        const ns_aten_node *node = &program->nodes[i];
        if (node->op == NS_ATEN_INPUT || node->op == NS_ATEN_PARAMETER)
            continue;
        NS_TRY(check_rank(program, node, target, error));
        if (target == NS_TARGET_U55)
            NS_TRY(check_u55(program, node, error));
    }
    if (only_views(program))
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "ExecuTorch keeps the program off %s: it does nothing but change shapes",
                       accelerators[target]);
    return NS_OK;
}
