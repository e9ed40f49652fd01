/* Operators: the list of them (operators.def). */
#ifndef NS_OPS_OPERATORS_H
#define NS_OPS_OPERATORS_H

#include "ops/declared.h"

extern const ns_aten_operator *const ns_aten_operators[];
extern const int ns_aten_operator_count;
extern const int
    ns_aten_short_list; /* so many of the first are what the suite runs unless asked for others */

/* By the name of the command line ("mean.dim") or of the FX node ("aten.mean.dim"), or by one of
 * spellings.def; NULL: there is none. */
const ns_aten_operator *ns_aten_find(const char *name);

/* Another form of an FX operator that there is: "aten.pow.Tensor_Scalar" for "aten.pow.Tensor_Tensor"; NULL:
 * none. */
const char *ns_aten_near(const char *name);

/* Whether the FX node's operator works in place: "aten.relu_.default". */
bool ns_aten_in_place(const char *name);

/* The names of all operators for which `holds` is true: "exp, reciprocal and gelu"; NULL when memory is out.
 */
const char *ns_aten_names(bool (*holds)(const ns_aten_operator *op), ns_arena *arena);

#endif
