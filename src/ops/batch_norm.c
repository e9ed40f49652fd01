/* batch_norm: (x - mean) / sqrt(var + eps) * weight + bias by channel, mean and var given (no training).
 *
 * Behind a convolution or a linear layer it goes into the weights and the bias, in float32, before anything
 * is observed (torchao 0.18, quantization/pt2e/utils.py, _fuse_conv_bn_ and _fuse_linear_bn_, which
 * prepare_pt2e calls; torch/nn/utils/fusion.py, fuse_conv_bn_weights and fuse_linear_bn_weights). Elsewhere
 * it is decomposed (ExecuTorch 1.5.1, backends/arm/_passes/decompose_batch_norm_no_stats.py): sub, add of
 * eps, rsqrt, mul, mul, add. */
#include <math.h>
#include <string.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"
#include "ops/families/reductions.h"

enum { X, WEIGHT, BIAS, MEAN, VAR, TRAINING, MOMENTUM, EPSILON, CUDNN };

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    NS_TRY(ns_infer_same(program, node, error));
    bool fits = node->rank >= 2;
    for (int i = WEIGHT; fits && i <= VAR; i++) {
        const ns_aten_node *p = ns_aten_operand(program, node, i);
        fits = p ? p->rank == 1 && p->shape[0] == node->shape[1] : i < MEAN;
    }
    if (!fits || node->attributes[TRAINING].integer)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s needs [n, c, ..], a mean and a variance of c values each, and no training",
                       node->op->aten);
    return NS_OK;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const double *const *v = operands->values;
    int64_t rest = 1;
    for (int i = 2; i < node->rank; i++)
        rest *= node->shape[i];
    for (size_t i = 0; i < ns_aten_count(node); i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        const int64_t c = (int64_t)i / rest % node->shape[1];
        out[i] = (v[X][i] - v[MEAN][c]) / sqrt(v[VAR][c] + node->attributes[EPSILON].real) *
                     (v[WEIGHT] ? v[WEIGHT][c] : 1) +
                 (v[BIAS] ? v[BIAS][c] : 0);
    }
    return NS_OK;
}

/* ---- behind a convolution or a linear layer ---- */

static bool is_folded(const ns_aten_program *program, const int *inputs)
{
    const ns_aten_node *conv = &program->nodes[inputs[X]];
    static const ns_aten_operator *const folding[] = {
        &ns_aten_op_conv1d,         &ns_aten_op_conv2d,           &ns_aten_op_conv3d,
        &ns_aten_op_conv1d_padding, &ns_aten_op_conv_transpose2d, &ns_aten_op_linear};
    bool known = false, constant = true;
    for (size_t i = 0; i < sizeof folding / sizeof folding[0]; i++)
        known = known || conv->op == folding[i];
    if (!known || (conv->op == &ns_aten_op_linear && conv->rank != 2) ||
        program->nodes[conv->inputs[1]].shape[conv->op->weight_axis] != conv->shape[1])
        return false;
    for (int i = 1; i < conv->input_count; i++)
        constant =
            constant && (conv->inputs[i] < 0 || program->nodes[conv->inputs[i]].kind == NS_ATEN_PARAMETER);
    for (int i = WEIGHT; i <= VAR; i++)
        constant = constant && (inputs[i] < 0 || program->nodes[inputs[i]].kind == NS_ATEN_PARAMETER);
    return constant;
}

/* Value `i` of an operand that may be absent. */
static float value_or(const ns_aten_program *program, int operand, int64_t i, float otherwise)
{
    return operand < 0 ? otherwise : program->nodes[operand].data[i];
}

/* 1 / sqrt(var + eps) of channel `c`. */
static float root_of(const ns_aten_program *program, const ns_aten_node *node, const int *inputs, int64_t c)
{
    return 1.0f / sqrtf(value_or(program, inputs[VAR], c, 1) + (float)node->attributes[EPSILON].real);
}

