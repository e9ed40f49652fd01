/* scaled_dot_product_attention: softmax(q k^T * scale + mask) v over the last two axes; scale is 1 / sqrt(e)
 * where none is given. Decomposed before the quantiser sees it (ExecuTorch 1.5.1, backends/arm/_passes/
 * decompose_sdpa_pass.py, by PyTorch's _scaled_dot_product_attention_math): q and k^T are each multiplied by
 * the root of scale. */
#include <math.h>
#include <string.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"
#include "ops/families/decompose.h"

enum { QUERY, KEY, VALUE, MASK, DROPOUT, CAUSAL, SCALE, GQA };

/* [.., l, e], [.., s, e], [.., s, v]. */
typedef struct sizes {
    int64_t matrices, l, s, e, v;
} sizes;

static sizes sizes_of(const ns_aten_node *query, const ns_aten_node *value)
{
    const int last = query->rank - 1;
    sizes s = {1, query->shape[last - 1], value->shape[last - 1], query->shape[last], value->shape[last]};
    for (int i = 0; i < last - 1; i++)
        s.matrices *= query->shape[i];
    return s;
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *q = ns_aten_operand(program, node, QUERY), *k = ns_aten_operand(program, node, KEY),
                       *v = ns_aten_operand(program, node, VALUE);
    const int last = q->rank - 1;
    bool fits = q->rank >= 2 && k->rank == q->rank && v->rank == q->rank;
    for (int i = 0; fits && i < last - 1; i++)
        fits = k->shape[i] == q->shape[i] && v->shape[i] == q->shape[i];
    if (!fits || k->shape[last] != q->shape[last] || v->shape[last - 1] != k->shape[last - 1])
        return ns_fail(error, NS_ERROR_INPUT, "%s needs [.., l, e], [.., s, e] and [.., s, v]",
                       node->op->aten);
    if (ns_aten_operand(program, node, MASK) || node->attributes[DROPOUT].real != 0 ||
        node->attributes[CAUSAL].integer || node->attributes[GQA].integer)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s with a mask, dropout or grouped heads is not known",
                       node->op->aten);
    NS_TRY(ns_infer_same(program, node, error));
    node->shape[last] = v->shape[last];
    return NS_OK;
}

static double scale_of(const ns_aten_node *node, int64_t e)
{
    return node->attributes[SCALE].none ? 1 / sqrt((double)e) : node->attributes[SCALE].real;
}

/* One row of the result: weights first, then their mean of the values. */
static void attend(const sizes *s, double scale, const double *q, const double *k, const double *v,
                   double *out)
{
    double most = -INFINITY, total = 0;
    memset(out, 0, (size_t)s->v * sizeof *out);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t j = 0; j < s->s; j++) {
            double product = 0;
            for (int64_t i = 0; i < s->e; i++)
                product += q[i] * k[j * s->e + i];
            if (pass == 0) {
                most = fmax(most, product * scale);
                continue;
            }
            const double weight = exp(product * scale - most);
            total += weight;
            for (int64_t i = 0; i < s->v; i++)
                out[i] += weight * v[j * s->v + i];
        }
    for (int64_t i = 0; i < s->v; i++)
        out[i] /= total;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const sizes s = sizes_of(operands->nodes[QUERY], operands->nodes[VALUE]);
    (void)error;
    for (int64_t m = 0; m < s.matrices; m++)
        for (int64_t row = 0; row < s.l; row++)
            attend(&s, scale_of(node, s.e), operands->values[QUERY] + (m * s.l + row) * s.e,
                   operands->values[KEY] + m * s.s * s.e, operands->values[VALUE] + m * s.s * s.v,
                   out + (m * s.l + row) * s.v);
    return NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    const ns_aten_node *query = &program->nodes[inputs[QUERY]];
    const double root = sqrt(scale_of(node, query->shape[query->rank - 1]));
    int q = 0, k = 0;
    NS_TRY(ns_decompose_scale(program, inputs[QUERY], root, &q, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_transpose, 1, &inputs[KEY],
                        NS_ARGUMENTS({"dim0", NS_INT(-2)}, {"dim1", NS_INT(-1)}), &k, error));
    NS_TRY(ns_decompose_scale(program, k, root, &k, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_matmul, 2, (int[]){q, k}, NULL, out, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_softmax, 1, out, NS_ARGUMENTS({"dim", NS_INT(-1)}), out, error));
    return ns_aten_call(program, &ns_aten_op_matmul, 2, (int[]){*out, inputs[VALUE]}, NULL, out, error);
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "heads2",
     NS_CALL3(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 2, 6, 8), NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 2, 6, 8),
              NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 2, 6, 8))},
};

const ns_aten_operator ns_aten_op_scaled_dot_product_attention = {
    .name = "scaled_dot_product_attention",
    .aten = "aten.scaled_dot_product_attention.default",
    NS_PARAMETERS({"query", NS_ATEN_TENSOR}, {"key", NS_ATEN_TENSOR}, {"value", NS_ATEN_TENSOR},
                  {"attn_mask", NS_ATEN_OPTIONAL_TENSOR}, {"dropout_p", NS_ATEN_REAL},
                  {"is_causal", NS_ATEN_BOOL}, {"scale", NS_ATEN_REAL, .otherwise = NS_ABSENT},
                  {"enable_gqa", NS_ATEN_BOOL}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .catalogue = NS_CALL_CATALOGUE(COMPOSITE, cases),
};
