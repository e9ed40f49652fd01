/* Operations: the evaluations of all operators. */
#ifndef NS_DIAGNOSE_OPERATIONS_H
#define NS_DIAGNOSE_OPERATIONS_H

#include "diagnose/call.h"

/* The families, one file each. */
ns_code ns_dg_op_rescale(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_table(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_convolution(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_depthwise(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_matmul(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_binary(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_multiply(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_unary(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_clamp(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_cast(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_reduce(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_pool2d(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_resize(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_move(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_alias(ns_dg_call *call, ns_error *error);
ns_code ns_dg_op_on_integers(ns_dg_call *call, ns_error *error);

#endif
