/* scaled_dot_product_attention: softmax(q k^T * scale + mask) v over the last two axes; scale is 1 / sqrt(e)
 * where none is given. Decomposed before the quantiser sees it (ExecuTorch 1.5.1, backends/arm/_passes/
 * decompose_sdpa_pass.py, by PyTorch's _scaled_dot_product_attention_math): q and k^T are each multiplied by
 * the root of scale; a mask of truth values, or is_causal, becomes 0 and -256. */
#include <math.h>
#include <string.h>

#include "ir/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"
#include "ops/families/reductions.h"

enum { QUERY, KEY, VALUE, MASK, DROPOUT, CAUSAL, SCALE, GQA };

/* What the decomposition puts for minus infinity (replace_inf_and_limit_values_pass.py). */
#define HIDDEN (-256.0f)

/* [.., l, e], [.., s, e], [.., s, v]. */
typedef struct sizes {
    int64_t matrices, l, s, e, v;
    int64_t sharing; /* matrices of queries to one of keys and values */
} sizes;

static int64_t heads_of(const ns_aten_node *node)
{
    return node->rank > 2 ? node->shape[node->rank - 3] : 1;
}

static sizes sizes_of(const ns_aten_node *query, const ns_aten_node *value)
{
    const int last = query->rank - 1;
    sizes s = {1,
               query->shape[last - 1],
               value->shape[last - 1],
               query->shape[last],
               value->shape[last],
               heads_of(value) ? heads_of(query) / heads_of(value) : 1};
    for (int i = 0; i < last - 1; i++)
        s.matrices *= query->shape[i];
    return s;
}

/* Whether k and v have q's leading axes; with grouped heads the last of them may divide q's. */
static bool leads_fit(const ns_aten_node *node, const ns_aten_node *q, const ns_aten_node *k,
                      const ns_aten_node *v)
{
    const bool grouped = node->attributes[GQA].integer && q->rank > 2;
    if (q->rank < 2 || k->rank != q->rank || v->rank != q->rank)
        return false;
    for (int i = 0; i < q->rank - 2 - grouped; i++)
        if (k->shape[i] != q->shape[i] || v->shape[i] != q->shape[i])
            return false;
    return !grouped || (heads_of(k) == heads_of(v) && heads_of(k) > 0 && heads_of(q) % heads_of(k) == 0);
}

/* A mask is broadcast to [.., l, s]. */
static bool mask_fits(const ns_aten_node *mask, const ns_aten_node *q, int64_t keys)
{
    if (mask->rank < 2 || mask->rank > q->rank)
        return false;
    for (int i = 0; i < mask->rank; i++) {
        const int axis = q->rank - mask->rank + i;
        const int64_t wanted = axis == q->rank - 1 ? keys : q->shape[axis];
        if (mask->shape[i] != wanted && mask->shape[i] != 1)
            return false;
    }
    return true;
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *q = ns_aten_operand(program, node, QUERY), *k = ns_aten_operand(program, node, KEY),
                       *v = ns_aten_operand(program, node, VALUE),
                       *mask = ns_aten_operand(program, node, MASK);
    const int last = q->rank - 1;
    if (!leads_fit(node, q, k, v) || k->shape[last] != q->shape[last] ||
        v->shape[last - 1] != k->shape[last - 1])
        return ns_fail(error, NS_ERROR_INPUT, "%s needs [.., l, e], [.., s, e] and [.., s, v]",
                       node->op->aten);
    if (mask && (node->attributes[CAUSAL].integer || !mask_fits(mask, q, k->shape[last - 1])))
        return ns_fail(error, NS_ERROR_INPUT, "%s: a mask is [.., l, s], and not with is_causal",
                       node->op->aten);
    if (node->attributes[DROPOUT].real != 0)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s with dropout draws at random", node->op->aten);
    NS_TRY(ns_infer_same(program, node, error));
    node->shape[last] = v->shape[last];
    return NS_OK;
}

static double scale_of(const ns_aten_node *node, int64_t e)
{
    return node->attributes[SCALE].none ? 1 / sqrt((double)e) : node->attributes[SCALE].real;
}

/* What is added to the product of one query and key `j`: row `row` of matrix `matrix` of the queries. */
static double mask_at(const ns_aten_node *node, const ns_aten_operands *operands, int64_t matrix, int64_t row,
                      int64_t j)
{
    const ns_aten_node *mask = node->input_count > MASK ? operands->nodes[MASK] : NULL;
    const double hidden = (double)HIDDEN;
    int64_t at[NS_MAX_RANK] = {0};
    if (node->attributes[CAUSAL].integer)
        return j > row ? hidden : 0;
    if (!mask)
        return 0;
    at[node->rank - 1] = j;
    at[node->rank - 2] = row;
    for (int i = node->rank - 3; i >= 0; matrix /= node->shape[i], i--)
        at[i] = matrix % node->shape[i];
    const double value = operands->values[MASK][ns_broadcast_element(mask, node->rank, at)];
    return mask->dtype == NS_DTYPE_BOOL ? (value != 0 ? 0 : hidden) : value;
}

