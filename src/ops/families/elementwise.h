/* Elementwise: hooks of operators whose result elements each have one term, the operands' elements at their
 * place; operands broadcast as PyTorch's do. */
#ifndef NS_OPS_FAMILIES_ELEMENTWISE_H
#define NS_OPS_FAMILIES_ELEMENTWISE_H

#include "ir/operator.h"

/* infer: dtype and shape of the first operand. */
ns_code ns_infer_same(const ns_aten_program *program, ns_aten_node *node, ns_error *error);

/* infer: all operands broadcast; dtype of the first. */
ns_code ns_infer_broadcast(const ns_aten_program *program, ns_aten_node *node, ns_error *error);

/* Calls `f` on each pair of broadcast operands. */
void ns_broadcast(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                  double (*f)(double a, double b));

/* terms, for at most NS_TERM_FACTORS operands. */
void ns_terms_elementwise(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                          ns_term_visit visit, void *context);

/* The coordinates of row-major element `element` of `node`, and the row-major element of `node` at
 * coordinates `at` of a shape of `rank` dims that it broadcasts to. */
void ns_coordinates(const ns_aten_node *node, size_t element, int64_t *at);
int64_t ns_broadcast_element(const ns_aten_node *node, int rank, const int64_t *at);

/* ---- slopes and bounds of common terms ---- */
double ns_slope_one(const ns_aten_node *node, const ns_term *term, const double *values, int factor);
/* The product of the other factors. */
double ns_slope_product(const ns_aten_node *node, const ns_term *term, const double *values, int factor);

/* The sum of the factors' bounds: sums, differences, copies. */
double ns_bound_sum(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                    const double *values, const double *bounds);
/* Of a product of one or two factors. */
double ns_bound_product(const ns_aten_program *program, const ns_aten_node *node, const ns_term *term,
                        const double *values, const double *bounds);

#endif
