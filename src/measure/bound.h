/* Bound: how far quantisation may move a result, if it does nothing but round. */
#ifndef NS_MEASURE_BOUND_H
#define NS_MEASURE_BOUND_H

#include "ir/program.h"

/* The worst case of the format: every value of `program` that has a quantisation is off by half a step,
 * with the worst sign, and the operators carry that to the outputs. (*bounds)[n][i] >= 0, in `arena`, is
 * how far element i of node n of the stage quantised can then be from ideal. A larger error means that a
 * value was clamped or that a scale is wrong. `ideal` are the values of every node without quantisation
 * (ns_aten_evaluate). An operand for which the operator's error has no bound (a reciprocal that may cross
 * zero) makes it infinite. NS_ERROR_UNSUPPORTED names an operator whose bound is not known. */
ns_code ns_format_bound(const ns_aten_program *program, double *const *ideal, ns_arena *arena,
                        double ***bounds, ns_error *error);

#endif
