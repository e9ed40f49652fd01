/* hardtanh: out = min(max(x, min_val), max_val). */
#include "ops/cases.h"
#include "ops/families/arithmetic.h"

enum { SELF, MIN, MAX };

static void limits(const ns_aten_node *node, double *low, double *high)
{
    *low = node->attributes[MIN].real;
    *high = node->attributes[MAX].real;
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2", NS_CALL1(NS_INPUT(NS_NORMAL, 0, 2, 2, 8, 8))},
    {NS_LIST_SEED, "limits",
     NS_CALL1(NS_INPUT(NS_NORMAL, 0, 4, 4, 1, 3, 8, 10), {"min_val", NS_REAL(0.0)},
              {"max_val", NS_REAL(6.0)})},
};

const ns_aten_operator ns_aten_op_hardtanh = {
    .name = "hardtanh",
    .aten = "aten.hardtanh.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"min_val", NS_ATEN_REAL, .otherwise = NS_REAL(-1)},
                  {"max_val", NS_ATEN_REAL, .otherwise = NS_REAL(1)}),
    NS_LIMIT_FAMILY((&(const ns_limit){limits})),
    .catalogue = NS_CALL_CATALOGUE(UNARY, cases),
};
