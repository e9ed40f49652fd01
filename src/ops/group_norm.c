/* group_norm: out = (x - mean) / sqrt(var + eps) * weight + bias, mean and var over the channels of each of
 * num_groups groups and all axes behind. Decomposed before the quantiser sees it: as [n, group, channels per
 * group, rest] (families/normalise.h). */
#include "ops/cases.h"
#include "ops/families/arithmetic.h"
#include "ops/families/reductions.h"

enum { X, GROUPS, WEIGHT, BIAS, EPSILON, CUDNN };
enum { WEIGHT_OPERAND = 1, BIAS_OPERAND };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const int64_t groups = node->attributes[GROUPS].integer;
    NS_TRY(ns_infer_same(program, node, error));
    if (node->rank < 2 || groups < 1 || node->shape[1] % groups)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %lld groups do not divide the channels", node->op->aten,
                       (long long)groups);
    for (int i = WEIGHT_OPERAND; i <= BIAS_OPERAND; i++) {
        const ns_aten_node *affine = ns_aten_operand(program, node, i);
        if (affine && (affine->rank != 1 || affine->shape[0] != node->shape[1]))
            return ns_fail(error, NS_ERROR_INPUT, "%s: weight and bias need one value for each channel",
                           node->op->aten);
    }
    return NS_OK;
}

/* Elements behind the channels' axis. */
static int64_t rest_of(const ns_aten_node *node)
{
    int64_t rest = 1;
    for (int i = 2; i < node->rank; i++)
        rest *= node->shape[i];
    return rest;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const int64_t groups = node->attributes[GROUPS].integer, channels = node->shape[1], rest = rest_of(node);
    const int64_t count = channels / groups * rest;
    const double *weight = operands->values[WEIGHT_OPERAND], *bias = operands->values[BIAS_OPERAND];
    for (int64_t row = 0; row < node->shape[0] * groups; row++)
        NS_TRY(ns_normalise_row(operands, operands->values[X] + row * count, out + row * count, count,
                                node->attributes[EPSILON].real, error));
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        const int64_t channel = (int64_t)i / (rest ? rest : 1) % channels;
        out[i] = out[i] * (weight ? weight[channel] : 1) + (bias ? bias[channel] : 0);
    }
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    const int64_t groups = node->attributes[GROUPS].integer, each = node->shape[1] / groups, dims[2] = {2, 3};
    const int64_t grouped[4] = {node->shape[0], groups, each, rest_of(node)},
                  affine[4] = {1, groups, each, 1};
    const ns_aten_attribute along = NS_INTS(2, dims);
    NS_TRY(ns_decompose_reshape(program, inputs[X], 4, grouped, out, error));
    NS_TRY(ns_normalise_decompose(program, *out, &along, node->attributes[EPSILON].real, out, error));
    NS_TRY(ns_normalise_affine(program, *out, inputs[WEIGHT_OPERAND], inputs[BIAS_OPERAND], 4, affine, out,
                               error));
    return ns_decompose_reshape(program, *out, node->rank, node->shape, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "groups2",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 8, 5, 5), NS_NO_OPERAND, NS_NO_OPERAND,
              {"num_groups", NS_INT(2)})},
    {NS_LIST_SEED, "weights",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 8, 16), NS_WEIGHT(NS_UNIFORM, 0.5, 1, 1, 8),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 8), {"num_groups", NS_INT(4)})},
};

const ns_aten_operator ns_aten_op_group_norm = {
    .name = "group_norm",
    .aten = "aten.group_norm.default",
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"num_groups", NS_ATEN_INT, .required = true},
                  {"weight", NS_ATEN_OPTIONAL_TENSOR}, {"bias", NS_ATEN_OPTIONAL_TENSOR},
                  {"eps", NS_ATEN_REAL, .otherwise = NS_REAL(1e-5)}, {"cudnn_enabled", NS_ATEN_BOOL}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
