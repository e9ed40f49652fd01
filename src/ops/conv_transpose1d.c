/* conv_transpose1d: every input element adds its weights to the result:
 *   out[n][o][y * stride + k * dilation - padding] += x[n][c][y] * w[c][o][k], plus bias[o];
 * with groups each takes its share of the channels. ExecuTorch 1.5.1's quantiser knows the two-dimensional
 * one alone (quantizer/quantization_annotator.py, _conv_ops): this stays on the CPU. */
#include "num/interface.h"
#include "ops/cases.h"
#include "ops/families/arithmetic.h"
#include "ops/families/products.h"

enum { X, WEIGHT, BIAS, STRIDE, PADDING, OUTPUT_PADDING, GROUPS, DILATION };

static int64_t value_of(const ns_aten_node *node, int parameter)
{
    return ns_window_value(&node->attributes[parameter], 0);
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    static const int lists[] = {STRIDE, PADDING, OUTPUT_PADDING, DILATION};
    const ns_aten_node *x = ns_aten_operand(program, node, X), *w = ns_aten_operand(program, node, WEIGHT),
                       *bias = ns_aten_operand(program, node, BIAS);
    const int64_t groups = node->attributes[GROUPS].integer;
    for (int p = 0; p < 4; p++)
        if (node->attributes[lists[p]].count != 1 || value_of(node, lists[p]) < (p == 0 || p == 3) ||
            value_of(node, lists[p]) > 1 << 20)
            return ns_fail(error, NS_ERROR_INPUT, "%s: '%s' needs one value, at most 2^20", node->op->aten,
                           node->op->parameters[lists[p]].name);
    if (x->rank != 3 || w->rank != 3 || w->shape[0] != x->shape[1] || w->shape[2] < 1 || groups < 1 ||
        x->shape[1] % groups || (bias && (bias->rank != 1 || bias->shape[0] != w->shape[1] * groups)))
        return ns_fail(error, NS_ERROR_INPUT, "%s needs [n, c, w], weights [c, o / groups, k] and a bias [o]",
                       node->op->aten);
    NS_TRY(ns_infer_same(program, node, error));
    node->shape[1] = w->shape[1] * groups;
    node->shape[2] = (x->shape[2] - 1) * value_of(node, STRIDE) - 2 * value_of(node, PADDING) +
                     value_of(node, DILATION) * (w->shape[2] - 1) + 1 + value_of(node, OUTPUT_PADDING);
    return node->shape[2] > 0 ? NS_OK : ns_fail(error, NS_ERROR_INPUT, "%s: nothing is left", node->op->aten);
}

static double element(const ns_aten_node *node, const ns_aten_operands *operands, int64_t n, int64_t o,
                      int64_t at)
{
    const ns_aten_node *x = operands->nodes[X], *w = operands->nodes[WEIGHT];
    const int64_t share = x->shape[1] / node->attributes[GROUPS].integer, first = o / w->shape[1] * share;
    const double *bias = node->input_count > BIAS ? operands->values[BIAS] : NULL;
    ns_double2 sum = {bias ? bias[o] : 0, 0};
    for (int64_t c = first; c < first + share; c++)
        for (int64_t k = 0; k < w->shape[2]; k++) {
            const int64_t from = at + value_of(node, PADDING) - k * value_of(node, DILATION);
            const int64_t y = from / value_of(node, STRIDE);
            if (from >= 0 && from % value_of(node, STRIDE) == 0 && y < x->shape[2])
                ns_double2_add_product(
                    &sum, operands->values[X][(n * x->shape[1] + c) * x->shape[2] + y],
                    operands->values[WEIGHT][(c * w->shape[1] + o % w->shape[1]) * w->shape[2] + k]);
        }
    return sum.hi + sum.lo;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const int64_t share = operands->nodes[X]->shape[1] / node->attributes[GROUPS].integer;
    const int64_t taps = share * operands->nodes[WEIGHT]->shape[2];
    for (int64_t n = 0; n < node->shape[0]; n++)
        for (int64_t o = 0; o < node->shape[1]; o++)
            for (int64_t at = 0; at < node->shape[2]; at++) {
                NS_TRY(ns_aten_spend(operands, taps, error));
                *out++ = element(node, operands, n, o, at);
            }
    return NS_OK;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "stride2",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 3, 1, 4, 9), NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 3, 4, 3, 3),
              NS_WEIGHT(NS_UNIFORM, -0.3, 0.6, 1, 6), {"stride", NS_LIST(1, 2)}, {"groups", NS_INT(2)})},
};

#define ONE(value) NS_INTS(1, ((const int64_t[]){value}))

const ns_aten_operator ns_aten_op_conv_transpose1d = {
    .name = "conv_transpose1d",
    .aten = "aten.conv_transpose1d.default",
    NS_PARAMETERS(
        {"input", NS_ATEN_TENSOR}, {"weight", NS_ATEN_TENSOR}, {"bias", NS_ATEN_OPTIONAL_TENSOR},
        {"stride", NS_ATEN_INTS, .otherwise = ONE(1)}, {"padding", NS_ATEN_INTS, .otherwise = ONE(0)},
        {"output_padding", NS_ATEN_INTS, .otherwise = ONE(0)},
        {"groups", NS_ATEN_INT, .otherwise = NS_INT(1)}, {"dilation", NS_ATEN_INTS, .otherwise = ONE(1)}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .annotation = NS_ANNOTATION_FLOAT,
    .catalogue = NS_CALL_CATALOGUE(PRODUCT, cases),
};