static ns_code fold(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                    ns_error *error)
{
    const ns_aten_node conv = program->nodes[inputs[X]], weight = program->nodes[conv.inputs[1]];
    const int conv_bias = conv.input_count > 2 ? conv.inputs[2] : -1;
    const int64_t channels = weight.shape[conv.op->weight_axis];
    const size_t count = ns_aten_count(&weight);
    int64_t each = 1;
    for (int i = conv.op->weight_axis + 1; i < weight.rank; i++)
        each *= weight.shape[i];
    float *w = NS_ARENA_ARRAY(program->arena, count, float);
    float *b = NS_ARENA_ARRAY(program->arena, (size_t)channels, float);
    int operands[3] = {conv.inputs[0], 0, 0};
    if (!w || !b)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", node->name);
    for (size_t i = 0; i < count; i++) {
        const int64_t c = (int64_t)i / each % channels;
        w[i] = weight.data[i] * (value_or(program, inputs[WEIGHT], c, 1) * root_of(program, node, inputs, c));
    }
    for (int64_t c = 0; c < channels; c++) {
        const float root = root_of(program, node, inputs, c), gain = value_or(program, inputs[WEIGHT], c, 1);
        const float centred = value_or(program, conv_bias, c, 0) - value_or(program, inputs[MEAN], c, 0);
        b[c] = (conv.op == &ns_aten_op_linear ? centred * (gain * root) : centred * root * gain) +
               value_or(program, inputs[BIAS], c, 0);
    }
    NS_TRY(ns_aten_add_parameter(program, NULL, weight.rank, weight.shape, w, &operands[1], error));
    NS_TRY(ns_aten_add_parameter(program, NULL, 1, &channels, b, &operands[2], error));
    ns_aten_node folded = conv;
    folded.input_count = 3;
    return ns_aten_add_copy(program, &folded, operands, out, error);
}

/* ---- elsewhere ---- */

/* An operand, or where it is absent `value` for each channel. */
static ns_code channels_or(ns_aten_program *program, const ns_aten_node *node, int operand, float value,
                           int *out, ns_error *error)
{
    const int64_t channels = node->shape[1];
    float *values = NS_ARENA_ARRAY(program->arena, (size_t)channels, float);
    *out = operand;
    if (operand >= 0)
        return NS_OK;
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", node->name);
    for (int64_t c = 0; c < channels; c++)
        values[c] = value;
    return ns_aten_add_parameter(program, NULL, 1, &channels, values, out, error);
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    int64_t shape[NS_MAX_RANK];
    int mean = 0, var = 0, weight = 0, bias = 0;
    if (is_folded(program, inputs))
        return fold(program, node, inputs, out, error);
    for (int i = 0; i < node->rank; i++)
        shape[i] = i == 1 ? node->shape[1] : 1;
    NS_TRY(ns_decompose_reshape(program, inputs[MEAN], node->rank, shape, &mean, error));
    NS_TRY(ns_decompose_reshape(program, inputs[VAR], node->rank, shape, &var, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_sub, 2, (int[]){inputs[X], mean}, NULL, &mean, error));
    NS_TRY(ns_normalise_by(program, mean, var, node->attributes[EPSILON].real, out, error));
    NS_TRY(channels_or(program, node, inputs[WEIGHT], 1, &weight, error));
    NS_TRY(channels_or(program, node, inputs[BIAS], 0, &bias, error));
    return ns_normalise_affine(program, *out, weight, bias, node->rank, shape, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "channels3",
     &(const ns_call_case){5,
                           {NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 3, 6, 6), NS_WEIGHT(NS_UNIFORM, 0.5, 1, 1, 3),
                            NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 3), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 3),
                            NS_WEIGHT(NS_UNIFORM, 0.5, 1, 1, 3)},
                           NS_CALL_ARGUMENTS({"eps", NS_REAL(1e-5)})}},
};

const ns_aten_operator ns_aten_op_batch_norm = {
    .name = "batch_norm",
    .aten = "aten.batch_norm.default",
    NS_PARAMETERS({"input", NS_ATEN_TENSOR}, {"weight", NS_ATEN_OPTIONAL_TENSOR},
                  {"bias", NS_ATEN_OPTIONAL_TENSOR}, {"running_mean", NS_ATEN_OPTIONAL_TENSOR},
                  {"running_var", NS_ATEN_OPTIONAL_TENSOR}, {"training", NS_ATEN_BOOL},
                  {"momentum", NS_ATEN_REAL}, {"eps", NS_ATEN_REAL, .otherwise = NS_REAL(1e-5)},
                  {"cudnn_enabled", NS_ATEN_BOOL}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
