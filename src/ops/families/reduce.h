/* Reduce: operators over some dims of one operand. Their parameters begin with self, dim, keepdim or, like
 * var, name keepdim elsewhere: the family knows where from ns_reduce. */
#ifndef NS_OPS_FAMILIES_REDUCE_H
#define NS_OPS_FAMILIES_REDUCE_H

#include "num/interface.h"
#include "ops/cases.h"
#include "ops/families/elementwise.h"

/* What the family needs of its operator. */
typedef struct ns_reduce {
    int dim, keepdim; /* indices of these parameters */
} ns_reduce;

/* infer: normalises `dim` (non-negative, distinct, in the caller's order; none becomes all) and reduces the
 * shape. */
ns_code ns_reduce_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error);

/* terms: one operand element each, last dim fastest. */
void ns_reduce_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                     ns_term_visit visit, void *context);

const ns_aten_attribute *ns_reduce_dims(const ns_aten_node *node);
bool ns_reduce_keepdim(const ns_aten_node *node);

/* reduced[axis] for each axis of the operand. */
void ns_reduce_axes(const ns_aten_node *node, bool reduced[NS_MAX_RANK]);

/* ---- walking ----
 * For each element of the operand in order, the index of the element of the result that it is reduced
 * into; the struct is the caller's loop variable. */
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

/* Sums over the reduced elements, each to the bound of ns_double2; in `arena`. */
ns_code ns_reduce_sums(const ns_aten_node *node, const ns_aten_operands *operands, ns_arena *arena,
                       ns_double2 **sums, size_t *reduced_count, ns_error *error);

/* ---- cases ---- */
typedef struct ns_reduce_case {
    int rank;
    int64_t shape[NS_MAX_RANK];
    ns_case_data data;
    const ns_aten_argument *arguments;
} ns_reduce_case;

ns_code ns_reduce_build(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                        ns_error *error);

#endif
