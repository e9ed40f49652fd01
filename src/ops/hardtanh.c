/* hardtanh: out = min(max(x, min_val), max_val). */
#include "ops/families/limit.h"

enum { SELF, MIN, MAX };

static void limits(const ns_aten_node *node, double *low, double *high)
{
    *low = node->attributes[MIN].real;
    *high = node->attributes[MAX].real;
}

const ns_aten_operator ns_aten_op_hardtanh = {
    .name = "hardtanh",
    .aten = "aten.hardtanh.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"min_val", NS_ATEN_REAL, .otherwise = NS_REAL(-1)},
                  {"max_val", NS_ATEN_REAL, .otherwise = NS_REAL(1)}),
    NS_LIMIT_FAMILY((&(const ns_limit){limits})),
};
