/* Gradient: how much one element of a program's result moves with each element of its inputs. */
#ifndef NS_MEASURE_GRADIENT_H
#define NS_MEASURE_GRADIENT_H

#include "ir/program.h"

/* The partial derivatives of element `element` of the first output at the point where the nodes have the
 * values `values` (ns_aten_evaluate, IDEAL). (*gradient)[n][i], in `arena`, is that by element i of node n;
 * all 0 where the result does not depend on it. NS_ERROR_UNSUPPORTED names an operator without a rule here:
 * the program must be decomposed, and its operators all of sums and products. */
ns_code ns_gradient(const ns_aten_program *program, double *const *values, size_t element, ns_arena *arena,
                    double ***gradient, ns_error *error);

/* True when every operator of the program has a rule. */
bool ns_gradient_known(const ns_aten_program *program);

#endif
