/* What ExecuTorch 1.5.0's partitioner keeps off a target, whatever the operator: the operators' own rules
 * stand with them, in its words. Sources: backends/arm/operator_support/tosa_supported_operators.py
 * (RankCheck); tosa/partitioner.py. */
#include "lower/interface.h"

#include "ir/operator.h"

#define MAX_RANK 6 /* backends/arm/constants.py */

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
                   "%s: ExecuTorch keeps %s off %s: rank %d which is unsupported. Max supported rank is %d.",
                   node->name, ns_aten_text(node), ns_target_accelerator(target), rank, MAX_RANK);
}

static bool is_quantised(const ns_aten_program *program)
{
    for (int i = 0; i < program->node_count; i++)
        if (program->nodes[i].quantisation.present)
            return true;
    return false;
}

/* A program that is not quantised yet is asked about its operators alone.
 * CheckProperQuantization (operator_support/tosa_supported_operators.py): no float on a target of integers.
 */
static ns_code check_quantised(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                               ns_error *error)
{
    for (int i = -1; is_quantised(program) && i < node->input_count; i++) {
        if (i >= 0 && node->inputs[i] < 0)
            continue;
        const ns_aten_node *value = i < 0 ? node : &program->nodes[node->inputs[i]];
        if (value->dtype == NS_DTYPE_FP32 && !value->quantisation.present)
            return ns_keep_off(node, target, error, "One or more %s were not quantized.",
                               i < 0 ? "outputs" : "inputs");
    }
    return NS_OK;
}

static ns_code check_node(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                          ns_error *error)
{
    NS_TRY(check_rank(program, node, target, error));
    if (ns_aten_decomposes(program, node)) /* its parts are asked */
        return NS_OK;
    if (node->op->annotation == NS_ANNOTATION_FLOAT)
        return ns_keep_off(node, target, error, "Node was not marked as quantized in the Arm backend.");
    NS_TRY(check_quantised(program, node, target, error));
    if (node->op->supported)
        return node->op->supported(program, node, target, error);
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: whether ExecuTorch gives %s to %s is not known",
                   node->name, ns_aten_text(node), ns_target_accelerator(target));
}

/* A partition of nothing but views stays on the CPU (TOSAPartitioner, reject_partition). */
bool ns_lower_is_view(const ns_aten_program *program, int node)
{
    const ns_aten_node *self = &program->nodes[node];
    return self->op->only_view && self->op->only_view(program, self);
}

static bool only_views(const ns_aten_program *program)
{
    for (int i = 0; i < program->node_count; i++)
        if (program->nodes[i].kind == NS_ATEN_CALL && !ns_lower_is_view(program, i))
            return false;
    return true;
}

ns_code ns_lower_takes(const ns_aten_program *program, int node, ns_target target, ns_error *error)
{
    return check_node(program, &program->nodes[node], target, error);
}

ns_code ns_lower_supported(const ns_aten_program *program, ns_target target, ns_error *error)
{
    for (int i = 0; i < program->node_count; i++)
        if (program->nodes[i].kind == NS_ATEN_CALL)
            NS_TRY(check_node(program, &program->nodes[i], target, error));
    if (only_views(program))
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "ExecuTorch keeps the program off %s: it does nothing but change shapes",
                       ns_target_accelerator(target));
    return NS_OK;
}
