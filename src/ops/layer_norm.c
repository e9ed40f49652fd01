/* layer_norm: out = (x - mean) / sqrt(var + eps) * weight + bias over the last axes; var is the mean of
 * squared differences. Decomposed before the quantiser sees it (ExecuTorch 1.5.1,
 * backends/arm/_passes/decompose_layernorm_pass.py): mean, sub, var, add, rsqrt, mul; weight and bias are
 * reshaped activations. */
#include "ops/cases.h"
#include "ops/families/arithmetic.h"
#include "ops/families/reductions.h"

enum { X, SHAPE, WEIGHT, BIAS, EPSILON, CUDNN };
enum { WEIGHT_OPERAND = 1, BIAS_OPERAND };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_attribute *shape = &node->attributes[SHAPE];
    NS_TRY(ns_infer_same(program, node, error));
    bool fits = shape->count >= 1 && shape->count <= node->rank;
    for (int i = 0; fits && i < shape->count; i++)
        fits = shape->list[i] == node->shape[node->rank - shape->count + i];
    for (int i = WEIGHT_OPERAND; fits && i <= BIAS_OPERAND; i++) {
        const ns_aten_node *affine = ns_aten_operand(program, node, i);
        fits = !affine || affine->rank == shape->count;
        for (int k = 0; fits && affine && k < shape->count; k++)
            fits = affine->shape[k] == shape->list[k];
    }
    return fits ? NS_OK
                : ns_fail(error, NS_ERROR_INPUT,
                          "%s: normalized_shape is not the end of x's shape, or not that of weight and bias",
                          node->op->aten);
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const ns_aten_attribute *shape = &node->attributes[SHAPE];
    const double *weight = operands->values[WEIGHT_OPERAND], *bias = operands->values[BIAS_OPERAND];
    int64_t count = 1;
    for (int i = 0; i < shape->count; i++)
        count *= shape->list[i];
    for (int64_t row = 0; count && row < (int64_t)ns_aten_count(node) / count; row++, out += count) {
        NS_TRY(ns_normalise_row(operands, operands->values[X] + row * count, out, count,
                                node->attributes[EPSILON].real, error));
        for (int64_t i = 0; i < count; i++)
            out[i] = out[i] * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
    }
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    const int axes = node->attributes[SHAPE].count;
    int64_t dims[NS_MAX_RANK], shape[NS_MAX_RANK];
    for (int i = 0; i < axes; i++)
        dims[i] = node->rank - 1 - i;
    for (int i = 0; i < node->rank; i++)
        shape[i] = i < node->rank - axes ? 1 : node->shape[i];
    const ns_aten_attribute along = NS_INTS(axes, dims);
    NS_TRY(ns_normalise_decompose(program, inputs[X], &along, node->attributes[EPSILON].real, out, error));
    return ns_normalise_affine(program, *out, inputs[WEIGHT_OPERAND], inputs[BIAS_OPERAND], node->rank, shape,
                               out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "last",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 2, 4, 16), NS_NO_OPERAND, NS_NO_OPERAND,
              {"normalized_shape", NS_LIST(1, 16)})},
    {NS_LIST_SEED, "weights",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 5, 16), NS_WEIGHT(NS_UNIFORM, 0.5, 1, 1, 16),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 16), {"normalized_shape", NS_LIST(1, 16)})},
};

const ns_aten_operator ns_aten_op_layer_norm = {
    .name = "layer_norm",
    .aten = "aten.layer_norm.default",
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"normalized_shape", NS_ATEN_INTS, .required = true},
                  {"weight", NS_ATEN_OPTIONAL_TENSOR}, {"bias", NS_ATEN_OPTIONAL_TENSOR},
                  {"eps", NS_ATEN_REAL, .otherwise = NS_REAL(1e-5)}, {"cudnn_enable", NS_ATEN_BOOL}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
