/* The operators by name, for those that decompose into others. The list of them all stands above:
 * ops/operators.h. */
#ifndef NS_OPS_DECLARED_H
#define NS_OPS_DECLARED_H

#include "ir/operator.h"

#define NS_ATEN_OPERATOR(name) extern const ns_aten_operator ns_aten_op_##name;
#include "ops/operators.def"
#undef NS_ATEN_OPERATOR
#define NS_ATEN_FORM(name) extern const ns_aten_operator ns_aten_op_##name;
#define NS_ATEN_SPELLING(name, op)
#include "ops/spellings.def"
#undef NS_ATEN_SPELLING
#undef NS_ATEN_FORM

#endif
