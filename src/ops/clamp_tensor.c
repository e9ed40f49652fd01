/* clamp.Tensor: out = min(max(x, min), max) with tensors as limits, broadcast; either may be None. Decomposed
 * into maximum and minimum (ExecuTorch 1.5.1, backends/arm/_passes/decompose_tosa_unsupported_clamp_pass.py).
 */
#include <math.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"

enum { SELF, MIN, MAX };

/* All operands that are there, broadcast. */
static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    int present[3], count = 0;
    ns_aten_node all = *node;
    for (int i = 0; i < node->input_count; i++)
        if (node->inputs[i] >= 0)
            present[count++] = node->inputs[i];
    all.inputs = present;
    all.input_count = count;
    NS_TRY(ns_infer_broadcast(program, &all, error));
    node->dtype = all.dtype;
    node->rank = all.rank;
    for (int i = 0; i < all.rank; i++)
        node->shape[i] = all.shape[i];
    return NS_OK;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        double value[3] = {0, -INFINITY, INFINITY};
        int64_t at[NS_MAX_RANK] = {0};
        ns_coordinates(node, i, at);
        for (int k = 0; k < node->input_count; k++)
            if (operands->values[k])
                value[k] = operands->values[k][ns_broadcast_element(operands->nodes[k], node->rank, at)];
        out[i] = fmin(fmax(value[SELF], value[MIN]), value[MAX]);
    }
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    *out = inputs[SELF];
    if (inputs[MIN] >= 0)
        NS_TRY(ns_aten_call(program, &ns_aten_op_maximum, 2, (int[]){*out, inputs[MIN]}, NULL, out, error));
    if (node->input_count > MAX && inputs[MAX] >= 0)
        NS_TRY(ns_aten_call(program, &ns_aten_op_minimum, 2, (int[]){*out, inputs[MAX]}, NULL, out, error));
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "both",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 2, 8, 8), NS_INPUT(NS_UNIFORM, -1, 0.5, 2, 8, 8),
              NS_INPUT(NS_UNIFORM, 0.5, 0.5, 2, 8, 8))},
    {NS_LIST_SEED, "min",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 8, 10), NS_INPUT(NS_UNIFORM, -1, 1, 1, 10), NS_NO_OPERAND)},
};

const ns_aten_operator ns_aten_op_clamp_tensor = {
    .name = "clamp.Tensor",
    .aten = "aten.clamp.Tensor",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"min", NS_ATEN_OPTIONAL_TENSOR},
                  {"max", NS_ATEN_OPTIONAL_TENSOR}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(BINARY, cases),
};