/* One row of the result: weights first, then their mean of the values. */
static void attend(const sizes *s, const ns_aten_node *node, const ns_aten_operands *operands, int64_t matrix,
                   int64_t row, double *out)
{
    const double *q = operands->values[QUERY] + (matrix * s->l + row) * s->e;
    const double *k = operands->values[KEY] + matrix / s->sharing * s->s * s->e;
    const double *v = operands->values[VALUE] + matrix / s->sharing * s->s * s->v;
    double most = -INFINITY, total = 0;
    memset(out, 0, (size_t)s->v * sizeof *out);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t j = 0; j < s->s; j++) {
            double product = 0;
            for (int64_t i = 0; i < s->e; i++)
                product += q[i] * k[j * s->e + i];
            product = product * scale_of(node, s->e) + mask_at(node, operands, matrix, row, j);
            if (pass == 0) {
                most = fmax(most, product);
                continue;
            }
            const double weight = exp(product - most);
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
    for (int64_t m = 0; m < s.matrices; m++)
        for (int64_t row = 0; row < s.l; row++) {
            NS_TRY(ns_aten_spend(operands, 2 * s.s * (s.e + s.v), error));
            attend(&s, node, operands, m, row, out + (m * s.l + row) * s.v);
        }
    return NS_OK;
}

/* ---- decomposing ---- */

/* Keys or values once for each head of the queries. */
static ns_code spread(ns_aten_program *program, const ns_aten_node *node, int64_t sharing, int operand,
                      int *out, ns_error *error)
{
    *out = operand;
    return sharing == 1
               ? NS_OK
               : ns_aten_call(program, &ns_aten_op_repeat_interleave, 1, &operand,
                              NS_ARGUMENTS({"repeats", NS_INT(sharing)}, {"dim", NS_INT(node->rank - 3)}),
                              out, error);
}

/* Truth values as what is added. */
static ns_code add_hidden(ns_aten_program *program, int truth, int *out, ns_error *error)
{
    const float seen = 0, hidden = HIDDEN;
    int a, b;
    NS_TRY(ns_aten_add_parameter(program, NULL, 0, NULL, &hidden, &b, error));
    NS_TRY(ns_aten_add_parameter(program, NULL, 0, NULL, &seen, &a, error));
    return ns_aten_call(program, &ns_aten_op_where, 3, (int[]){truth, a, b}, NULL, out, error);
}

/* *out: what is added to the products; -1: nothing. */
static ns_code make_mask(ns_aten_program *program, const ns_aten_node *node, const sizes *s, int mask,
                         int *out, ns_error *error)
{
    *out = mask;
    if (node->attributes[CAUSAL].integer) {
        int row, column;
        NS_TRY(ns_decompose_range(program, s->l, true, &row, error));
        NS_TRY(ns_decompose_range(program, s->s, false, &column, error));
        NS_TRY(ns_aten_call(program, &ns_aten_op_ge, 2, (int[]){row, column}, NULL, &mask, error));
        return add_hidden(program, mask, out, error);
    }
    return mask >= 0 && program->nodes[mask].dtype == NS_DTYPE_BOOL ? add_hidden(program, mask, out, error)
                                                                    : NS_OK;
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    const sizes s = sizes_of(&program->nodes[inputs[QUERY]], &program->nodes[inputs[VALUE]]);
    const double root = sqrt(scale_of(node, s.e));
    int q = 0, k = 0, v = 0, mask = -1;
    NS_TRY(spread(program, node, s.sharing, inputs[KEY], &k, error));
    NS_TRY(spread(program, node, s.sharing, inputs[VALUE], &v, error));
    NS_TRY(ns_decompose_scale_full(program, inputs[QUERY], root, &q, error));
    NS_TRY(make_mask(program, node, &s, node->input_count > MASK ? inputs[MASK] : -1, &mask, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_transpose, 1, &k,
                        NS_ARGUMENTS({"dim0", NS_INT(-2)}, {"dim1", NS_INT(-1)}), &k, error));
    NS_TRY(ns_decompose_scale_full(program, k, root, &k, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_matmul, 2, (int[]){q, k}, NULL, out, error));
    if (mask >= 0)
        NS_TRY(ns_aten_call(program, &ns_aten_op_add, 2, (int[]){*out, mask}, NULL, out, error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_softmax, 1, out, NS_ARGUMENTS({"dim", NS_INT(-1)}), out, error));
    return ns_aten_call(program, &ns_aten_op_matmul, 2, (int[]){*out, v}, NULL, out, error);
}

#define HEADS(count) NS_INPUT(NS_NORMAL, 0, 1, 4, 1, count, 6, 8)

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "causal", NS_CALL3(HEADS(2), HEADS(2), HEADS(2), {"is_causal", NS_BOOL(true)})},
    {NS_LIST_SEED, "grouped", NS_CALL3(HEADS(4), HEADS(2), HEADS(2), {"enable_gqa", NS_BOOL(true)})},
    {NS_LIST_SEED, "heads2", NS_CALL3(HEADS(2), HEADS(2), HEADS(2))},
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
