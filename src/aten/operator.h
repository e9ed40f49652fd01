/* What an operator's file gives to the program builder and to the evaluator, and helpers they share. */
#ifndef NS_ATEN_OPERATOR_H
#define NS_ATEN_OPERATOR_H

#include <math.h>

#include "aten/aten.h"

typedef struct ns_aten_operands {
    const ns_aten_node *nodes[NS_ATEN_MAX_INPUTS]; /* NULL: absent */
    const double *values[NS_ATEN_MAX_INPUTS];
} ns_aten_operands;

typedef struct ns_aten_operator {
    /* Checks operands and attributes, normalises the attributes, fills in rank and shape of `node`. */
    ns_code (*infer)(const ns_aten_program *program, ns_aten_node *node, ns_error *error);
    /* Fills in `out`; NULL for leaves. */
    ns_code (*evaluate)(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error);
    /* The same in PyTorch's own float32 operations, where rounding each result once would lie too far from
     * them; NULL elsewhere. */
    ns_code (*evaluate_float32)(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                                ns_error *error);
} ns_aten_operator;

#define NS_ATEN_OPERATOR(name, text, inputs) extern const ns_aten_operator ns_aten_operator_##name;
#include "aten/operators.def"
#undef NS_ATEN_OPERATOR

/* ---- double-double sums ----
 * hi + lo with the rounding errors of every addition and product kept in lo (Ogita, Rump and Oishi,
 * "Accurate sum and dot product", SIAM J. Sci. Comput. 26, 2005: Sum2 and Dot2). With u = 2^-53 and n
 * terms the value hi + lo differs from the exact sum by at most n^2 u^2 * (sum of the terms' magnitudes):
 * for n = 2^20 that is 2^-66 of the magnitudes, far below one step of any 16-bit scale. */
typedef struct ns_double2 {
    double hi, lo;
} ns_double2;

static inline void ns_double2_add(ns_double2 *sum, double x)
{
    double s = sum->hi + x;
    double b = s - sum->hi;
    sum->lo += (sum->hi - (s - b)) + (x - b);
    sum->hi = s;
}

static inline void ns_double2_add_product(ns_double2 *sum, double a, double b)
{
    double p = a * b;
    sum->lo += fma(a, b, -p);
    ns_double2_add(sum, p);
}

/* (hi + lo) / n, rounded to double: the quotient's remainder is exact by fma, so the result is within one
 * unit in the last place. */
static inline double ns_double2_divide(ns_double2 sum, double n)
{
    double q = sum.hi / n;
    if (!isfinite(q))
        return (sum.hi + sum.lo) / n;
    return q + (fma(-q, n, sum.hi) + sum.lo) / n;
}

/* ---- shared checks and shapes ---- */

const ns_aten_node *ns_aten_operand(const ns_aten_program *program, const ns_aten_node *node, int index);

/* Result shape = first operand's. */
ns_code ns_aten_infer_same(const ns_aten_program *program, ns_aten_node *node, ns_error *error);

/* Result shape = both operands broadcast as PyTorch does. */
ns_code ns_aten_infer_broadcast(const ns_aten_program *program, ns_aten_node *node, ns_error *error);

/* Calls `f` on each pair of broadcast operands. */
void ns_aten_broadcast(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                       double (*f)(double a, double b));

/* Normalises `dims` and infers the reduced shape: MEAN, SUM, VAR. */
ns_code ns_aten_infer_reduction(const ns_aten_program *program, ns_aten_node *node, ns_error *error);

/* For each element of the operand in order, the index of the element of the result that it is reduced
 * into; state is the caller's loop variable. */
typedef struct ns_reduction {
    int rank;
    int64_t shape[NS_MAX_RANK];
    int64_t stride[NS_MAX_RANK]; /* of the result; 0 where reduced */
    int64_t position[NS_MAX_RANK];
    size_t output;        /* current index into the result */
    size_t reduced_count; /* elements that go into one result */
} ns_reduction;
void ns_reduction_start(ns_reduction *reduction, const ns_aten_node *node, const ns_aten_node *operand);
void ns_reduction_next(ns_reduction *reduction);

/* "[2, 3]" in `text`. */
const char *ns_aten_shape_text(const ns_aten_node *node, char *text, size_t size);

#endif
