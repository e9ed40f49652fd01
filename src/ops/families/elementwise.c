#include "ops/families/arithmetic.h"

#include <math.h>

ns_code ns_infer_same(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    (void)error;
    const ns_aten_node *input = ns_aten_operand(program, node, 0);
    node->dtype = input->dtype;
    node->rank = input->rank;
    for (int i = 0; i < input->rank; i++)
        node->shape[i] = input->shape[i];
    return NS_OK;
}

/* Widens `node` by an operand: dims align at the right, a missing one counts as 1. */
static ns_code widen(ns_aten_node *node, const ns_aten_node *operand, ns_error *error)
{
    const ns_aten_node before = *node;
    node->rank = before.rank > operand->rank ? before.rank : operand->rank;
    for (int i = 0; i < node->rank; i++) {
        const int ia = i - (node->rank - before.rank), ib = i - (node->rank - operand->rank);
        const int64_t a = ia < 0 ? 1 : before.shape[ia], b = ib < 0 ? 1 : operand->shape[ib];
        if (a != b && a != 1 && b != 1) {
            char left[128], right[128];
            return ns_fail(error, NS_ERROR_INPUT, "%s: shapes %s and %s do not broadcast", node->op->aten,
                           ns_aten_shape_text(&before, left, sizeof left),
                           ns_aten_shape_text(operand, right, sizeof right));
        }
        node->shape[i] = a == 1 ? b : a;
    }
    return NS_OK;
}

ns_code ns_infer_broadcast(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    NS_TRY(ns_infer_same(program, node, error));
    for (int i = 1; i < node->input_count; i++)
        NS_TRY(widen(node, ns_aten_operand(program, node, i), error));
    return NS_OK;
}

/* Strides of `operand` in the result's dims, 0 where it is broadcast. */
static void broadcast_strides(const ns_aten_node *node, const ns_aten_node *operand, int64_t *strides)
{
    int64_t stride = 1;
    for (int i = node->rank - 1; i >= 0; i--) {
        int own = i - (node->rank - operand->rank);
        strides[i] = own >= 0 && operand->shape[own] != 1 ? stride : 0;
        if (own >= 0)
            stride *= operand->shape[own];
    }
}

ns_code ns_broadcast(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                     double (*f)(double a, double b), ns_error *error)
{
    int64_t strides_a[NS_MAX_RANK], strides_b[NS_MAX_RANK], position[NS_MAX_RANK] = {0};
    broadcast_strides(node, operands->nodes[0], strides_a);
    broadcast_strides(node, operands->nodes[1], strides_b);
    size_t count = ns_aten_count(node);
    const double *a = operands->values[0], *b = operands->values[1];
    for (size_t i = 0; i < count; i++) {
        NS_TRY(ns_aten_check_time_at(operands, i, error));
        out[i] = f(*a, *b);
        for (int d = node->rank - 1; d >= 0; d--) {
            a += strides_a[d];
            b += strides_b[d];
            if (++position[d] < node->shape[d])
                break;
            a -= strides_a[d] * position[d];
            b -= strides_b[d] * position[d];
            position[d] = 0;
        }
    }
    return NS_OK;
}

void ns_coordinates(const ns_aten_node *node, size_t element, int64_t *at)
{
    for (int i = node->rank - 1; i >= 0; i--) {
        at[i] = (int64_t)(element % (size_t)node->shape[i]);
        element /= (size_t)node->shape[i];
    }
}

int64_t ns_broadcast_element(const ns_aten_node *node, int rank, const int64_t *at)
{
    int64_t element = 0;
    for (int i = 0; i < node->rank; i++)
        element = element * node->shape[i] + (node->shape[i] == 1 ? 0 : at[rank - node->rank + i]);
    return element;
}

void ns_terms_elementwise(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                          ns_term_visit visit, void *context)
{
    int64_t at[NS_MAX_RANK] = {0};
    ns_term term = {0};
    ns_coordinates(node, element, at);
    for (int i = 0; i < node->input_count && term.count < NS_TERM_FACTORS; i++) {
        const ns_aten_node *operand = ns_aten_operand(program, node, i);
        if (!operand)
            continue;
        term.factors[term.count].operand = i;
        term.factors[term.count++].element = ns_broadcast_element(operand, node->rank, at);
    }
    visit(context, &term);
}

double ns_slope_one(const ns_aten_node *node, const ns_term *term, const double *values, int factor)
{
    (void)node;
    (void)term;
    (void)values;
    (void)factor;
    return 1;
}

double ns_slope_product(const ns_aten_node *node, const ns_term *term, const double *values, int factor)
{
    (void)node;
    double product = 1;
    for (int i = 0; i < term->count; i++)
        if (i != factor)
            product *= values[i];
    return product;
}

double ns_bound_sum(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds)
{
    (void)program;
    (void)node;
    (void)values;
    double sum = 0;
    for (int i = 0; i < term->count; i++)
        sum += bounds[i];
    return sum;
}

double ns_bound_product(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                        const double *values, const double *bounds)
{
    if (term->count < 2)
        return ns_bound_sum(program, node, term, values, bounds);
    return fabs(values[0]) * bounds[1] + fabs(values[1]) * bounds[0] + bounds[0] * bounds[1];
}
