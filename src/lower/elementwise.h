/* Operators of two values that run on INT32. */
#ifndef NS_LOWER_ELEMENTWISE_H
#define NS_LOWER_ELEMENTWISE_H

#include "lower/lowering.h"

/* Rescales the operands of `node` to INT32 at the scales given (once where both are the same value), raises
 * the lower rank by a RESHAPE, applies `op`, and rescales from `output_scale` to the node's. */
ns_code ns_lower_elementwise(ns_lowering *lowering, int node, ns_op op, double scale_a, double scale_b,
                             double output_scale, ns_error *error);

#endif
