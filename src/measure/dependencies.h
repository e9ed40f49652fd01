/* Dependencies: which operand elements an element of a node's result is made from. */
#ifndef NS_MEASURE_DEPENDENCIES_H
#define NS_MEASURE_DEPENDENCIES_H

#include "aten/aten.h"

/* One term of the result: elements[i] is the row-major element of operand i, or -1 where that operand has
 * no part in the term. The operands of a term belong together: the factors of a product in BMM and CONV1D
 * (whose bias is a term of its own), both sides of an elementwise operator, one summand of a reduction. */
typedef void (*ns_dependency_visit)(void *context, const int64_t elements[NS_ATEN_MAX_INPUTS]);

/* Calls `visit` for every term of row-major element `element` of `node`, in a fixed order. Padding makes no
 * term. */
void ns_dependencies(const ns_aten_program *program, const ns_aten_node *node, size_t element,
                     ns_dependency_visit visit, void *context);

#endif
