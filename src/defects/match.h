/* Match: the conditions of the rows of known_defects.def. Each says whether the row's pattern is met where
 * `op` is the operator whose result goes wrong, on family p->family. */
#ifndef NS_DEFECTS_MATCH_H
#define NS_DEFECTS_MATCH_H

#include "defects/pattern.h"
#include "formats/tflite.h"

#define NS_DEFECT(id, kind, releases, families, matcher, ...) \
    bool ns_defect_met_##matcher(const ns_pattern *p, ns_op_ref op);
#include "npuscope/known_defects.def"
#undef NS_DEFECT

/* Row tflite_reduce: whether an operator of a .tflite that is not compiled is such a reduction. An axis that
 * is no constant is no match. NS_ERROR_INPUT: malformed. */
ns_code ns_defect_met_tflite_reduce(const ns_tflite_subgraph *graph, const ns_tflite_operator *operator,
                                    bool * met, ns_error *error);

#endif
