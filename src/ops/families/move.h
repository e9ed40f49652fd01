/* Move: operators whose result elements are copies of operand elements, or a filling. One function says where
 * each comes from; meaning, terms, slope and bound follow from it. Integers pass through, so operand and
 * result share one scale. */
#ifndef NS_OPS_FAMILIES_MOVE_H
#define NS_OPS_FAMILIES_MOVE_H

#include "lower/lowering.h"
#include "ops/families/elementwise.h"

/* What the family needs of its operator. */
typedef struct ns_move {
    /* The operand and its row-major element that result element `element` is; false: it is the filling. */
    bool (*source)(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                   int64_t *from);
    double (*filling)(const ns_aten_node *node); /* NULL: there is none */
} ns_move;

/* The hooks but infer, supported and lower; `move` is a const ns_move *. */
#define NS_MOVE_FAMILY(move)                                                               \
    .family = (move), .exact = ns_move_exact, .float32 = ns_aten_rounded,                  \
    .annotation = NS_ANNOTATION_SHARED, .terms = ns_move_terms, .term_kind = NS_TERMS_SUM, \
    .slope = ns_slope_one, .bound = ns_bound_sum

ns_code ns_move_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                      ns_error *error);
void ns_move_terms(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                   ns_term_visit visit, void *context);

/* The source of an operator with one operand whose elements stay in order. */
bool ns_move_same(const ns_aten_program *program, const ns_aten_node *node, size_t element, int *operand,
                  int64_t *from);

#endif
