/* Infer: type and shape of an operator's result. */
#ifndef NS_DRAFT_INFER_H
#define NS_DRAFT_INFER_H

#include "npuscope/graph.h"

/* Type and shape of the one result of `op`; false where the operands do not fit. Shape operands and kernels
 * are read from the operands' data; `to` is the type that a CAST makes. `out` gets no data. */
bool ns_infer(ns_op op, const ns_attributes *attributes, int count, const ns_tensor *const *operands,
              ns_dtype to, ns_tensor *out);

#endif
